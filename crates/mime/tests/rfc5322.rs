//! The examples of RFC 5322, appendix A.
use mime::{Field, Message};

fn addresses(field: &str) -> Vec<String> {
    let field = Field::new(field.as_bytes()).expect("a field");
    field.addresses().as_slice().iter().map(ToString::to_string).collect()
}

#[test]
fn a_1_2_different_types_of_mailboxes() {
    assert_eq!(
        addresses("From: \"Joe Q. Public\" <john.q.public@example.com>"),
        ["Joe Q. Public <john.q.public@example.com>"]
    );
    assert_eq!(
        addresses("To: Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>"),
        ["Mary Smith <mary@x.test>", "jdoe@example.org", "Who? <one@y.test>"]
    );
    assert_eq!(
        addresses("Cc: <boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>"),
        ["boss@nil.test", "Giant; \"Big\" Box <sysservices@example.net>"]
    );
}

#[test]
fn a_1_3_group_addresses() {
    assert_eq!(
        addresses("To: A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;"),
        ["A Group: Ed Jones <c@a.test>, joe@where.test, John <jdoe@one.test>;"]
    );
    assert_eq!(addresses("Cc: Undisclosed recipients:;"), ["Undisclosed recipients: ;"]);
}

#[test]
fn a_2_reply_messages() {
    let message = Message::parse(
        b"From: \"Mary Smith: Personal Account\" <smith@home.example>\r\n\
          In-Reply-To: <3456@example.net>\r\n\
          References: <1234@local.machine.example> <3456@example.net>\r\n\r\n",
    );
    let name = message.from().mailboxes().next().unwrap().name().map(str::to_owned);
    assert_eq!(name.as_deref(), Some("Mary Smith: Personal Account"));
    let ids = message.field("references").unwrap().message_ids();
    let ids: Vec<_> = ids.iter().map(|id| id.as_str()).collect();
    assert_eq!(ids, ["1234@local.machine.example", "3456@example.net"]);
}

#[test]
fn a_5_white_space_and_comments() {
    let message = Message::parse(include_bytes!("messages/rfc5322-a5-oddities.eml"));
    let show = |list: mime::AddressList| {
        list.as_slice().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(show(message.from()), ["Pete <pete@silly.test>"]);
    let group = "A Group: Chris Jones <c@public.example>, joe@example.org, John <jdoe@one.test>;";
    assert_eq!(show(message.to()), [group]);
    assert_eq!(show(message.cc()), ["Hidden recipients: ;"]);
    assert_eq!(message.date().unwrap().to_string(), "Thu, 13 Feb 1969 23:32:00 -0330");
    assert_eq!(message.message_id().unwrap().as_str(), "testabcd.1234@silly.test");
}

#[test]
fn a_6_obsolete_forms() {
    assert_eq!(
        addresses("From: Joe Q. Public <john.q.public@example.com>"),
        ["Joe Q. Public <john.q.public@example.com>"]
    );
    assert_eq!(
        addresses("To: Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example"),
        ["Mary Smith <mary@example.net>", "jdoe@test.example"]
    );
    let message = Message::parse(
        b"From  : John Doe <jdoe@machine(comment).  example>\r\n\
          Date  : Fri, 21 Nov 1997 09(comment):   55  :  06 -0600\r\n\
          Message-ID  : <1234   @   local(blah)  .machine .example>\r\n\r\nTesting.",
    );
    assert_eq!(message.defects(), []);
    let from = message.from().mailboxes().next().unwrap().address().to_string();
    assert_eq!(from, "jdoe@machine.example");
    assert_eq!(message.date().unwrap().unix_seconds(), 880_127_706);
}
