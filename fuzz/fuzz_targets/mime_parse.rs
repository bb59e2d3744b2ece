//! Any octets are a message, all of it can be looked at, and what was read can be written.
#![no_main]
use bytes::BytesMut;
use homing::mime::{Address, Builder, DateTime, Field, Mailbox, Message, Part, PartKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let message = Message::parse(octets);
    let _ = (message.to_string(), message.subject(), message.cc(), message.message_id());
    assert_eq!(message.root().span().of(octets), octets);
    for defect in message.defects() {
        let _ = format!("{defect:?}");
    }
    for part in message.parts() {
        look_at_part(&message, part);
        part.fields().for_each(look_at_field);
    }
});

fn look_at_part(message: &Message<'_>, part: Part<'_, '_>) {
    assert_eq!([part.header(), part.body()].concat(), part.span().of(message.as_bytes()));
    let _ = (part.to_string(), part.text(), part.encoding(), part.disposition());
    let _ = (part.file_name(), part.path().to_string(), part.content().problems());
    assert!(part.content().octets().len() <= part.body().len());
    assert!(part.children().all(|child| child.depth() == part.depth() + 1));
    if part.kind() == PartKind::Leaf {
        let found = message.part(part.path().numbers()).map(|it| it.span());
        assert_eq!(found, Some(part.span()), "{}", part.path());
    }
}

/// Reads each field as everything: that which it is, and that which it is not.
fn look_at_field(field: Field<'_>) {
    let _ = (field.text(), field.disposition().parameter("filename"));
    let _ = field.content_type().parameter("charset");
    if let Some(date) = field.date() {
        assert_eq!(date.to_string().parse(), Ok(date));
    }
    for id in field.message_ids() {
        assert_eq!(id.as_str().parse().as_ref(), Ok(&id));
    }
    let addresses = field.addresses();
    for mailbox in addresses.mailboxes() {
        let _ = mailbox.to_string();
        assert_eq!(mailbox.address().to_string().parse().as_ref(), Ok(mailbox.address()));
        assert!(mailbox.name().is_none_or(|name| !name.contains(char::is_control)));
    }
    for address in addresses.as_slice() {
        let _ = address.to_string();
        rewrite(address.clone());
    }
}

/// An address that was read is written and read again as the same, but for blanks around names.
fn rewrite(address: Address) {
    let mut out = BytesMut::new();
    Builder::new(DateTime::new(0, 0).expect("1970")).from(address.clone()).write(&mut out);
    let again = Message::parse(&out).from();
    let plain = |mailbox: &Mailbox| {
        let name = mailbox.name().unwrap_or_default().trim().to_owned();
        (name, mailbox.address().clone())
    };
    let mailboxes = |list: &[Address]| -> Vec<_> {
        let of = |address: &Address| match address {
            Address::Mailbox(mailbox) => vec![plain(mailbox)],
            Address::Group(group) => group.members().iter().map(plain).collect(),
            Address::Unreadable(_) => vec![],
        };
        list.iter().flat_map(of).collect()
    };
    let (one, two) = (mailboxes(&[address]), mailboxes(again.as_slice()));
    assert_eq!(one, two, "{}", out.escape_ascii());
}
