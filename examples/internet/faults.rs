//! What goes wrong: a list, made of the seed beforehand, so that it can be made shorter.
use crate::clock::{DAY, HOUR, MINUTE, Micros, SECOND};
use crate::random::Random;
use crate::world::veil::{Attack, Trouble};

/// How much goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Level {
    None,
    Mild,
    Harsh,
}

/// One thing that goes wrong, from a moment on and for a while.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fault {
    pub(crate) at: Micros,
    pub(crate) lasts: Micros,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum What {
    /// A site loses datagrams, and its streams stall; so many of a thousand.
    Loss { site: u32, per_mille: u64 },
    /// Nothing reaches a site, and nothing comes from it.
    Cut { site: u32 },
    /// The same for a server of the root or of the top-level domains.
    CutServer { server: usize },
    /// All connections of a site are reset.
    Resets { site: u32 },
    /// A site dies in the middle of a write to its disk, after so many.
    Crash { site: u32, writes: u32 },
    /// A site's disk is full.
    Full { site: u32 },
    /// A site's mail server is in a mood.
    Mood { site: u32, mood: Mood },
    /// A domain's mail host moves to another address.
    Move { domain: u32 },
    /// Somebody races to answer a site's DNS queries with lies.
    Forge { site: u32 },
    /// Somebody on the way of a site's DNS queries knows all of each, and answers first.
    Spoof { site: u32 },
    /// A site's mail server offers TLS, and it does not work.
    Tls { site: u32, trouble: Trouble },
    /// Somebody sits in the middle of connections to a site's mail server.
    Attack { site: u32, attack: Attack },
}

/// How a mail server treats its clients.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Mood {
    #[default]
    Fair,
    /// Whoever is new is told to come back in five minutes.
    Greylist,
    /// 421 to everybody.
    Busy,
    /// 451 after the message.
    Moody,
    /// Takes the message, and hangs up without a word.
    Liar,
    /// Hangs up after MAIL.
    HangUp,
}

/// Makes the list of a world.
pub(crate) fn plan(level: Level, seed: u64, sites: u32, domains: u32, days: u64) -> Vec<Fault> {
    let mut random = Random::new(seed ^ 0xFA17);
    let per_day = match level {
        Level::None => return Vec::new(),
        Level::Mild => 1,
        Level::Harsh => 4,
    };
    let longest = if level == Level::Mild { HOUR } else { 8 * HOUR };
    let count = u64::from(sites) * days * per_day;
    // The servers that everybody needs are as many in a large world as in a small one.
    let mut server_cuts = days * per_day;
    let mut faults: Vec<_> = (0..count)
        .map(|_| {
            let site = u32::try_from(random.below(u64::from(sites))).unwrap_or(0);
            let at = random.below(days * DAY);
            let lasts = random.between(30 * SECOND, longest);
            let what = match random.below(16) {
                0 => What::Loss { site, per_mille: random.between(50, 400) },
                1 => What::Cut { site },
                2 if server_cuts > 0 => {
                    server_cuts -= 1;
                    What::CutServer { server: usize::try_from(random.below(4)).unwrap_or(0) }
                }
                3 => What::Resets { site },
                4 | 5 => What::Crash { site, writes: u32::try_from(random.below(40)).unwrap_or(0) },
                6 => What::Full { site },
                7 => What::Move {
                    domain: u32::try_from(random.below(u64::from(domains))).unwrap_or(0),
                },
                8 => What::Forge { site },
                12 => What::Attack { site, attack: Attack::Strip },
                13 => What::Attack { site, attack: Attack::Impostor },
                14 => What::Spoof { site },
                15 => {
                    let troubles = [Trouble::Refused, Trouble::Alert, Trouble::HangUp];
                    let trouble = troubles[usize::try_from(random.below(3)).unwrap_or(0)];
                    What::Tls { site, trouble }
                }
                _ => {
                    let moods = [Mood::Greylist, Mood::Busy, Mood::Moody, Mood::Liar, Mood::HangUp];
                    let mood = moods[usize::try_from(random.below(5)).unwrap_or(0)];
                    What::Mood { site, mood }
                }
            };
            // Somebody comes and looks when a machine has crashed.
            let lasts =
                if matches!(what, What::Crash { .. }) { lasts.min(2 * HOUR) } else { lasts };
            Fault { at, lasts: lasts.max(MINUTE), what }
        })
        .collect();
    faults.sort_by_key(|fault| fault.at);
    faults
}

/// Makes a list that fails as short as it gets (Zeller's ddmin): no fault can be left out.
pub(crate) fn shrink(all: &[usize], mut fails: impl FnMut(&[usize]) -> bool) -> Vec<usize> {
    let mut list = all.to_vec();
    let mut parts = 2;
    while list.len() >= 2 {
        let size = list.len().div_ceil(parts);
        let without = |skip: usize| -> Vec<usize> {
            let chunks = list.chunks(size).enumerate();
            chunks.filter(|(index, _)| *index != skip).flat_map(|(_, it)| it.to_vec()).collect()
        };
        let shorter = (0..list.len().div_ceil(size)).map(without).find(|it| fails(it));
        match shorter {
            Some(shorter) => (list, parts) = (shorter, (parts - 1).max(2)),
            None if parts >= list.len() => break,
            None => parts = (parts * 2).min(list.len()),
        }
    }
    if list.len() == 1 && fails(&[]) { Vec::new() } else { list }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_list_that_fails_is_found() {
        let all: Vec<_> = (0..50).collect();
        let mut runs = 0;
        let short = shrink(&all, |list| {
            runs += 1;
            [7, 23, 41].iter().all(|it| list.contains(it))
        });
        assert_eq!(short, [7, 23, 41]);
        assert!(runs < 200, "{runs}");
        assert_eq!(shrink(&all, |_| true), [0; 0]);
    }
}
