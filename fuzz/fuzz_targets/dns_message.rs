//! A message that was read can be looked at whole, and written and read again as the same.
#![no_main]
use bytes::{Bytes, BytesMut};
use homing::dns::{Error, Message, MessageBuf, Name, Rdata, Record, RecordRef, Section, Writer};
use libfuzzer_sys::fuzz_target;

const SECTIONS: [Section; 3] = [Section::Answer, Section::Authority, Section::Additional];

fuzz_target!(|octets: &[u8]| {
    let Ok(message) = Message::parse(octets) else { return };
    for question in message.questions() {
        assert_eq!(
            question.name.to_string().parse::<Name>().as_ref(),
            Ok(&question.name.to_name())
        );
    }
    SECTIONS.into_iter().flat_map(|section| message.section(section)).for_each(look_at);
    let owned = MessageBuf::parse(Bytes::copy_from_slice(octets)).expect("it is a message");
    assert_eq!(owned.view().rcode(), message.rcode());

    let mut out = BytesMut::new();
    // What the compression of all its names does not bring under 64 KiB is out of scope.
    if write(&message, &mut out).is_ok() {
        same(&message, &Message::parse(&out).expect("it was written"));
    }
});

fn look_at(record: RecordRef<'_>) {
    let text = record.to_string();
    let owned = Record::from(record);
    assert_eq!(owned.to_string(), text);
    assert_eq!((owned.owner(), owned.data()), (&record.owner().to_name(), record.data()));
    assert_eq!(record.owner().to_string().parse::<Name>().as_ref(), Ok(owned.owner()), "{text}");
    let _ = record.data().address();
    match record.data() {
        Rdata::Txt { strings } => strings.iter().for_each(drop),
        Rdata::Opt { options } => options.iter().for_each(drop),
        _ => {}
    }
}

fn write(message: &Message<'_>, out: &mut BytesMut) -> Result<(), Error> {
    let mut header = message.header();
    header.rcode = message.rcode();
    let mut writer = Writer::new(out, header, usize::from(u16::MAX));
    message.questions().try_for_each(|question| writer.question(question))?;
    for section in SECTIONS {
        writer.section(section).expect("in order");
        for record in message.section(section) {
            match (record.data(), message.edns()) {
                (Rdata::Opt { .. }, Some(edns)) => writer.edns(&edns)?,
                (data, _) => {
                    writer.data(record.owner(), record.class(), record.ttl(), &data)?;
                }
            }
        }
    }
    writer.finish();
    Ok(())
}

fn same(one: &Message<'_>, two: &Message<'_>) {
    assert_eq!((one.header(), one.rcode(), one.edns()), (two.header(), two.rcode(), two.edns()));
    assert!(one.questions().eq(two.questions()));
    for section in SECTIONS {
        let records = |message: &Message<'_>| -> Vec<_> {
            let data =
                message.section(section).filter(|it| !matches!(it.data(), Rdata::Opt { .. }));
            data.map(Record::from).collect()
        };
        assert_eq!(records(one), records(two));
    }
}
