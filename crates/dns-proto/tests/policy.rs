//! What a configuration changes in answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod common;

use bytes::BytesMut;
use common::{name, zone};
use dns_proto::authority::{Client, Config, Rotation};
use dns_proto::{
    Authority, Class, Cookie, CookieSecret, Edns, EdnsOption, Header, Message, MessageBuf,
    OptionCode, OptionsBuf, Question, Rcode, RecordType, Writer,
};
use proto_core::Transport;

const ZONE: &str = "z SOA 1\n a.z A 127.0.0.1\n a.z A 127.0.0.2\n a.z A 127.0.0.3";

fn ask(
    config: &Config,
    (asked, rtype, class): (&str, RecordType, Class),
    option: Option<EdnsOption<'_>>,
    client: Client,
) -> MessageBuf {
    let (mut query, mut out, mut options) = Default::default();
    let mut writer = Writer::new(&mut query, Header::default(), 512);
    let asked = name(asked);
    writer.question(Question { name: asked.view(), rtype, class }).unwrap();
    option.iter().for_each(|option| assert!(OptionsBuf::push(&mut options, option)));
    writer.edns(&Edns { options: options.view(), ..Edns::new(1232) }).unwrap();
    writer.finish();
    let mut authority = Authority::new(config.clone());
    authority.insert(zone(ZONE));
    let _ = authority.respond(&query, client, &mut out);
    MessageBuf::parse(BytesMut::freeze(out)).unwrap()
}

#[test]
fn the_order_turns_as_configured() {
    let hosts = |rotation, turn| -> Vec<String> {
        let config = Config { rotation, ..Config::default() };
        let client = Client { turn, ..Transport::Udp.into() };
        let message = ask(&config, ("a.z", RecordType::A, Class::IN), None, client);
        message.view().answers().map(|it| it.data().to_string()).collect()
    };
    let fixed = hosts(Rotation::Fixed, 1);
    assert_eq!(fixed, ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
    assert_eq!(hosts(Rotation::Cyclic, 4), ["127.0.0.2", "127.0.0.3", "127.0.0.1"]);
    let orders: std::collections::BTreeSet<_> =
        (0..100).map(|turn| hosts(Rotation::Random, turn)).collect();
    assert_eq!(orders.len(), 6, "every order comes");
}

#[test]
fn the_server_says_who_it_is_if_it_may() {
    let identity = Config { identity: b"ns1".to_vec(), ..Config::default() };
    let question = ("id.server", RecordType::TXT, Class::CH);
    let client = Client::from(Transport::Udp);
    let message = ask(&identity, question, Some(EdnsOption::Nsid(b"")), client);
    assert_eq!(message.view().answers().next().unwrap().data().to_string(), "\"ns1\"");
    let options = message.view().edns().unwrap().options;
    assert_eq!(options.get(OptionCode::NSID), Some(EdnsOption::Nsid(b"ns1")));
    let version = ("version.bind", RecordType::TXT, Class::CH);
    assert_eq!(ask(&identity, version, None, client).view().rcode(), Rcode::REFUSED);
    assert_eq!(ask(&Config::default(), question, None, client).view().rcode(), Rcode::REFUSED);
}

#[test]
fn cookies_are_given_and_demanded() {
    let cookies = Some(CookieSecret::new([7; 16]));
    let config = Config { cookies, cookies_required: true, ..Config::default() };
    let address = Some([192, 0, 2, 1].into());
    let client = Client { address, now: 1_800_000_000, ..Transport::Udp.into() };
    let question = ("a.z", RecordType::A, Class::IN);
    let first = EdnsOption::Cookie(Cookie::new([1; 8], &[]).unwrap());
    let message = ask(&config, question, Some(first), client);
    assert_eq!(message.view().rcode(), Rcode::BADCOOKIE);
    let view: Message<'_> = message.view();
    let fresh = view.edns().unwrap().options.get(OptionCode::COOKIE).unwrap();
    assert_eq!(ask(&config, question, Some(fresh), client).view().rcode(), Rcode::NOERROR);
    let malformed = EdnsOption::Other(OptionCode::COOKIE, b"short");
    let rcode = ask(&config, question, Some(malformed), client).view().rcode();
    assert_eq!(rcode, Rcode::FORMERR);
}

#[test]
fn connections_are_told_how_long_they_are_kept() {
    let keepalive = Some(core::time::Duration::from_secs(10));
    let config = Config { keepalive, ..Config::default() };
    let question = ("a.z", RecordType::A, Class::IN);
    let told = |config: &Config, via: Transport, option| {
        let message = ask(config, question, Some(option), via.into());
        let view = message.view();
        (view.rcode(), view.edns().unwrap().options.get(OptionCode::KEEPALIVE).is_some())
    };
    let (none, some) = (EdnsOption::Keepalive(None), EdnsOption::Keepalive(Some(1)));
    assert_eq!(told(&config, Transport::Tcp, none), (Rcode::NOERROR, true));
    assert_eq!(told(&config, Transport::Tcp, some), (Rcode::FORMERR, true));
    assert_eq!(told(&config, Transport::Udp, some), (Rcode::NOERROR, false));
    assert_eq!(told(&Config::default(), Transport::Tcp, none), (Rcode::NOERROR, false));
}
