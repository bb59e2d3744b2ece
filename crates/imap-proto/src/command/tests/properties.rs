//! Whatever is written is read again.
use alloc::vec;
use core::num::NonZeroU32;

use proptest::{collection::vec, option, prelude::*};
use proto_core::{Input, Secret};
use sasl::Mechanism;

use super::*;
use crate::{
    Atom, Date, DateTime, FieldNames, Keyword, Literals, Number64, ObjectId, PartialRange, Range,
    Section, SectionText, SeqNumber, UidRange, UidSet,
};

fn string() -> impl Strategy<Value = IString> {
    prop_oneof!["[a-z]{1,6}", "[ -~]{0,8}", "(nil|NIL|\\PC{0,4}|[\r\n\"\\\\%*]{0,4})",]
        .prop_map(|text| IString::new(text.into_bytes()).unwrap())
}

/// Octets that need not be text, without NUL.
fn octets() -> impl Strategy<Value = IString> {
    vec(1..=255_u8, 0..6).prop_map(|octets| IString::new(octets).unwrap())
}

fn value() -> impl Strategy<Value = Option<Bytes>> {
    option::of(vec(any::<u8>(), 0..6).prop_map(Bytes::from))
}

fn mailbox() -> impl Strategy<Value = Mailbox> {
    prop_oneof![string(), octets(), Just(IString::from_static("iNbOx"))]
        .prop_map(|name| Mailbox::new(name.into_bytes()).unwrap())
}

fn pattern() -> impl Strategy<Value = ListMailbox> {
    string().prop_map(|name| ListMailbox::new(name.into_bytes()).unwrap())
}

fn atom() -> impl Strategy<Value = Atom> {
    "[A-Z]{2}-[a-z+$&]{1,4}".prop_map(|name| Atom::new(name).unwrap())
}

fn tag() -> impl Strategy<Value = Tag> {
    "[A-Za-z0-9.\\]]{1,5}".prop_map(|name| Tag::new(name).unwrap())
}

fn number() -> impl Strategy<Value = NonZeroU32> {
    (1..=u32::MAX).prop_map(|number| NonZeroU32::new(number).unwrap())
}

fn number64() -> impl Strategy<Value = Number64> {
    (0..=u64::MAX >> 1).prop_map(|number| Number64::new(number).unwrap())
}

fn mod_seq() -> impl Strategy<Value = Number64> {
    (1..=u64::MAX >> 1).prop_map(|number| Number64::new(number).unwrap())
}

fn seq_number() -> impl Strategy<Value = SeqNumber> {
    prop_oneof![Just(SeqNumber::Largest), number().prop_map(SeqNumber::Number)]
}

fn messages() -> impl Strategy<Value = MessageSet> {
    let range = (seq_number(), seq_number()).prop_map(|(from, to)| Range { from, to });
    prop_oneof![
        Just(MessageSet::Saved),
        vec(range, 1..4).prop_map(|ranges| crate::SeqSet::new(ranges).unwrap().into()),
    ]
}

fn uid_set(count: usize) -> impl Strategy<Value = UidSet> {
    vec(number(), count).prop_map(|numbers| UidSet::from_numbers(numbers).unwrap())
}

fn numbering() -> impl Strategy<Value = Numbering> {
    prop_oneof![Just(Numbering::Sequence), Just(Numbering::Uid)]
}

fn date() -> impl Strategy<Value = Date> {
    (0..=9999_u16, 1..=12_u8, 1..=28_u8)
        .prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
}

fn date_time() -> impl Strategy<Value = DateTime> {
    (date(), 0..24_u8, 0..60_u8, 0..60_u8, -720..=840_i16).prop_map(
        |(date, hour, minute, second, zone)| {
            DateTime::new(date, [hour, minute, second], zone).unwrap()
        },
    )
}

fn flags() -> impl Strategy<Value = Flags> {
    let keyword = || atom().prop_map(|name| Keyword::new(name.as_bytes().to_vec()).unwrap());
    let flag = prop_oneof![
        Just(Flag::Seen),
        Just(Flag::Deleted),
        keyword().prop_map(Flag::Keyword),
        keyword().prop_map(Flag::Other),
    ];
    vec(flag, 0..4).prop_map(Flags::from_iter)
}

fn some<T: core::fmt::Debug + Clone>(
    item: impl Strategy<Value = T>,
) -> impl Strategy<Value = NotEmpty<T>> {
    vec(item, 1..4).prop_map(|items| NotEmpty::new(items).unwrap())
}

