//! What is built is what is read.
#![no_main]
use bytes::{Bytes, BytesMut};
use homing::mime::{
    AddrSpec, Address, Builder, DateTime, FieldName, FieldValue, Group, Mailbox, MediaType,
    Message, PartKind, Target, Text,
};
use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};

#[derive(Arbitrary, Debug)]
struct Letter<'a> {
    seconds: u32,
    offset: i16,
    seed: u64,
    subject: &'a str,
    name: &'a str,
    local: &'a str,
    domain: &'a str,
    text: &'a str,
    html: Option<&'a str>,
    file: Option<(&'a str, &'a [u8])>,
    picture: Option<&'a [u8]>,
    message: Option<&'a [u8]>,
    field: Option<(&'a str, &'a str)>,
    raw: Option<&'a str>,
    target: u8,
}

fuzz_target!(|letter: Letter<'_>| {
    let Ok(date) = DateTime::new(letter.seconds.into(), letter.offset) else { return };
    let domain = AddrSpec::new(letter.local, letter.domain);
    let Ok(address) = domain.or_else(|_| AddrSpec::new(letter.local, "crepes.fr")) else { return };
    // Blanks around a name are not part of it.
    let mailbox = Mailbox::new(Text::from(letter.name).as_str().trim(), address);
    let group = Group::new("a group", vec![mailbox.clone(), mailbox.clone()]);
    let mut builder = Builder::new(date)
        .from(mailbox.clone())
        .to(group.clone())
        .subject(letter.subject)
        .text(letter.text)
        .target(target(letter.target))
        .seed(letter.seed);
    if let Some((name, value)) = letter.field {
        // Below the fields that are compared.
        builder = builder.field(name.parse().unwrap_or(FieldName::COMMENTS), value);
    }
    if let Some(Ok(value)) = letter.raw.map(FieldValue::raw) {
        builder = builder.field(FieldName::KEYWORDS, value);
    }
    if let Some(html) = letter.html {
        builder = builder.html(html);
    }
    if let Some((name, octets)) = letter.file {
        builder = builder.attach(name, MediaType::OCTET_STREAM, Bytes::copy_from_slice(octets));
    }
    check(&builder, &letter, date, &mailbox, &group);
    if let Some(octets) = letter.picture {
        let id = "c@d".parse().expect("an identifier");
        builder = builder.inline(id, MediaType::PNG, octets.to_vec());
    }
    if let Some(octets) = letter.message {
        builder = builder.forward(octets.to_vec());
    }
    let mut out = BytesMut::new();
    builder.write(&mut out);
    assert!(out.iter().eq(builder.pieces().flatten().collect::<Vec<_>>().iter()));
    // All that was enclosed arrived, whatever is in it.
    let message = Message::parse(&out);
    let last = message.root().children().last();
    if let (Some(octets), Some(part)) = (letter.message, last) {
        // A message that ends with its header takes the line end of the delimiter for its blank
        // line.
        let content = part.content();
        assert!(content.octets() == octets || content.octets() == [octets, b"\r\n"].concat());
    }
});

fn target(number: u8) -> Target {
    let target = [Target::SEVEN_BIT, Target::EIGHT_BIT_MIME, Target::BINARY_MIME];
    let target = target[usize::from(number % 3)];
    if number > 127 { target.smtputf8() } else { target }
}

fn check(builder: &Builder, letter: &Letter<'_>, date: DateTime, mailbox: &Mailbox, group: &Group) {
    let mut out = BytesMut::new();
    builder.write(&mut out);
    let message = Message::parse(&out);
    assert_eq!(message.defects(), []);
    assert!(message.parts().all(|part| part.kind() != PartKind::Message));
    assert_eq!(message.date(), Some(date));
    assert_eq!(message.subject().as_deref(), Some(Text::from(letter.subject).as_str()));
    assert_eq!(message.from().as_slice(), [Address::Mailbox(mailbox.clone())]);
    assert_eq!(message.to().as_slice(), [Address::Group(group.clone())]);
    bodies_are(&message, letter);
}

fn bodies_are(message: &Message<'_>, letter: &Letter<'_>) {
    let bodies: Vec<_> = message.parts().filter(|part| part.children().count() == 0).collect();
    let (texts, files) = bodies.split_at(1 + usize::from(letter.html.is_some()));
    for (part, text) in texts.iter().zip([Some(letter.text), letter.html]) {
        assert_eq!(lines(&part.text()), lines(text.unwrap_or_default()));
    }
    assert_eq!(files.len(), usize::from(letter.file.is_some()));
    for (part, (name, octets)) in files.iter().zip(letter.file) {
        assert_eq!(part.file_name().unwrap_or_default(), Text::from(name).as_str());
        assert_eq!(part.content().octets(), octets);
    }
}

/// All line ends alike.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
