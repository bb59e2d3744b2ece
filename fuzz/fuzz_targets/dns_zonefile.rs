//! Any text, split anywhere, gives the same records or the same error; what is read prints and
//! reads again.
#![no_main]
use homing::dns::Name;
use homing::dns::zone_file::{Limits, ScanError, Scanner, Step, read};
use homing_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

fn scan<'t>(mut pieces: impl Iterator<Item = &'t [u8]>) -> (Vec<String>, Option<ScanError>) {
    let limits = Limits { generate: 100, entry: 4096, ..Limits::default() };
    let origin: Name = "example".parse().expect("a name");
    let (mut scanner, mut records) = (Scanner::with_limits("z", &origin, limits), Vec::new());
    loop {
        match scanner.next() {
            Ok(Step::Record(record)) => records.push(record.to_string()),
            Ok(Step::NeedInput) => match pieces.next() {
                Some(piece) => scanner.push(piece),
                None => scanner.end(),
            },
            Ok(Step::Include(_)) => scanner.refuse(),
            Ok(Step::Done) => return (records, None),
            Err(error) => return (records, Some(error)),
        }
    }
}

fuzz_target!(|input: ([u8; 3], &[u8])| {
    let (sizes, text) = input;
    let whole = scan(std::iter::once(text));
    assert_eq!(scan(pieces(sizes, text)), whole);
    let printed = whole.0.iter().filter(|line| !line.contains(" OPT ")).map(|line| format!("{line}\n"));
    let printed: String = printed.collect();
    let again = read("printed", printed.as_bytes(), Name::ROOT, |_| None).expect("it was printed");
    let again: Vec<String> = again.iter().map(ToString::to_string).collect();
    assert!(again.iter().eq(whole.0.iter().filter(|line| !line.contains(" OPT "))));
});