fn annotation() -> impl Strategy<Value = Annotation> {
    let of =
        (string(), value()).prop_map(|(attribute, value)| AnnotationValue { attribute, value });
    (string(), some(of)).prop_map(|(entry, values)| Annotation { entry, values })
}

fn scope() -> impl Strategy<Value = AnnotationScope> {
    prop_oneof![
        Just(AnnotationScope::Both),
        Just(AnnotationScope::Private),
        Just(AnnotationScope::Shared),
    ]
}

fn section() -> impl Strategy<Value = Section> {
    let names = || vec(string(), 1..3).prop_map(|names| FieldNames::new(names).unwrap());
    let text = prop_oneof![
        Just(SectionText::Header),
        Just(SectionText::Text),
        Just(SectionText::Mime),
        names().prop_map(SectionText::HeaderFields),
        names().prop_map(SectionText::HeaderFieldsNot),
    ];
    (vec(number(), 0..3), option::of(text))
        .prop_filter_map("no MIME of a message", |(part, text)| Section::new(part, text))
}

fn partial() -> impl Strategy<Value = Option<Partial>> {
    option::of(
        (number64(), mod_seq()).prop_map(|(start, count)| Partial::new(start, count).unwrap()),
    )
}

fn item() -> BoxedStrategy<FetchItem> {
    let simple = [
        FetchItem::Envelope,
        FetchItem::Flags,
        FetchItem::InternalDate,
        FetchItem::Rfc822Size,
        FetchItem::Rfc822,
        FetchItem::Rfc822Header,
        FetchItem::Rfc822Text,
        FetchItem::Body,
        FetchItem::BodyStructure,
        FetchItem::Uid,
        FetchItem::ModSeq,
        FetchItem::EmailId,
        FetchItem::ThreadId,
        FetchItem::SaveDate,
        FetchItem::GmailMessageId,
        FetchItem::GmailThreadId,
        FetchItem::GmailLabels,
    ];
    prop_oneof![
        proptest::sample::select(simple.to_vec()),
        (any::<bool>(), section(), partial()).prop_map(|(peek, section, partial)| {
            FetchItem::BodySection { peek, section, partial }
        }),
        (any::<bool>(), vec(number(), 0..3), partial())
            .prop_map(|(peek, part, partial)| FetchItem::Binary { peek, part, partial }),
        vec(number(), 0..3).prop_map(FetchItem::BinarySize),
        any::<bool>().prop_map(|lazy| FetchItem::Preview { lazy }),
        (some(pattern()), some(string())).prop_map(|(entries, attributes)| {
            FetchItem::Annotation(AnnotationQuery { entries, attributes })
        }),
    ]
    .boxed()
}

fn page() -> impl Strategy<Value = PartialRange> {
    prop_oneof![
        (number(), number())
            .prop_map(|(one, other)| PartialRange::First(UidRange::new(one, other))),
        (number(), number()).prop_map(|(one, other)| PartialRange::Last(UidRange::new(one, other))),
    ]
}

fn key() -> BoxedStrategy<SearchKey> {
    let simple = [
        SearchKey::All,
        SearchKey::New,
        SearchKey::Unanswered,
        SearchKey::SaveDateSupported,
        SearchKey::Undraft,
    ];
    let object = || "[A-Za-z0-9_-]{1,9}".prop_map(|id| ObjectId::new(id).unwrap());
    let keyword = || atom().prop_map(|name| Keyword::new(name.as_bytes().to_vec()).unwrap());
    let entry = (string(), proptest::sample::select([EntryType::All, EntryType::Shared].to_vec()));
    prop_oneof![
        proptest::sample::select(simple.to_vec()),
        string().prop_map(SearchKey::Subject),
        octets().prop_map(SearchKey::Text),
        string().prop_map(SearchKey::GmailRaw),
        string().prop_map(SearchKey::GmailLabel),
        date().prop_map(SearchKey::SentSince),
        date().prop_map(SearchKey::SavedOn),
        (string(), string()).prop_map(|field| SearchKey::Header(field.into())),
        keyword().prop_map(SearchKey::Keyword),
        keyword().prop_map(SearchKey::Unkeyword),
        number64().prop_map(SearchKey::Larger),
        number64().prop_map(SearchKey::Smaller),
        messages().prop_map(SearchKey::Uid),
        messages().prop_map(SearchKey::Numbers),
        number().prop_map(SearchKey::Older),
        number().prop_map(SearchKey::Younger),
        object().prop_map(SearchKey::EmailId),
        object().prop_map(SearchKey::ThreadId),
        any::<u64>().prop_map(SearchKey::GmailMessageId),
        any::<u64>().prop_map(SearchKey::GmailThreadId),
        (option::of(entry), number64())
            .prop_map(|(entry, least)| SearchKey::ModSeq(ModSeqKey { entry, least }.into())),
        (pattern(), scope(), value()).prop_map(|(entry, whose, value)| {
            SearchKey::Annotation(AnnotationKey { entry, whose, value }.into())
        }),
    ]
    .boxed()
}

