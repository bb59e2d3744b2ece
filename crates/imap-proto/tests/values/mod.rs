//! Any value of a response.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
use std::num::NonZeroU32;

use imap_proto::*;
use proptest::{collection::vec, option, prelude::*};

type Any<T> = BoxedStrategy<T>;

fn some<T: std::fmt::Debug + Clone + 'static>(one: Any<T>) -> Any<NotEmpty<T>> {
    vec(one, 1..4).prop_map(|all| NotEmpty::new(all).unwrap()).boxed()
}

fn nz() -> Any<NonZeroU32> {
    prop_oneof![1_u32..20, 1_u32..].prop_map(|number| NonZeroU32::new(number).unwrap()).boxed()
}

fn number64() -> Any<Number64> {
    prop_oneof![0_u64..20, Just(u64::MAX >> 1)].prop_map(|n| Number64::new(n).unwrap()).boxed()
}

pub(crate) fn string() -> Any<IString> {
    let octets = vec(1_u8.., 0..9).prop_filter_map("NUL", IString::new);
    let text = "[a-z\\\\\" \\]\\(\\)\r\n{}ü%*-]{0,9}".prop_filter_map("NUL", IString::new);
    let words = prop_oneof![Just("NIL"), Just("INBOX"), Just("{5}"), Just("nil"), Just("TEXT")];
    prop_oneof![octets, text, words.prop_map(IString::from_static)].boxed()
}

fn nstring() -> Any<Option<IString>> {
    option::of(string()).boxed()
}

fn atom() -> Any<Atom> {
    "[A-Za-z0-9.+\\[-]{1,9}".prop_filter_map("not an atom", Atom::new).boxed()
}

fn mailbox() -> Any<Mailbox> {
    string().prop_filter_map("NUL", |name| Mailbox::new(name.into_bytes())).boxed()
}

fn ranges() -> Any<UidSet> {
    vec((nz(), nz()), 1..4)
        .prop_map(|ranges| {
            let mut ranges = ranges.into_iter().map(|(one, other)| UidRange::new(one, other));
            let mut set = UidSet::new(ranges.next().unwrap());
            ranges.for_each(|range| set.push_range(range));
            set
        })
        .boxed()
}

fn numbers() -> Any<UidSet> {
    vec(nz(), 1..9).prop_map(|numbers| UidSet::from_numbers(numbers).unwrap()).boxed()
}

fn seq_set() -> Any<SeqSet> {
    let number = || prop_oneof![Just(SeqNumber::Largest), nz().prop_map(SeqNumber::Number)];
    vec((number(), number()), 1..4)
        .prop_map(|all| {
            SeqSet::new(all.into_iter().map(|(from, to)| Range { from, to }).collect()).unwrap()
        })
        .boxed()
}

fn flags() -> Any<Flags> {
    let flag = prop_oneof![
        Just(Flag::Seen),
        Just(Flag::Draft),
        Just(Flag::Recent),
        Just(Flag::Any),
        "[A-Za-z$]{1,9}".prop_filter_map("atom", Keyword::new).prop_map(Flag::Keyword),
        "X[A-Za-z]{1,9}".prop_filter_map("atom", Keyword::new).prop_map(Flag::Other),
    ];
    vec(flag, 0..5).prop_map(Flags::from_iter).boxed()
}

fn object_id() -> Any<ObjectId> {
    "[A-Za-z0-9_-]{1,255}".prop_filter_map("object", ObjectId::new).boxed()
}

fn date_time() -> Any<DateTime> {
    ((0_u16..10_000, 1_u8..13, 1_u8..32), [0_u8..24, 0..60, 0..61], -5999_i16..6000)
        .prop_filter_map("no such day", |((year, month, day), time, zone)| {
            DateTime::new(Date::new(year, month, day)?, time, zone)
        })
        .boxed()
}

fn text() -> Any<Text> {
    let odd = prop_oneof![Just("[x] y"), Just("a {5}"), Just("[ {5+}"), Just(""), Just("{0}")];
    prop_oneof!["[a-zü\\[\\]{} -]{0,12}", odd.prop_map(String::from)]
        .prop_filter_map("text", |text| Text::new(&text).ok())
        .boxed()
}

fn capabilities() -> Any<Vec<Capability>> {
    let word = prop_oneof![
        Just("IMAP4rev2"),
        Just("AUTH=PLAIN"),
        Just("APPENDLIMIT=5"),
        Just("APPENDLIMIT"),
        Just("LITERAL+"),
        Just("X-NEW"),
        Just("THREAD=REFERENCES"),
    ];
    vec(word.prop_map(|word| Capability::parse(word.into()).unwrap()), 0..5).boxed()
}

