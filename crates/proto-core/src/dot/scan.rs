//! The fast look at each octet.
use super::{CR, LF};

/// What is looked at in one turn: four vector instructions' worth on the least machines, so that
/// the loop around them costs little.
const LANES: usize = 64;

/// Whether there is neither a bare CR, nor a bare LF, nor a NUL.
///
/// Nothing is bare if CR and LF stand side by side everywhere, so each octet is compared with
/// the one after it. The loop has no branch, and the compiler makes vector instructions of it:
/// an octet costs about half an instruction.
pub(super) fn is_clean(octets: &[u8]) -> bool {
    let (Some((&first, right)), Some((&last, left))) = (octets.split_first(), octets.split_last())
    else {
        return true;
    };
    first != LF && last != CR && last != 0 && are_clean_pairs(left, right)
}

fn are_clean_pairs(left: &[u8], right: &[u8]) -> bool {
    match (left.last_chunk(), right.last_chunk()) {
        // Those that are left over by the steps are looked at with some of their neighbours.
        (Some(last_left), Some(last_right)) => {
            are_clean_steps(left.as_chunks().0, right.as_chunks().0)
                && are_clean_steps(&[*last_left], &[*last_right])
        }
        _ => left.iter().zip(right).all(|(&x, &y)| (x == CR) == (y == LF) && x != 0),
    }
}

/// Notes, lane by lane, where a CR and the LF after it do not come together, and the least octet.
#[expect(clippy::indexing_slicing, reason = "only loops over whole arrays become vectors")]
#[inline(never)] // or they do not
fn are_clean_steps(lefts: &[[u8; LANES]], rights: &[[u8; LANES]]) -> bool {
    let (mut bad, mut least) = ([0; LANES], [u8::MAX; LANES]);
    for (left, right) in lefts.iter().zip(rights) {
        for lane in 0..LANES {
            let cr = if left[lane] == CR { u8::MAX } else { 0 };
            let lf = if right[lane] == LF { u8::MAX } else { 0 };
            bad[lane] |= cr ^ lf;
            least[lane] = least[lane].min(left[lane]);
        }
    }
    let bad = bad.into_iter().fold(0, |all, bad| all | bad);
    let least = least.into_iter().fold(u8::MAX, u8::min);
    bad == 0 && least != 0
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn bare_octets_are_found_wherever_they_stand() {
        for at in (0..140).chain(4090..4140).chain([8191, 8192, 9998, 9999]) {
            for octet in [CR, LF, 0] {
                let mut message = vec![b'x'; 10_000];
                message[at] = octet;
                assert!(!is_clean(&message), "{octet} at {at}");
            }
            let mut message = vec![b'x'; 10_001];
            message[at] = CR;
            message[at + 1] = LF;
            assert!(is_clean(&message), "CRLF at {at}");
        }
    }
}
