//! What a server's answer means for the way down (RFC 1034 §5.3.3, step 4).
use crate::name::NameRef;
use crate::number::{Rcode, RecordType};
use crate::recursive::said::Said;

/// What an answer comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// The data, or that there are none.
    Answer,
    /// Aliases, whose end is to be found elsewhere.
    Alias,
    /// Ask the servers of a zone further down.
    Referral,
    /// An answer of somebody who has it from others, or an empty one: good if there is no better.
    Doubtful,
    /// The server does not serve the zone.
    Lame,
    /// Nothing that helps.
    Useless,
}

/// Judges the answer of a server of `zone`; `forwarded` if it was asked to do all the work.
pub(crate) fn judge(said: &Said, zone: NameRef<'_>, rtype: RecordType, forwarded: bool) -> Verdict {
    let hearsay = !said.authoritative && said.recursion_available && !forwarded;
    let aliased = said.answers.last().is_some_and(|set| set.rtype == RecordType::CNAME);
    match said.rcode {
        Rcode::YXDOMAIN if said.too_long => return Verdict::Answer,
        Rcode::NXDOMAIN if !aliased => {
            return if hearsay { Verdict::Doubtful } else { Verdict::Answer };
        }
        Rcode::NOERROR | Rcode::NXDOMAIN => {}
        _ => return Verdict::Useless,
    }
    // It has followed an alias that was itself asked for, and says that there is nothing at its end.
    let led_on = aliased && said.rcode == Rcode::NXDOMAIN;
    if (said.found && !led_on) || said.too_long {
        return if hearsay { Verdict::Doubtful } else { Verdict::Answer };
    }
    if aliased && (rtype != RecordType::CNAME || led_on) {
        return if hearsay { Verdict::Doubtful } else { Verdict::Alias };
    }
    empty(said, zone, rtype, forwarded, hearsay)
}

/// Judges what has nothing in its answer section.
fn empty(
    said: &Said,
    zone: NameRef<'_>,
    rtype: RecordType,
    forwarded: bool,
    hearsay: bool,
) -> Verdict {
    let own = |rtype| move |set: &&crate::cache::RrSet| set.rtype == rtype;
    let servers = said.authorities.iter().find(own(RecordType::NS));
    let soa = said.authorities.iter().find(own(RecordType::SOA));
    match (soa, servers) {
        (Some(_), _) if hearsay => Verdict::Doubtful,
        (Some(_), _) => Verdict::Answer,
        _ if forwarded && servers.is_none() && !said.astray => Verdict::Answer,
        // Upwards, or to itself: unless it says that it is the authority.
        (None, Some(set)) if zone == set.owner => match (said.authoritative, hearsay) {
            (true, _) => Verdict::Answer,
            (false, true) => Verdict::Doubtful,
            (false, false) => Verdict::Lame,
        },
        // RFC 4035 §3.1.4.1: the parent delegates, and has no DS to show.
        (None, Some(set)) if rtype == RecordType::DS && set.owner == said.name => Verdict::Answer,
        // It was to do all the work: if it has, there is nothing.
        (None, Some(_)) if forwarded => Verdict::Answer,
        (None, Some(_)) => Verdict::Referral,
        (None, None) if said.astray => Verdict::Lame,
        (None, None) => Verdict::Doubtful,
    }
}