fn criteria() -> BoxedStrategy<Criteria> {
    key()
        .prop_map(Criteria::from)
        .prop_recursive(5, 20, 3, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(one, other)| one.or(other)),
                (inner.clone(), inner.clone()).prop_map(|(one, other)| one.and(other)),
                inner.clone().prop_map(Criteria::negated),
                inner.clone().prop_map(Criteria::fuzzy),
                vec(inner.clone(), 1..4).prop_map(|all| Criteria::any(all).unwrap()),
                vec(inner, 1..4).prop_map(|all| Criteria::all(all).unwrap()),
            ]
        })
        .boxed()
}

fn returns() -> BoxedStrategy<Option<SearchReturns>> {
    let update = option::of(vec(item(), 0..3));
    let returns = (any::<[bool; 7]>(), update, option::of(page())).prop_map(
        |([min, max, all, count, save, relevancy, context], update, partial)| SearchReturns {
            min,
            max,
            all,
            count,
            save,
            relevancy,
            context,
            update,
            partial,
        },
    );
    option::of(returns).boxed()
}

fn charset() -> impl Strategy<Value = Charset> {
    prop_oneof![Just(Charset::UTF_8), Just(Charset::US_ASCII), Just(Charset::new("{x}%").unwrap()),]
}

fn search() -> BoxedStrategy<Command> {
    let order = (
        any::<bool>(),
        prop_oneof![
            Just(SortKey::Arrival),
            Just(SortKey::DisplayTo),
            Just(SortKey::Relevancy),
            (string(), scope()).prop_map(|(entry, scope)| SortKey::Annotation(entry, scope)),
        ],
    );
    let order = some(order.prop_map(|(reverse, key)| SortCriterion { reverse, key }));
    let sources = option::of(some(filter()).prop_filter_map("no delay", SearchSources::new));
    prop_oneof![
        (numbering(), returns(), option::of(charset()), criteria()).prop_map(
            |(numbering, returns, charset, criteria)| {
                Command::Search(Search { numbering, returns, charset, criteria })
            }
        ),
        (numbering(), returns(), order, charset(), criteria()).prop_map(
            |(numbering, returns, order, charset, criteria)| {
                Command::Sort(Sort { numbering, returns, order, charset, criteria })
            }
        ),
        (numbering(), option::of(atom()), charset(), criteria()).prop_map(
            |(numbering, algorithm, charset, criteria)| {
                let algorithm =
                    algorithm.map_or(ThreadAlgorithm::References, ThreadAlgorithm::Other);
                Command::Thread(Thread { numbering, algorithm, charset, criteria })
            }
        ),
        (sources, returns(), option::of(charset()), criteria()).prop_map(
            |(sources, returns, charset, criteria)| {
                Command::MultiSearch(MultiSearch { sources, returns, charset, criteria })
            }
        ),
    ]
    .boxed()
}

fn filter() -> impl Strategy<Value = MailboxFilter> {
    prop_oneof![
        Just(MailboxFilter::Selected),
        Just(MailboxFilter::SelectedDelayed),
        Just(MailboxFilter::Inboxes),
        some(mailbox()).prop_map(MailboxFilter::Subtree),
        some(mailbox()).prop_map(MailboxFilter::SubtreeOne),
        some(mailbox()).prop_map(MailboxFilter::Mailboxes),
    ]
}

fn notify() -> BoxedStrategy<Command> {
    let event = prop_oneof![
        vec(item(), 0..3).prop_map(NotifyEvent::MessageNew),
        Just(NotifyEvent::MessageExpunge),
        Just(NotifyEvent::ServerMetadataChange),
        atom().prop_map(NotifyEvent::Other),
    ];
    let group = (filter(), vec(event, 0..3))
        .prop_map(|(mailboxes, events)| EventGroup { mailboxes, events });
    prop_oneof![
        Just(Command::Notify(Notify::None)),
        (any::<bool>(), some(group))
            .prop_map(|(status, groups)| Command::Notify(Notify::Set { status, groups })),
    ]
    .boxed()
}

