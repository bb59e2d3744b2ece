//! Shows what is in messages: a tree for people, or JSON for programs.
use std::{
    fs,
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use homing::mime::{
    Address, AddressList, Defect, Mailbox, Mbox, MboxDialect, Message, Part, PartKind,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Shows the headers, parts and defects of messages.
///
/// A FILE is one message, an mbox file (it begins with `From `), or a Maildir (a folder with
/// `cur` and `new`).
#[derive(Parser)]
#[command(name = "mime_view")]
struct Arguments {
    /// Write one JSON object a message, each on its line
    #[arg(long)]
    json: bool,
    /// What to read; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut code = ExitCode::SUCCESS;
    for file in &arguments.files {
        let shown = each_message(file, &mut |name, octets| {
            let message = Message::parse(octets);
            if arguments.json {
                writeln!(out, "{}", to_json(&message))
            } else {
                show(&mut out, name, &message)
            }
        });
        match shown {
            Ok(()) => {}
            // Whoever reads us, `head` for one, has enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return code,
            Err(error) => {
                eprintln!("mime_view: {}: {error}", file.display());
                code = ExitCode::FAILURE;
            }
        }
    }
    match out.flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("mime_view: {error}");
            ExitCode::FAILURE
        }
        _ => code,
    }
}

/// Gives each message of a file or a folder to `show`, with a name for it.
fn each_message(
    file: &Path,
    show: &mut impl FnMut(&str, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    if file.is_dir() {
        for path in maildir(file)? {
            show(&path.display().to_string(), &fs::read(&path)?)?;
        }
        return Ok(());
    }
    let octets = match file.as_os_str() == "-" {
        true => {
            let mut octets = Vec::new();
            io::stdin().lock().read_to_end(&mut octets)?;
            octets
        }
        false => fs::read(file)?,
    };
    let name = file.display();
    if !octets.starts_with(b"From ") {
        return show(&name.to_string(), &octets);
    }
    for (message, number) in Mbox::new(&octets, MboxDialect::Rd).zip(1..) {
        show(&format!("{name}:{number}"), message.octets())?;
    }
    Ok(())
}

/// Lists the messages of a Maildir, the new ones last, in the order of their names.
fn maildir(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for subfolder in ["cur", "new"] {
        let entries = fs::read_dir(folder.join(subfolder))
            .map_err(|error| io::Error::new(error.kind(), format!("not a Maildir: {error}")))?;
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if !hidden && entry.path().is_file() {
                found.push(entry.path());
            }
        }
        found.sort();
        paths.append(&mut found);
    }
    Ok(paths)
}

/// Shows a message to people. Controls, which move cursors and worse, are made visible.
fn show(out: &mut impl Write, name: &str, message: &Message<'_>) -> io::Result<()> {
    writeln!(out, "==> {} <==", visible(name))?;
    for line in message.to_string().lines() {
        writeln!(out, "{}", visible(line))?;
    }
    writeln!(out)
}

fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Tells a program everything about a message.
fn to_json(message: &Message<'_>) -> Value {
    let headers: Vec<_> =
        message.root().fields().map(|field| json!([field.name(), field.text()])).collect();
    let defect = |it: &Defect| json!({ "kind": format!("{:?}", it.kind), "start": it.span.start, "end": it.span.end });
    let mut found = [message.defects(), &message.problems()].concat();
    found.sort_by_key(|it| it.span.start);
    let defects: Vec<_> = found.iter().map(defect).collect();
    json!({
        "headers": headers,
        "from": addresses(&message.from()),
        "to": addresses(&message.to()),
        "cc": addresses(&message.cc()),
        "subject": message.subject(),
        "date": message.date().map(|date| date.to_rfc3339()),
        "message_id": message.message_id().map(|id| id.as_str().to_owned()),
        "parts": message.parts().map(|part| part_to_json(&part)).collect::<Vec<_>>(),
        "defects": defects,
    })
}

fn addresses(list: &AddressList) -> Vec<Value> {
    let mailbox = |it: &Mailbox| json!({ "name": it.name(), "address": it.address().to_string() });
    list.as_slice()
        .iter()
        .flat_map(|address| match address {
            Address::Mailbox(it) => vec![mailbox(it)],
            Address::Group(group) => group.members().iter().map(mailbox).collect(),
            // Nothing is lost: a word alone is a mailbox of some host.
            Address::Unreadable(text) if text.as_str().contains(' ') => {
                vec![json!({ "name": text.as_str(), "address": "" })]
            }
            Address::Unreadable(text) => vec![json!({ "name": null, "address": text.as_str() })],
        })
        .collect()
}

fn part_to_json(part: &Part<'_, '_>) -> Value {
    let kind = part.content_type();
    let content = part.content();
    let is_text = part.kind() == PartKind::Leaf && kind.top().eq_ignore_ascii_case("text");
    let digest = Sha256::digest(content.octets());
    json!({
        "path": part.path().to_string(),
        "type": format!("{}/{}", kind.top(), kind.subtype()).to_ascii_lowercase(),
        "charset": kind.parameter("charset"),
        "disposition": part.disposition().map(|it| it.kind().to_ascii_lowercase()),
        "filename": part.file_name(),
        "size": content.octets().len(),
        "sha256": digest.iter().map(|octet| format!("{octet:02x}")).collect::<String>(),
        "text": is_text.then(|| part.text().into_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_the_keys_that_are_promised() {
        let message = Message::parse(
            b"From: A <a@b>\r\nDate: Sat, 22 Nov 2025 09:26:40 +0100\r\nMessage-ID: <1@b>\r\n\
              Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b\r\n\
              Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nin\r\n--b--\r\n",
        );
        let value = to_json(&message);
        let keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let expected =
            ["headers", "from", "to", "cc", "subject", "date", "message_id", "parts", "defects"];
        assert_eq!(keys, expected);
        assert_eq!(value["from"], json!([{ "name": "A", "address": "a@b" }]));
        assert_eq!(
            (&value["date"], &value["subject"]),
            (&json!("2025-11-22T09:26:40+01:00"), &Value::Null)
        );
        let paths: Vec<_> =
            value["parts"].as_array().unwrap().iter().map(|it| &it["path"]).collect();
        assert_eq!(paths[1..], ["1", "2", "2.1"]);
        let text = &value["parts"][1];
        assert_eq!((&text["text"], &text["size"]), (&json!("Hi"), &json!(2)));
        assert_eq!(
            text["sha256"],
            "3639efcd08abb273b1619e82e78c29a7df02c1051b1820e99fc395dcaa3326b8"
        );
    }

    #[test]
    fn an_mbox_file_is_many_messages() {
        let path = std::env::temp_dir().join(format!("mime_view-{}.mbox", std::process::id()));
        fs::write(&path, "From a@b x\nSubject: 1\n\nx\n\nFrom a@b x\nSubject: 2\n\ny\n").unwrap();
        let mut subjects = Vec::new();
        let read = each_message(&path, &mut |_, octets| {
            subjects.extend(Message::parse(octets).subject());
            Ok(())
        });
        fs::remove_file(&path).unwrap();
        read.unwrap();
        assert_eq!(subjects, ["1", "2"]);
    }
}