fn other_text() -> Any<OtherText> {
    "[a-z(){}\"% -]{1,9}".prop_filter_map("text", |text| OtherText::parse(text.into())).boxed()
}

fn code() -> Any<Code> {
    let one = prop_oneof![
        Just(Code::Alert),
        Just(Code::TryCreate),
        Just(Code::OverQuota),
        Just(Code::UidRequired),
        Just(Code::MetadataTooMany),
        Just(Code::MetadataNoPrivate),
        Just(Code::AnnotateTooBig),
        vec(string(), 0..3).prop_map(Code::BadCharset),
        capabilities().prop_map(Code::Capability),
        flags().prop_map(Code::PermanentFlags),
        nz().prop_map(Code::UidNext),
        nz().prop_map(Code::UidValidity),
        nz().prop_map(Code::Unseen),
    ];
    let two = prop_oneof![
        (nz(), ranges()).prop_map(|(uid_validity, uids)| Code::AppendUid { uid_validity, uids }),
        (nz(), ranges(), ranges()).prop_map(|(uid_validity, from, to)| Code::CopyUid {
            uid_validity,
            from,
            to
        }),
        other_text().prop_map(Code::BadUrl),
        other_text().prop_map(Code::Referral),
        option::of(other_text()).prop_map(Code::UrlMech),
        number64().prop_map(Code::HighestModSeq),
        seq_set().prop_map(Code::Modified),
        seq_set().prop_map(Code::Downgraded),
        object_id().prop_map(Code::MailboxId),
        any::<u32>().prop_map(Code::MetadataLongEntries),
        any::<u32>().prop_map(Code::MetadataMaxSize),
    ];
    let size = prop_oneof![
        Just(AnnotationSize::Unsupported),
        Just(AnnotationSize::ReadOnly),
        any::<u32>().prop_map(AnnotationSize::Octets),
    ];
    let three = prop_oneof![
        (size, any::<bool>()).prop_map(|(size, no_private)| Code::Annotations { size, no_private }),
        some(atom()).prop_map(Code::BadEvent),
        string().prop_map(Code::NoUpdate),
        (nstring(), option::of(any::<u32>()), option::of(nz()))
            .prop_map(|(tag, progress, goal)| Code::InProgress { tag, progress, goal }),
        (any::<u32>(), option::of(nz())).prop_map(|(limit, uid)| Code::MessageLimit { limit, uid }),
        atom().prop_map(Code::UndefinedFilter),
        "X[A-Z]{1,5}( [a-z(\" ]{1,9})?"
            .prop_filter_map("known", |text| OtherCode::parse(text.into()))
            .prop_map(Code::Other),
    ];
    prop_oneof![one, two, three].boxed()
}

fn resp_text() -> Any<RespText> {
    (option::of(code()), text()).prop_map(|(code, text)| RespText::new(code, text)).boxed()
}

fn delimiter() -> Any<Option<Delimiter>> {
    let one = prop_oneof![Just('/'), Just('"'), Just('\\'), Just('.'), Just(' ')];
    option::of(one.prop_map(|one| Delimiter::new(one).unwrap())).boxed()
}

fn raw() -> Any<Raw> {
    let values = prop_oneof![Just("a"), Just("(a (b) \"c)\")"), Just("{3}\r\n)\r\n"), Just("NIL")];
    values.prop_map(|value| Raw::parse(value.into()).unwrap()).boxed()
}

fn raw_pair() -> Any<Raw> {
    raw()
        .prop_map(|raw| Raw::parse([b"X-NEW[a b] ", raw.as_bytes()].concat().into()).unwrap())
        .boxed()
}

fn list() -> Any<List> {
    let attribute = prop_oneof![
        Just(ListAttribute::NoSelect),
        Just(ListAttribute::Trash),
        "X[A-Z]{1,5}".prop_map(|name| ListAttribute::Other(Keyword::new(name).unwrap())),
    ];
    let info = prop_oneof![
        Just(ChildInfo::Subscribed),
        string().prop_filter_map("known", |one| {
            (!one.is("SUBSCRIBED")).then_some(ChildInfo::Other(one))
        })
    ];
    let item = prop_oneof![
        some(info.boxed()).prop_map(ListItem::ChildInfo),
        mailbox().prop_map(ListItem::OldName),
        raw().prop_map(|value| ListItem::Other(IString::from_static("X-NEW"), value)),
    ];
    (vec(attribute, 0..3), delimiter(), mailbox(), vec(item, 0..3))
        .prop_map(|(attributes, delimiter, mailbox, items)| List {
            attributes,
            delimiter,
            mailbox,
            items,
        })
        .boxed()
}