fn fetch() -> BoxedStrategy<Command> {
    let items = prop_oneof![
        Just(FetchItems::All),
        Just(FetchItems::Full),
        some(item()).prop_map(FetchItems::These),
    ];
    let changed = (number64(), any::<bool>())
        .prop_map(|(mod_seq, vanished)| ChangedSince { mod_seq, vanished });
    let modifiers = (option::of(changed), option::of(page()))
        .prop_map(|(changed_since, partial)| FetchModifiers { changed_since, partial });
    (numbering(), messages(), items, modifiers)
        .prop_map(|(numbering, messages, items, modifiers)| {
            Command::Fetch(Fetch { numbering, messages, items, modifiers })
        })
        .boxed()
}

fn store() -> BoxedStrategy<Command> {
    let change =
        || proptest::sample::select([Change::Add, Change::Remove, Change::Replace].to_vec());
    let data =
        prop_oneof![
            (change(), any::<bool>(), flags())
                .prop_map(|(change, silent, flags)| StoreData::Flags { change, silent, flags }),
            (
                change(),
                any::<bool>(),
                vec(prop_oneof![string(), Just(IString::from_static("\\Inbox"))], 0..3)
            )
                .prop_map(|(change, silent, labels)| StoreData::GmailLabels {
                    change,
                    silent,
                    labels
                }),
            some(annotation()).prop_map(StoreData::Annotations),
        ];
    (numbering(), messages(), option::of(number64()), data)
        .prop_map(|(numbering, messages, unchanged_since, data)| {
            Command::Store(Store { numbering, messages, unchanged_since, data })
        })
        .boxed()
}

fn list() -> BoxedStrategy<Command> {
    let selection = any::<[bool; 4]>().prop_map(|[subscribed, special, remote, recursive]| {
        let mut selection = ListSelection::default();
        for (is_wanted, add) in [
            (subscribed, ListSelection::subscribed as fn(ListSelection) -> ListSelection),
            (special, ListSelection::special_use),
            (remote, ListSelection::remote),
            (recursive, ListSelection::recursive_match),
        ] {
            selection = if is_wanted { add(selection) } else { selection };
        }
        selection
    });
    let status = some(proptest::sample::select(
        [StatusItem::Messages, StatusItem::MailboxId, StatusItem::DeletedStorage].to_vec(),
    ));
    let entry = "/[a-z/]{1,5}".prop_map(|name| Entry::new(&name).unwrap());
    let returns = (any::<[bool; 4]>(), option::of(status), option::of(some(entry))).prop_map(
        |([subscribed, children, special_use, my_rights], status, metadata)| ListReturns {
            subscribed,
            children,
            special_use,
            my_rights,
            status,
            metadata,
        },
    );
    let patterns = prop_oneof![
        pattern().prop_map(ListPatterns::One),
        some(pattern()).prop_map(ListPatterns::Many),
    ];
    (option::of(selection), mailbox(), patterns, option::of(returns))
        .prop_map(|(selection, reference, patterns, returns)| {
            Command::List(List { selection, reference, patterns, returns })
        })
        .boxed()
}

fn select() -> BoxedStrategy<Command> {
    let numbered = (1..3_usize).prop_flat_map(|count| (uid_set(count), uid_set(count)));
    let qresync = (number(), number64(), option::of(uid_set(2)), numbered).prop_map(
        |(uid_validity, mod_seq, known, (numbers, uids))| QResync {
            uid_validity,
            mod_seq,
            known,
            numbered: KnownUids::new(numbers, uids),
        },
    );
    (mailbox(), any::<bool>(), any::<bool>(), option::of(qresync))
        .prop_map(|(mailbox, condstore, annotate, qresync)| {
            let parameters = SelectParameters { condstore, annotate, qresync };
            Command::Select(Select { mailbox, parameters })
        })
        .boxed()
}

fn metadata() -> BoxedStrategy<Command> {
    let entry = || "/[ a-z/]{1,5}".prop_map(|name| Entry::new(&name).unwrap());
    let depth = option::of(proptest::sample::select([Depth::Zero, Depth::Infinity].to_vec()));
    prop_oneof![
        (mailbox(), some(entry()), option::of(any::<u32>()), depth).prop_map(
            |(mailbox, entries, max_size, depth)| {
                Command::GetMetadata(GetMetadata { mailbox, entries, max_size, depth })
            }
        ),
        (mailbox(), some((entry(), value())))
            .prop_map(|(mailbox, values)| Command::SetMetadata(SetMetadata { mailbox, values })),
    ]
    .boxed()
}

