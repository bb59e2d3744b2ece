//! Dot-stuffing both ways, beside a plain copy of the same octets: `cargo bench --bench dot`.
mod cases;

use std::hint::black_box;

use bytes::BytesMut;
use cases::{mail, receive, send, wire};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

fn dots(criterion: &mut Criterion) {
    for size in [1 << 10, 50 << 10, 1 << 20] {
        let (mail, wire) = (mail(size), wire(size));
        let mut group = criterion.benchmark_group(format!("{} KiB", size >> 10));
        group.throughput(Throughput::Bytes(mail.len() as u64));
        group.bench_function("copy", |bencher| {
            bencher.iter_batched_ref(
                || BytesMut::with_capacity(wire.len()),
                |out| out.extend_from_slice(black_box(&wire)),
                BatchSize::SmallInput,
            );
        });
        group.bench_function("receive", |bencher| bencher.iter(|| receive(black_box(&wire))));
        group.bench_function("send", |bencher| {
            bencher.iter_batched_ref(
                || BytesMut::with_capacity(wire.len()),
                |out| send(black_box(&mail), out),
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

criterion_group!(benches, dots);
criterion_main!(benches);