fn namespaces() -> Any<Vec<Namespace>> {
    let extension =
        (string(), some(string())).prop_map(|(name, values)| NamespaceExtension { name, values });
    let one = (string(), delimiter(), vec(extension, 0..2))
        .prop_map(|(prefix, delimiter, extensions)| Namespace { prefix, delimiter, extensions });
    vec(one, 0..3).boxed()
}

fn status_item() -> Any<StatusItem> {
    prop_oneof![
        any::<u32>().prop_map(StatusItem::Messages),
        any::<u32>().prop_map(StatusItem::Recent),
        nz().prop_map(StatusItem::UidNext),
        nz().prop_map(StatusItem::UidValidity),
        any::<u32>().prop_map(StatusItem::Unseen),
        any::<u32>().prop_map(StatusItem::Deleted),
        number64().prop_map(StatusItem::DeletedStorage),
        number64().prop_map(StatusItem::Size),
        number64().prop_map(StatusItem::HighestModSeq),
        object_id().prop_map(StatusItem::MailboxId),
        option::of(number64()).prop_map(StatusItem::AppendLimit),
        raw_pair().prop_map(StatusItem::Raw),
    ]
    .boxed()
}

fn search_data() -> Any<SearchData> {
    let placed = || {
        let one =
            (any::<u32>(), ranges()).prop_map(|(position, numbers)| Placed { position, numbers });
        some(one.boxed())
    };
    let range = (any::<bool>(), nz(), nz()).prop_map(|(last, one, other)| {
        let range = UidRange::new(one, other);
        if last { PartialRange::Last(range) } else { PartialRange::First(range) }
    });
    prop_oneof![
        nz().prop_map(SearchData::Min),
        nz().prop_map(SearchData::Max),
        ranges().prop_map(SearchData::All),
        any::<u32>().prop_map(SearchData::Count),
        number64().prop_map(SearchData::ModSeq),
        (range, option::of(ranges())).prop_map(|(range, all)| SearchData::Partial(range, all)),
        placed().prop_map(SearchData::AddTo),
        placed().prop_map(SearchData::RemoveFrom),
        vec(any::<u8>(), 0..4).prop_map(SearchData::Relevancy),
        raw_pair().prop_map(SearchData::Raw),
    ]
    .boxed()
}

fn thread() -> Any<Thread> {
    let entry = (any::<prop::sample::Index>(), option::of(nz()));
    vec(entry, 0..12)
        .prop_filter_map("a missing one with less than two answers", |entries| {
            let mut next = 0;
            let entries = entries.into_iter().map(|(depth, number)| {
                let depth = u32::try_from(depth.index(next + 1)).unwrap();
                next = usize::try_from(depth).unwrap() + 1;
                ThreadEntry { depth, number }
            });
            Thread::new(entries.collect())
        })
        .boxed()
}

fn address() -> Any<Address> {
    (nstring(), nstring(), nstring(), nstring())
        .prop_map(|(name, adl, mailbox, host)| Address { name, adl, mailbox, host })
        .boxed()
}

fn envelope() -> Any<Envelope> {
    use AddressField::{Bcc, Cc, From, ReplyTo, Sender, To};
    let strings = (nstring(), nstring(), nstring(), nstring());
    (strings, prop::array::uniform6(vec(address(), 0..3)))
        .prop_map(|((date, subject, in_reply_to, message_id), lists)| {
            let mut all = Envelope::default();
            (all.date, all.subject) = (date, subject);
            (all.in_reply_to, all.message_id) = (in_reply_to, message_id);
            // In any order.
            for (field, list) in [Bcc, From, Cc, Sender, To, ReplyTo].into_iter().zip(lists) {
                all.set_addresses(field, list.clone());
                assert_eq!(all.addresses(field), list);
            }
            all
        })
        .boxed()
}

fn parameters() -> Any<Parameters> {
    vec((string(), string()), 0..3).prop_map(Parameters::from_iter).boxed()
}

fn extension() -> Any<BodyExtension> {
    let disposition = option::of(
        (string(), parameters()).prop_map(|(kind, parameters)| Disposition { kind, parameters }),
    );
    (disposition, vec(string(), 0..3), nstring(), vec(raw(), 0..2))
        .prop_map(|(disposition, language, location, more)| BodyExtension {
            disposition,
            language,
            location,
            more,
        })
        .boxed()
}

