//! What is shown of the dialogue.
use homing::proto_core::tokio::{Direction, Observer};

/// Prints what both say, line by line; of the message and of passwords only that they were there.
pub(crate) fn dialogue() -> Observer {
    let mut silent = Silence::No;
    Box::new(move |direction, octets| {
        let text = String::from_utf8_lossy(octets);
        if direction == Direction::Received {
            text.lines().for_each(|line| eprintln!("S: {line}"));
            silent = silent.after_reply(&text);
            return;
        }
        match silent {
            Silence::No => {}
            Silence::Secret => return eprintln!("C: (part of the authentication)"),
            Silence::Body => return eprintln!("C: ({} octets)", octets.len()),
        }
        for line in text.split_inclusive("\r\n") {
            let word = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            match &*word {
                "AUTH" => {
                    let shown: Vec<_> = line.split_whitespace().take(2).collect();
                    eprintln!("C: {} (and the rest)", shown.join(" "));
                }
                "BDAT" => {
                    eprintln!("C: {}", line.trim_end());
                    return eprintln!("C: (the message)");
                }
                _ => eprintln!("C: {}", line.trim_end()),
            }
        }
    })
}

/// What the client's next octets are, by the server's last reply.
#[derive(Clone, Copy)]
enum Silence {
    No,
    Secret,
    Body,
}

impl Silence {
    fn after_reply(self, text: &str) -> Self {
        let last = text.lines().last().unwrap_or_default();
        match last.get(..3) {
            Some("334") => Self::Secret,
            Some("354") => Self::Body,
            _ => Self::No,
        }
    }
}
