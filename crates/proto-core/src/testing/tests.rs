use alloc::string::ToString;

use bytes::Bytes;

use super::*;
use crate::toy::Toy;

struct ToyServer;

impl Subject for ToyServer {
    type Machine = Toy;
    const SIDE: Side = Side::Server;
    fn start(&self, now: Instant) -> Toy {
        Toy::new(now)
    }
    fn answer(&self, toy: &mut Toy, event: Option<&Bytes>, expected: &mut Expected<'_>) -> bool {
        if !toy.is_owed() {
            return false;
        }
        toy.answer(expected.next().or(event.map(|event| &event[..])).unwrap());
        true
    }
    fn buffered(toy: &Toy) -> usize {
        toy.buffered()
    }
    fn bound(&self) -> usize {
        64
    }
    fn awaits_tls(toy: &Toy) -> bool {
        toy.awaits_tls()
    }
}

const GOOD: &str = "\
# The application's words are the script's.
S: hello
C: one
S: first
C: tw\\x6f
@ +200ms
S: second
C: tls
S: tls
<TLS>
C: three
S: third
@ +1s   the peer fell asleep
S: late
! nothing was said for too long
";

#[test]
fn a_script_plays_whole_cut_and_octet_by_octet() {
    let transcript = Script::parse("good", GOOD).run(&ToyServer);
    assert_eq!(transcript.events.len(), 4);
    assert_eq!(transcript.events[1], "b\"two\"");
}

#[test]
fn end_of_file_closes_the_session() {
    let script = Script::parse("eof", "S: hello\nC: one\nS: first\nC: part\\\n<EOF>\n");
    assert!(script.run(&ToyServer).closed);
}

/// Runs a script that must fail, and returns what it said.
fn complaint(text: &str) -> alloc::string::String {
    let script = Script::parse("bad", text);
    let panic = std::panic::catch_unwind(|| script.run(&ToyServer)).unwrap_err();
    panic.downcast_ref::<alloc::string::String>().unwrap().clone()
}

#[test]
fn a_wrong_line_is_shown_beside_the_right_one() {
    let shown = complaint("S: hallo\nC: one\nS: first\n");
    assert!(shown.contains("this line was due"), "{shown}");
    assert!(shown.contains("> - S: hallo\n> + S: hello\n"), "{shown}");
}

#[test]
fn a_missing_line_an_early_line_and_a_missing_error_are_all_noticed() {
    assert!(complaint("S: hello\nC: one\n").contains("the end differs"));
    assert!(complaint("S: hello\nS: more\nC: one\n").contains("this line was due"));
    assert!(complaint("C: one\nS: hello\nS: one\n").contains("spoke too early"));
    assert!(complaint("S: hello\n! tired\n").contains("the end differs"));
    assert!(complaint("S: hello\n@ +1s\nS: late\n").contains("the end differs"));
}

#[test]
#[should_panic(expected = "bad:2: what is this? D: one")]
fn an_unknown_line_is_named() {
    let _ = Script::parse("bad", "S: hello\nD: one\n");
}

#[test]
fn escapes_are_read() {
    let script = Script::parse("escapes", "C: a\\r\\n\\0\\\\\\x7f\\\n");
    let said = script.said_by(Side::Client);
    assert_eq!(said, [b"a\r\n\0\\\x7f".to_vec()]);
}

#[test]
fn the_laws_hold_for_the_toy() {
    let transcript = laws::every_split(&ToyServer, b"a\r\nbb\r\nccc");
    assert_eq!(transcript.events.len(), 2);
    let transcript = laws::silence(&ToyServer, b"a\r\n");
    assert_eq!(transcript.error.unwrap(), "nothing was said for too long".to_string());
}

/// A machine that counts its reads, so that cutting the input shows.
struct Broken;

impl Subject for Broken {
    type Machine = Counter;
    const SIDE: Side = Side::Server;
    fn start(&self, _: Instant) -> Counter {
        Counter::default()
    }
    fn answer(&self, _: &mut Counter, _: Option<&usize>, _: &mut Expected<'_>) -> bool {
        false
    }
    fn buffered(_: &Counter) -> usize {
        0
    }
    fn bound(&self) -> usize {
        0
    }
}

#[derive(Default)]
struct Counter {
    reads: usize,
    output: bytes::BytesMut,
}

impl Machine for Counter {
    type Event = usize;
    type Error = crate::toy::Late;
    fn receive(&mut self, _: Instant, _: &[u8]) {
        self.reads += 1;
        self.output.extend_from_slice(b"!");
    }
    fn receive_eof(&mut self) {}
    fn poll(&mut self) -> Result<crate::Step<usize>, Self::Error> {
        Ok(crate::Step::NeedInput)
    }
    fn output(&mut self) -> &mut bytes::BytesMut {
        &mut self.output
    }
    fn deadline(&self) -> Option<Instant> {
        Some(Instant::ORIGIN)
    }
    fn expire(&mut self, _: Instant) {}
    fn secured(&mut self) {}
}

#[test]
#[should_panic(expected = "and not as whole")]
fn a_machine_that_minds_where_its_input_is_cut_is_caught() {
    laws::every_split(&Broken, b"abc");
}

#[test]
#[should_panic(expected = "left the deadline")]
fn a_machine_that_ignores_its_deadline_is_caught() {
    laws::silence(&Broken, b"abc");
}