fn administration() -> BoxedStrategy<Command> {
    let change = proptest::sample::select([Change::Add, Change::Remove, Change::Replace].to_vec());
    let rights = "[a-z0-9]{0,5}".prop_map(|rights| Rights::new(rights).unwrap());
    let resource = prop_oneof![Just(Resource::Storage), atom().prop_map(Resource::Other)];
    let rump = (string(), atom()).prop_map(|(url, mechanism)| UrlRump { url, mechanism });
    prop_oneof![
        (mailbox(), string(), change, rights).prop_map(|(mailbox, identifier, change, rights)| {
            Command::SetAcl(SetAcl { mailbox, identifier, change, rights })
        }),
        (mailbox(), string())
            .prop_map(|(mailbox, identifier)| Command::DeleteAcl { mailbox, identifier }),
        (mailbox(), string())
            .prop_map(|(mailbox, identifier)| Command::ListRights { mailbox, identifier }),
        (string(), vec((resource, number64()), 0..3))
            .prop_map(|(root, limits)| Command::SetQuota(SetQuota { root, limits })),
        string().prop_map(Command::GetQuota),
        some(rump).prop_map(Command::GenUrlAuth),
        some(string()).prop_map(Command::UrlFetch),
        option::of((mailbox(), vec(atom(), 0..3))).prop_map(|reset| {
            Command::ResetKey(reset.map_or(ResetKey::All, |(mailbox, mechanisms)| {
                ResetKey::Mailbox { mailbox, mechanisms }
            }))
        }),
    ]
    .boxed()
}

fn session() -> BoxedStrategy<Command> {
    let secret = option::of(vec(any::<u8>(), 0..9).prop_map(Secret::from));
    prop_oneof![
        proptest::sample::select(
            [Command::Noop, Command::Idle, Command::Compress, Command::GetJmapAccess].to_vec()
        ),
        (octets(), octets()).prop_map(|(user, password)| {
            let password = Password::new(Secret::from(password.into_bytes())).unwrap();
            Command::Login(Login { user, password })
        }),
        secret.prop_map(|initial| {
            Command::Authenticate(Authenticate { mechanism: Mechanism::PLAIN, initial })
        }),
        option::of(vec((string(), option::of(string())), 0..3)).prop_map(Command::Id),
        vec(string(), 0..3).prop_map(Command::Language),
        vec(string(), 0..3).prop_map(Command::Comparator),
        some(tag()).prop_map(Command::CancelUpdate),
        some(atom().prop_map(|name| {
            Capability::parse(Bytes::copy_from_slice(name.as_bytes())).unwrap()
        }))
        .prop_map(Command::Enable),
        (number(), option::of((number(), number())))
            .prop_map(|(size, batches)| Command::UidBatches { size, batches }),
    ]
    .boxed()
}

fn mailboxes() -> BoxedStrategy<Command> {
    let uses = prop_oneof![Just(SpecialUse::Junk), atom().prop_map(SpecialUse::Other)];
    prop_oneof![
        mailbox().prop_map(Command::Delete),
        mailbox().prop_map(Command::Append),
        (mailbox(), mailbox()).prop_map(|(from, to)| Command::Rename { from, to }),
        (mailbox(), pattern())
            .prop_map(|(reference, pattern)| Command::Lsub { reference, pattern }),
        (mailbox(), option::of(vec(uses, 0..3)))
            .prop_map(|(mailbox, uses)| Command::Create(Create { mailbox, uses })),
        (mailbox(), some(Just(StatusItem::Unseen)))
            .prop_map(|(mailbox, items)| Command::Status(Status { mailbox, items })),
        (numbering(), messages(), mailbox()).prop_map(|(numbering, messages, mailbox)| {
            Command::Move { numbering, messages, mailbox }
        }),
        (numbering(), messages(), mailbox()).prop_map(|(numbering, messages, mailbox)| {
            Command::Copy { numbering, messages, mailbox }
        }),
        (numbering(), seq_number(), mailbox()).prop_map(|(numbering, number, mailbox)| {
            Command::Replace(Replace { numbering, number, mailbox })
        }),
        messages().prop_map(Command::UidExpunge),
    ]
    .boxed()
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        search(),
        notify(),
        fetch(),
        store(),
        list(),
        select(),
        metadata(),
        administration(),
        session(),
        mailboxes(),
    ]
}