fn part(kind: Any<BodyKind>) -> Any<Body> {
    let strings = (nstring(), nstring(), string());
    let extension = option::of((nstring(), extension()));
    (kind, parameters(), strings, number64(), extension)
        .prop_map(|(kind, parameters, (id, description, encoding), octets, extension)| {
            Body::Part(Part { kind, parameters, id, description, encoding, octets, extension })
        })
        .boxed()
}

fn body() -> Any<Body> {
    let kind = prop_oneof![
        (string(), number64()).prop_map(|(subtype, lines)| BodyKind::Text { subtype, lines }),
        (string(), string())
            .prop_filter_map("its own kind", |(kind, subtype)| MediaType::new(kind, subtype))
            .prop_map(BodyKind::Basic),
    ];
    part(kind.boxed())
        .prop_recursive(3, 8, 3, |inner| {
            let extension = option::of((parameters(), extension()));
            let multipart = (some(inner.clone().boxed()), string(), extension).prop_map(
                |(parts, subtype, extension)| {
                    Body::Multipart(Multipart { parts, subtype, extension })
                },
            );
            let message = (any::<bool>(), envelope(), inner, number64()).prop_map(
                |(global, envelope, body, lines)| BodyKind::Message {
                    global,
                    envelope: envelope.into(),
                    body: body.into(),
                    lines,
                },
            );
            prop_oneof![multipart, part(message.boxed())]
        })
        .boxed()
}

fn section() -> Any<Section> {
    let names = || vec(string(), 1..3).prop_map(|names| FieldNames::new(names).unwrap());
    let text = prop_oneof![
        Just(SectionText::Header),
        Just(SectionText::Text),
        Just(SectionText::Mime),
        names().prop_map(SectionText::HeaderFields),
        names().prop_map(SectionText::HeaderFieldsNot),
    ];
    (vec(nz(), 0..3), option::of(text))
        .prop_filter_map("MIME of no part", |(part, text)| Section::new(part, text))
        .boxed()
}

fn content() -> Any<Content> {
    let octets = vec(any::<u8>(), 0..9).prop_map(|octets| Content::Octets(octets.into()));
    prop_oneof![Just(Content::Nil), octets].boxed()
}

fn item() -> Any<FetchItem> {
    let value = || option::of(vec(any::<u8>(), 0..9).prop_map(bytes::Bytes::from));
    let annotation = (string(), some((string(), value()).boxed()))
        .prop_map(|(entry, attributes)| Annotation { entry, attributes });
    let label = prop_oneof![string(), Just(IString::from_static("\\Inbox"))];
    let content_items = prop_oneof![
        (section(), option::of(any::<u32>()), content()).prop_map(|(section, origin, content)| {
            FetchItem::Section { section, origin, content }
        }),
        (vec(nz(), 0..3), option::of(any::<u32>()), content())
            .prop_map(|(part, origin, content)| FetchItem::Binary { part, origin, content }),
        (vec(nz(), 0..3), number64()).prop_map(|(part, size)| FetchItem::BinarySize { part, size }),
        content().prop_map(FetchItem::Rfc822),
        content().prop_map(FetchItem::Rfc822Header),
        content().prop_map(FetchItem::Rfc822Text),
    ];
    let plain = prop_oneof![
        flags().prop_map(FetchItem::Flags),
        nz().prop_map(FetchItem::Uid),
        date_time().prop_map(FetchItem::InternalDate),
        number64().prop_map(FetchItem::Size),
        number64().prop_map(FetchItem::ModSeq),
        object_id().prop_map(FetchItem::EmailId),
        option::of(object_id()).prop_map(FetchItem::ThreadId),
        option::of(date_time()).prop_map(FetchItem::SaveDate),
        nstring().prop_map(FetchItem::Preview),
        some(annotation.boxed()).prop_map(FetchItem::Annotation),
    ];
    prop_oneof![
        envelope().prop_map(|envelope| FetchItem::Envelope(envelope.into())),
        body().prop_map(|body| FetchItem::Body(body.into())),
        body().prop_map(|body| FetchItem::BodyStructure(body.into())),
        content_items,
        plain,
        any::<u64>().prop_map(FetchItem::GmailMessageId),
        any::<u64>().prop_map(FetchItem::GmailThreadId),
        vec(label, 0..3).prop_map(FetchItem::GmailLabels),
        raw_pair().prop_map(FetchItem::Raw),
    ]
    .boxed()
}

fn fetch() -> Any<Response> {
    (nz(), any::<bool>(), vec(item(), 1..4))
        .prop_map(|(number, by_uid, items)| Response::Fetch(Fetch { number, by_uid, items }))
        .boxed()
}

