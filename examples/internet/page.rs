//! The report: one page that needs nothing else.
use std::fmt::Write;

use crate::clock::{HOUR, SECOND};
use crate::metrics::Hour;
use crate::world::{End_, World};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 180.0;

/// A line of a plot: its name, its colour, and a value for each hour.
type Line = (&'static str, &'static str, fn(&Hour) -> f64);

/// Writes the page.
pub(crate) fn write(world: &World, end: &End_, command: &str) -> String {
    let mut page = String::from(
        "<!doctype html><meta charset=\"utf-8\"><title>An Internet in one thread</title><style>\
         body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 1em}\
         svg{background:#fafafa;border:1px solid #ddd}pre{overflow:auto;background:#fafafa;\
         border:1px solid #ddd;padding:1em;font-size:12px}h2{margin-bottom:.2em}</style>\
         <h1>An Internet in one thread</h1>",
    );
    let _ = write!(page, "<p><code>{}</code></p>", escape(command));
    let broken = end.broken.as_ref().map_or("Every promise was kept.", |broken| &broken.0);
    let _ = write!(
        page,
        "<p>{} letters, {} recipients have theirs, {} were reported lost, {} duplicates in {} \
         doubts. {}</p>",
        world.written(),
        world.ledger.fetched,
        world.ledger.bounced,
        world.ledger.duplicates,
        world.ledger.doubts,
        escape(broken),
    );
    let plots: [(&str, &[Line]); 7] = [
        (
            "Letters an hour",
            &[
                ("written", "#888", |it| it.written as f64),
                ("fetched", "#07c", |it| it.fetched as f64),
            ],
        ),
        (
            "Mean delay until they are read, in minutes",
            &[("delay", "#c50", |it| it.delay as f64 / it.fetched.max(1) as f64 / 60.0)],
        ),
        (
            "Messages in queues, connections",
            &[
                ("queued", "#07c", |it| it.waiting as f64),
                ("connections", "#888", |it| it.open as f64),
            ],
        ),
        (
            "DNS queries an hour",
            &[
                ("root", "#c50", |it| it.queries[0] as f64),
                ("top level", "#888", |it| it.queries[1] as f64),
                ("domains", "#07c", |it| it.queries[2] as f64),
            ],
        ),
        (
            "Cache hits, in percent",
            &[("hits", "#07c", |it| 100.0 * it.hits as f64 / (it.hits + it.misses).max(1) as f64)],
        ),
        (
            "Transactions, and recipients put off, an hour",
            &[
                ("transactions", "#07c", |it| it.attempts as f64),
                ("put off", "#c50", |it| it.deferred as f64),
            ],
        ),
        ("Faults that begin, an hour", &[("faults", "#c00", |it| it.faults as f64)]),
    ];
    for (title, lines) in plots {
        plot(&mut page, title, &world.metrics.hours, lines);
    }
    delays(&mut page, &world.metrics.delays);
    ladder(&mut page, world);
    page
}

fn plot(page: &mut String, title: &str, hours: &[Hour], lines: &[Line]) {
    let values = hours.iter().flat_map(|hour| lines.iter().map(move |line| line.2(hour)));
    let top = values.fold(1.0_f64, f64::max);
    let _ = write!(page, "<h2>{title}</h2><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"100%\">");
    let x = |index: usize| 40.0 + (WIDTH - 50.0) * index as f64 / hours.len().max(2) as f64;
    let y = |value: f64| HEIGHT - 20.0 - (HEIGHT - 40.0) * value / top;
    for (number, (name, colour, value)) in lines.iter().enumerate() {
        let points: String = hours
            .iter()
            .enumerate()
            .map(|(index, hour)| format!("{:.1},{:.1} ", x(index), y(value(hour))))
            .collect();
        let _ = write!(
            page,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{points}\"/>\
             <text x=\"{}\" y=\"14\" fill=\"{colour}\" font-size=\"12\">{name}</text>",
            50 + 110 * number,
        );
    }
    for day in 0..=hours.len() / 24 {
        let _ = write!(
            page,
            "<text x=\"{:.1}\" y=\"{}\" font-size=\"10\" fill=\"#666\">{day} d</text>",
            x(day * 24),
            HEIGHT - 6.0,
        );
    }
    let _ = write!(
        page,
        "<text x=\"2\" y=\"{:.1}\" font-size=\"10\">{top:.0}</text></svg>",
        y(top) + 4.0
    );
}

fn delays(page: &mut String, delays: &[u64; 24]) {
    let top = delays.iter().copied().max().unwrap_or(1).max(1);
    let _ = write!(
        page,
        "<h2>Letters by delay</h2><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"100%\">"
    );
    for (index, count) in delays.iter().enumerate() {
        let height = (HEIGHT - 40.0) * *count as f64 / top as f64;
        let left = 10.0 + 35.0 * index as f64;
        let _ = write!(
            page,
            "<rect x=\"{left}\" y=\"{:.1}\" width=\"30\" height=\"{height:.1}\" fill=\"#07c\"/>\
             <text x=\"{left}\" y=\"{}\" font-size=\"10\">{}</text>",
            HEIGHT - 20.0 - height,
            HEIGHT - 6.0,
            duration(1 << index),
        );
    }
    page.push_str("</svg>");
}

fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn ladder(page: &mut String, world: &World) {
    let mut rungs = world.metrics.ladder.clone();
    rungs.sort_by_key(|(at, _)| *at);
    let number = world.chosen.unwrap_or(0);
    let _ = write!(page, "<h2>The way of letter {number}</h2><pre>");
    for (at, line) in rungs {
        let (hours, seconds) = (at / HOUR, at % HOUR / SECOND);
        let millis = at % SECOND / 1000;
        let _ = writeln!(
            page,
            "{hours:>3}:{:02}:{:02}.{millis:03}  {}",
            seconds / 60,
            seconds % 60,
            escape(&line)
        );
    }
    page.push_str("</pre>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