fn dialect() -> impl Strategy<Value = Dialect> {
    let literals = [Literals::Synchronizing, Literals::Minus, Literals::Plus];
    (any::<bool>(), proptest::sample::select(literals.to_vec()))
        .prop_map(|(utf8, literals)| Dialect { utf8, literals })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(tag in tag(), command in command(), dialect in dialect()) {
        let tagged = Tagged { tag, command };
        let mut out = BytesMut::new();
        let waits = tagged.write(dialect, &mut out);
        let are_announced = waits.iter().all(|at| out[..*at].ends_with(b"}\r\n"));
        prop_assert!(are_announced);
        if !tagged.command.brings_messages() {
            prop_assert_eq!(&out.split_off(out.len() - 2)[..], b"\r\n");
        }
        prop_assert_eq!(Tagged::parse(out.freeze()), Ok(tagged));
    }

    #[test]
    fn what_a_client_writes_a_server_reads(command in command(), dialect in dialect()) {
        prop_assume!(!command.brings_messages());
        let tagged = Tagged { tag: Tag::new("A").unwrap(), command };
        let mut out = BytesMut::new();
        let waits = tagged.write(dialect, &mut out);
        let (mut input, mut reader) = (Input::default(), Reader::default());
        let mut from = 0;
        for to in waits.into_iter().chain([out.len()]) {
            if from > 0 {
                prop_assert_eq!(reader.next(&mut input), Ok(Some(Event::Continue)));
                prop_assert_eq!(reader.next(&mut input), Ok(None));
            }
            input.push(&out[from..to]);
            from = to;
        }
        prop_assert_eq!(reader.next(&mut input), Ok(Some(Event::Command(tagged))));
        prop_assert_eq!(reader.next(&mut input), Ok(None));
    }

    #[test]
    fn messages_that_are_written_are_read_again(
        starts in vec(
            (flags(), option::of(date_time()), vec(annotation(), 0..3), 0..3_u8), 1..4,
        ),
    ) {
        let dialect = Dialect { utf8: false, literals: Literals::Plus };
        let command = Command::Append(Mailbox::new("x").unwrap());
        let mut writer = AppendWriter::new(&command, dialect).unwrap();
        let tagged = Tagged { tag: Tag::new("A").unwrap(), command };
        let mut out = BytesMut::new();
        tagged.write(dialect, &mut out);
        let mut expected = alloc::vec![Event::Command(tagged)];
        let mut put = |part: AppendPart, out: &mut BytesMut, expected: &mut Vec<Event>| {
            assert!(writer.part(&part, out).is_some());
            expected.push(Event::Part(part));
        };
        for (flags, date, annotations, form) in starts {
            let form = [MessageForm::Plain, MessageForm::Utf8, MessageForm::Catenate]
                [usize::from(form)];
            let start = MessageStart { flags, date, annotations, form };
            put(AppendPart::Message(start), &mut out, &mut expected);
            let binary = form == MessageForm::Utf8;
            let text = crate::frame::Literal { size: 0, synchronizing: false, binary };
            put(AppendPart::Text(text), &mut out, &mut expected);
        }
        prop_assert!(writer.end(&mut out));
        expected.push(Event::End);
        let (mut input, mut reader) = (Input::default(), Reader::default());
        input.push(&out);
        for event in expected {
            prop_assert_eq!(reader.next(&mut input), Ok(Some(event.clone())));
            if matches!(event, Event::Part(AppendPart::Text(_))) {
                reader.accept();
            }
        }
    }

    #[test]
    fn criteria_match_as_their_terms_say(criteria in criteria(), truths in vec(any::<bool>(), 20)) {
        // The same, from the end: each operator takes what was found last.
        let truth = |key: &SearchKey| truths[alloc::format!("{key:?}").len() % truths.len()];
        let mut found = Vec::<bool>::new();
        for term in criteria.terms().iter().rev() {
            let value = match term {
                Term::Key(key) => truth(key),
                Term::Not => !found.pop().unwrap(),
                Term::Fuzzy => found.pop().unwrap(),
                Term::Or => found.pop().unwrap() | found.pop().unwrap(),
                Term::All(count) => (0..*count).fold(true, |all, _| all & found.pop().unwrap()),
            };
            found.push(value);
        }
        prop_assert_eq!(criteria.matches(truth), found.into_iter().all(|value| value));
    }

    #[test]
    fn any_line_is_a_command_or_a_mistake(line in "(UID )?[A-Z]{3,6} [ -~]{0,30}") {
        let _ = Command::parse(line.into());
    }
}
