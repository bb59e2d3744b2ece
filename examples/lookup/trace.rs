//! The way down from the root.
use std::{
    io::{self, Write},
    time::Instant,
};

use homing::{
    dns::{
        Message, MessageBuf, Query,
        recursive::{self, ClientId, Config, parse_root_hints, root_hints},
        tokio::{Driver, seed},
    },
    proto_core::{self, Transport},
};

use crate::{Arguments, Failure, print, question::Question};

/// Goes down from the root, and prints every answer on the way.
pub(crate) async fn walk(
    arguments: &Arguments,
    question: &Question,
) -> Result<MessageBuf, Failure> {
    let hints = match &arguments.root_hints {
        Some(file) => {
            let text =
                std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
            parse_root_hints(&file.to_string_lossy(), &text)?
        }
        None => root_hints(),
    };
    let mut config = Config::new(hints);
    config.allow_loopback = config.roots.iter().any(|(_, address)| address.is_loopback());
    let since = Instant::now();
    let quiet = arguments.json;
    let driver = Driver::new(recursive::Resolver::new(config, seed()?));
    let mut driver = driver.observe(move |exchange| {
        let message = Message::parse(exchange.message).ok();
        if let Some(message) = message.filter(|it| it.header().response && !quiet) {
            let mut out = io::stdout().lock();
            // Whoever does not read this will not read the answer, which is when it is noticed.
            let _ = print::brief(&mut out, &message);
            let elapsed = since.elapsed().as_millis();
            let _ = writeln!(out, ";; from {} after {elapsed} msec\n", exchange.from);
        }
    });
    let octets = Query::new(&question.name, question.rtype).recursion(true).write();
    let now: proto_core::Instant = driver.now();
    driver.agent().resolve(now, ClientId(0), &Message::parse(&octets)?, Transport::Tcp)?;
    match driver.event().await {
        recursive::Event::Reply { message, .. } => Ok(MessageBuf::parse(message)?),
        _ => Err("it took too long".into()),
    }
}