fn extensions() -> Any<Response> {
    let resource = (atom(), number64(), number64()).prop_map(|(name, usage, limit)| ResourceUse {
        name,
        usage,
        limit,
    });
    let value = option::of(vec(any::<u8>(), 0..9).prop_map(bytes::Bytes::from));
    let entries = prop_oneof![
        some((string(), value).boxed()).prop_map(MetadataEntries::Values),
        some(string()).prop_map(MetadataEntries::Names),
    ];
    let url = (string(), nstring()).prop_map(|(url, data)| UrlFetch { url, data });
    prop_oneof![
        (string(), vec(resource, 0..3))
            .prop_map(|(root, resources)| Response::Quota(Quota { root, resources })),
        (mailbox(), vec(string(), 0..3))
            .prop_map(|(mailbox, roots)| Response::QuotaRoot(QuotaRoot { mailbox, roots })),
        (mailbox(), vec((string(), string()), 0..3))
            .prop_map(|(mailbox, entries)| Response::Acl(Acl { mailbox, entries })),
        (mailbox(), string(), string(), vec(string(), 0..3)).prop_map(
            |(mailbox, identifier, required, optional)| {
                Response::ListRights(ListRights { mailbox, identifier, required, optional })
            }
        ),
        (mailbox(), string())
            .prop_map(|(mailbox, rights)| Response::MyRights(MyRights { mailbox, rights })),
        (mailbox(), entries)
            .prop_map(|(mailbox, entries)| Response::Metadata(Metadata { mailbox, entries })),
        vec((string(), nstring()), 0..4).prop_map(|all| Response::Id(Id::new(all).unwrap())),
        some(string()).prop_map(|all| Response::Language(Languages(all))),
        (string(), vec(string(), 0..3)).prop_map(|(active, matching)| {
            Response::Comparator(Comparator { active, matching })
        }),
        some(string()).prop_map(Response::GenUrlAuth),
        some(url.boxed()).prop_map(Response::UrlFetch),
        string().prop_map(Response::JmapAccess),
    ]
    .boxed()
}

pub(crate) fn response() -> Any<Response> {
    let condition = || prop_oneof![Just(Condition::Ok), Just(Condition::No), Just(Condition::Bad)];
    let conditions = prop_oneof![
        ("[A-Za-z0-9]{1,5}", condition(), resp_text()).prop_map(|(tag, condition, text)| {
            Response::Tagged { tag: Tag::new(tag).unwrap(), condition, text }
        }),
        (condition(), resp_text())
            .prop_map(|(condition, text)| Response::Condition { condition, text }),
        resp_text().prop_map(Response::Preauth),
        resp_text().prop_map(Response::Bye),
        "[a-zA-Z0-9= ]{0,9}".prop_map(|text| Response::Continuation(Text::new(&text).unwrap())),
        capabilities().prop_map(Response::Capability),
        capabilities().prop_map(Response::Enabled),
    ];
    let mailboxes = prop_oneof![
        list().prop_map(Response::List),
        list().prop_map(Response::Lsub),
        (namespaces(), namespaces(), namespaces()).prop_map(|(personal, other_users, shared)| {
            Response::Namespace(Namespaces { personal, other_users, shared })
        }),
        (mailbox(), vec(status_item(), 0..4))
            .prop_map(|(mailbox, items)| Response::Status(MailboxStatus { mailbox, items })),
        flags().prop_map(Response::Flags),
        any::<u32>().prop_map(Response::Exists),
        any::<u32>().prop_map(Response::Recent),
        nz().prop_map(Response::Expunge),
        (any::<bool>(), ranges()).prop_map(|(earlier, uids)| Response::Vanished { earlier, uids }),
    ];
    let found = prop_oneof![
        (option::of(numbers()), option::of(number64()))
            .prop_map(|(numbers, mod_seq)| Response::Search(Search { numbers, mod_seq })),
        (vec(nz(), 0..5), option::of(number64()))
            .prop_map(|(numbers, mod_seq)| Response::Sort(Sort { numbers, mod_seq })),
        thread().prop_map(Response::Thread),
        (nstring(), option::of((mailbox(), nz())), any::<bool>(), vec(search_data(), 0..4))
            .prop_map(|(tag, mailbox, uid, data)| {
                Response::Esearch(Esearch { tag, mailbox, uid, data })
            }),
        Just(Response::Raw(Raw::parse("X-NEW (a) {2}\r\nab c".into()).unwrap())),
    ];
    prop_oneof![conditions, mailboxes, found, extensions(), fetch(), fetch()].boxed()
}
