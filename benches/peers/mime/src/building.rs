//! Building the same messages with homing-mime, mail-builder and lettre, from strings each time:
//! addresses are read, dates and identifiers are given.
use bytes::{Bytes, BytesMut};
use mime::{AddrSpec, DateTime, Mailbox, MediaType};

pub const CASES: [&str; 3] = ["500 B of ASCII", "UTF-8, text and HTML", "attachment of 10 MB"];
pub const WHO: [&str; 3] = ["homing-mime", "mail-builder", "lettre"];

/// What the messages are made of.
pub struct Material {
    ascii: String,
    text: String,
    html: String,
    file: Bytes,
}

impl Material {
    pub fn new() -> Self {
        let line = "The quick brown fox jumps over the lazy dog, and nobody minds.\r\n";
        let text = "Grüße aus Köln, où l'on mange des crêpes à midi.\r\n";
        let octets = (0..10_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8);
        Self {
            ascii: line.repeat(8),
            text: text.repeat(10),
            html: format!("<html><body><p>{}</p></body></html>\r\n", text.repeat(10)),
            file: octets.collect(),
        }
    }

    /// Builds a message and returns its length.
    pub fn build(&self, who: &str, case: &str) -> usize {
        match who {
            "homing-mime" => self.homing(case),
            "mail-builder" => self.mail_builder(case),
            _ => self.lettre(case),
        }
    }

    fn homing(&self, case: &str) -> usize {
        let mailbox = |name: &str, local, domain| {
            Mailbox::new(name, AddrSpec::new(local, domain).expect("an address"))
        };
        let builder = mime::Builder::new(DateTime::new(1_763_800_000, 0).expect("a date"))
            .message_id("5a1c9e17b2@crepes.fr".parse().expect("an identifier"));
        let builder = match case {
            "500 B of ASCII" => builder
                .from(mailbox("Alice", "alice", "crepes.fr"))
                .to(mailbox("Bob", "bob", "hamburger.edu"))
                .subject("Do you like ketchup?")
                .text(self.ascii.as_str()),
            "UTF-8, text and HTML" => builder
                .from(mailbox("Jürgen Müller", "juergen", "crepes.fr"))
                .to(mailbox("Zoë Œuvre", "zoe", "hamburger.edu"))
                .subject("Crêpes à midi, où ça ?")
                .text(self.text.as_str())
                .html(self.html.as_str()),
            _ => builder
                .from(mailbox("Alice", "alice", "crepes.fr"))
                .to(mailbox("Bob", "bob", "hamburger.edu"))
                .subject("A file")
                .text("See below.\r\n")
                .attach("file.bin", MediaType::OCTET_STREAM, self.file.clone()),
        };
        let mut out = BytesMut::new();
        builder.write(&mut out);
        std::hint::black_box(&out).len()
    }

    fn mail_builder(&self, case: &str) -> usize {
        let builder = mail_builder::MessageBuilder::new()
            .date(1_763_800_000_i64)
            .message_id("5a1c9e17b2@crepes.fr");
        let builder = match case {
            "500 B of ASCII" => builder
                .from(("Alice", "alice@crepes.fr"))
                .to(("Bob", "bob@hamburger.edu"))
                .subject("Do you like ketchup?")
                .text_body(self.ascii.as_str()),
            "UTF-8, text and HTML" => builder
                .from(("Jürgen Müller", "juergen@crepes.fr"))
                .to(("Zoë Œuvre", "zoe@hamburger.edu"))
                .subject("Crêpes à midi, où ça ?")
                .text_body(self.text.as_str())
                .html_body(self.html.as_str()),
            _ => builder
                .from(("Alice", "alice@crepes.fr"))
                .to(("Bob", "bob@hamburger.edu"))
                .subject("A file")
                .text_body("See below.\r\n")
                .attachment("application/octet-stream", "file.bin", &self.file[..]),
        };
        std::hint::black_box(builder.write_to_vec().expect("memory")).len()
    }

    fn lettre(&self, case: &str) -> usize {
        use lettre::message::{Attachment, MultiPart, SinglePart, header::ContentType};
        let mailbox = |text: &str| text.parse::<lettre::message::Mailbox>().expect("a mailbox");
        let builder = |from, to, subject: &str| {
            let date = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_763_800_000);
            let id = Some("<5a1c9e17b2@crepes.fr>".to_owned());
            let builder = lettre::Message::builder().date(date).message_id(id);
            builder.from(mailbox(from)).to(mailbox(to)).subject(subject)
        };
        let message = match case {
            "500 B of ASCII" => builder(
                "Alice <alice@crepes.fr>",
                "Bob <bob@hamburger.edu>",
                "Do you like ketchup?",
            )
            .singlepart(SinglePart::plain(self.ascii.clone())),
            "UTF-8, text and HTML" => builder(
                "Jürgen Müller <juergen@crepes.fr>",
                "Zoë Œuvre <zoe@hamburger.edu>",
                "Crêpes à midi, où ça ?",
            )
            .multipart(MultiPart::alternative_plain_html(self.text.clone(), self.html.clone())),
            _ => {
                let kind = ContentType::parse("application/octet-stream").expect("a type");
                let file = Attachment::new("file.bin".into()).body(self.file.to_vec(), kind);
                let text = SinglePart::plain("See below.\r\n".to_owned());
                let both = MultiPart::mixed().singlepart(text).singlepart(file);
                builder("Alice <alice@crepes.fr>", "Bob <bob@hamburger.edu>", "A file")
                    .multipart(both)
            }
        };
        std::hint::black_box(message.expect("a message").formatted()).len()
    }
}
