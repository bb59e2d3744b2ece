//! Instructions, which repeat exactly where time does not: `benches/count` runs this under
//! callgrind. `counts CASE N` does a case N times and prints nothing.
mod cases;

use std::hint::black_box;

use bytes::BytesMut;
use cases::{mail, receive, send, wire};

const SIZE: usize = 50 << 10;

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, case, times] = &arguments[..] else {
        // `cargo bench` and `cargo test --benches` call without a case.
        return println!("run benches/count");
    };
    let Ok(times) = times.parse::<u32>() else { return println!("run benches/count") };
    let (mail, wire) = (mail(SIZE), wire(SIZE));
    for _ in 0..times {
        match case.as_str() {
            "receive" => {
                black_box(receive(black_box(&wire)));
            }
            "send" => {
                let mut out = BytesMut::with_capacity(wire.len());
                send(black_box(&mail), &mut out);
                black_box(out);
            }
            other => panic!("no case {other}"),
        }
    }
}
