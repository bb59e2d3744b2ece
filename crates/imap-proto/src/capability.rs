//! Capabilities.
use bytes::Bytes;

use crate::{
    Atom, Number64, ParseErrorKind,
    cursor::{Cursor, Parsed},
    octets::NOT_ATOM,
    writer::Writer,
};

/// Makes the enum of the capabilities that are one word, and the table of their names.
macro_rules! capabilities {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What a server offers (RFC 9051 §7.2.2), by its name in the registry.
        ///
        /// ```
        /// use imap_proto::Capability;
        ///
        /// assert_eq!(Capability::parse("idle".into()), Some(Capability::Idle));
        /// let other = Capability::parse("X-NEW".into());
        /// assert!(matches!(other, Some(Capability::Other(_))));
        /// ```
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Capability {
            $($(#[$doc])* $name,)*
            /// `AUTH=…`: a SASL mechanism for AUTHENTICATE (RFC 9051 §6.2.2).
            Auth(Atom),
            /// `APPENDLIMIT`, perhaps with the limit of every mailbox (RFC 7889 §2).
            AppendLimit(Option<Number64>),
            /// `MESSAGELIMIT=…`: how many messages one command reaches (RFC 9738).
            MessageLimit(u32),
            /// `SAVELIMIT=…`: how many messages `$` holds (RFC 9738).
            SaveLimit(u32),
            /// `UIDBATCHES=…`: the size of a batch at least (RFC 10022).
            UidBatches(u32),
            /// `QUOTA=RES-…`: a resource that quotas limit (RFC 9208 §3.1).
            QuotaResource(Atom),
            /// `RIGHTS=…`: rights that the server knows besides the common ones (RFC 4314 §2.2).
            Rights(Atom),
            /// `THREAD=…`: an algorithm of THREAD (RFC 5256).
            Thread(Atom),
            /// Any other, whole.
            Other(Atom),
        }

        static WORDS: &[(&str, Capability)] = &[$(($word, Capability::$name),)*];

        impl Capability {
            fn word(&self) -> (&str, Argument<'_>) {
                match self {
                    $(Self::$name => ($word, Argument::None),)*
                    Self::Auth(name) => ("AUTH=", Argument::Atom(name)),
                    Self::AppendLimit(None) => ("APPENDLIMIT", Argument::None),
                    Self::AppendLimit(Some(limit)) => ("APPENDLIMIT=", Argument::Number(limit.get())),
                    Self::MessageLimit(limit) => ("MESSAGELIMIT=", Argument::Number((*limit).into())),
                    Self::SaveLimit(limit) => ("SAVELIMIT=", Argument::Number((*limit).into())),
                    Self::UidBatches(size) => ("UIDBATCHES=", Argument::Number((*size).into())),
                    Self::QuotaResource(name) => ("QUOTA=RES-", Argument::Atom(name)),
                    Self::Rights(rights) => ("RIGHTS=", Argument::Atom(rights)),
                    Self::Thread(name) => ("THREAD=", Argument::Atom(name)),
                    Self::Other(name) => ("", Argument::Atom(name)),
                }
            }
        }
    };
}

enum Argument<'a> {
    None,
    Atom(&'a Atom),
    Number(u64),
}

capabilities! {
    /// RFC 9051.
    Imap4rev2 = "IMAP4rev2",
    /// RFC 3501.
    Imap4rev1 = "IMAP4rev1",
    /// RFC 9051 §6.2.1.
    StartTls = "STARTTLS",
    /// RFC 9051 §6.2.3: LOGIN is not to be used.
    LoginDisabled = "LOGINDISABLED",
    /// RFC 4314.
    Acl = "ACL",
    /// RFC 5257.
    AnnotateExperiment1 = "ANNOTATE-EXPERIMENT-1",
    /// RFC 3516.
    Binary = "BINARY",
    /// RFC 4469.
    Catenate = "CATENATE",
    /// RFC 3348.
    Children = "CHILDREN",
    /// RFC 4978.
    CompressDeflate = "COMPRESS=DEFLATE",
    /// RFC 7162.
    Condstore = "CONDSTORE",
    /// RFC 5267 §4.
    ContextSearch = "CONTEXT=SEARCH",
    /// RFC 5267 §4.
    ContextSort = "CONTEXT=SORT",
    /// RFC 5259.
    Convert = "CONVERT",
    /// RFC 6154 §5.3.
    CreateSpecialUse = "CREATE-SPECIAL-USE",
    /// RFC 5161.
    Enable = "ENABLE",
    /// RFC 4731.
    Esearch = "ESEARCH",
    /// RFC 5267 §3.
    Esort = "ESORT",
    /// RFC 5466.
    Filters = "FILTERS",
    /// RFC 5255 §4.
    I18nLevel1 = "I18NLEVEL=1",
    /// RFC 5255 §4.
    I18nLevel2 = "I18NLEVEL=2",
    /// RFC 2971.
    Id = "ID",
    /// RFC 2177.
    Idle = "IDLE",
    /// RFC 9585.
    InProgress = "INPROGRESS",
    /// RFC 9698.
    JmapAccess = "JMAPACCESS",
    /// RFC 5255 §3.
    Language = "LANGUAGE",
    /// RFC 5258.
    ListExtended = "LIST-EXTENDED",
    /// RFC 9590.
    ListMetadata = "LIST-METADATA",
    /// RFC 8440.
    ListMyRights = "LIST-MYRIGHTS",
    /// RFC 5819.
    ListStatus = "LIST-STATUS",
    /// RFC 7888.
    LiteralMinus = "LITERAL-",
    /// RFC 7888.
    LiteralPlus = "LITERAL+",
    /// RFC 2221.
    LoginReferrals = "LOGIN-REFERRALS",
    /// RFC 2193.
    MailboxReferrals = "MAILBOX-REFERRALS",
    /// RFC 5464: annotations of mailboxes and of the server.
    Metadata = "METADATA",
    /// RFC 5464: annotations of the server only.
    MetadataServer = "METADATA-SERVER",
    /// RFC 6851.
    Move = "MOVE",
    /// RFC 3502.
    MultiAppend = "MULTIAPPEND",
    /// RFC 7377.
    MultiSearch = "MULTISEARCH",
    /// RFC 2342.
    Namespace = "NAMESPACE",
    /// RFC 5465.
    Notify = "NOTIFY",
    /// RFC 8474.
    ObjectId = "OBJECTID",
    /// RFC 9394.
    Partial = "PARTIAL",
    /// RFC 8970.
    Preview = "PREVIEW",
    /// RFC 7162.
    Qresync = "QRESYNC",
    /// RFC 9208, RFC 2087.
    Quota = "QUOTA",
    /// RFC 9208 §3.1.2.
    QuotaSet = "QUOTASET",
    /// RFC 8508.
    Replace = "REPLACE",
    /// RFC 8514.
    SaveDate = "SAVEDATE",
    /// RFC 4959.
    SaslIr = "SASL-IR",
    /// RFC 6203.
    SearchFuzzy = "SEARCH=FUZZY",
    /// RFC 5182.
    SearchRes = "SEARCHRES",
    /// RFC 5256.
    Sort = "SORT",
    /// RFC 5957.
    SortDisplay = "SORT=DISPLAY",
    /// RFC 6154.
    SpecialUse = "SPECIAL-USE",
    /// RFC 8438.
    StatusSize = "STATUS=SIZE",
    /// RFC 9586.
    UidOnly = "UIDONLY",
    /// RFC 4315.
    UidPlus = "UIDPLUS",
    /// RFC 8437.
    Unauthenticate = "UNAUTHENTICATE",
    /// RFC 3691.
    Unselect = "UNSELECT",
    /// RFC 5550 §2.9.
    UrlPartial = "URL-PARTIAL",
    /// RFC 4467.
    UrlAuth = "URLAUTH",
    /// RFC 5524.
    UrlAuthBinary = "URLAUTH=BINARY",
    /// RFC 6855 §3.
    Utf8Accept = "UTF8=ACCEPT",
    /// RFC 6855 §5.
    Utf8Only = "UTF8=ONLY",
    /// RFC 5032.
    Within = "WITHIN",
    /// Gmail's labels, message and thread numbers, and search.
    XGmExt1 = "X-GM-EXT-1",
    /// Gmail's former name of SPECIAL-USE.
    XList = "XLIST",
}

impl Capability {
    /// Reads a capability; `None` if it is no atom. What is known by name but has an argument
    /// that makes no sense is [`Self::Other`].
    #[must_use]
    pub fn parse(octets: Bytes) -> Option<Self> {
        let atom = Atom::new(octets.clone())?;
        let plain = WORDS.iter().find(|(word, _)| atom.is(word));
        let known = plain.map(|(_, capability)| capability.clone());
        Some(known.or_else(|| Self::with_argument(&octets)).unwrap_or(Self::Other(atom)))
    }

    fn with_argument(octets: &Bytes) -> Option<Self> {
        if octets.eq_ignore_ascii_case(b"APPENDLIMIT") {
            return Some(Self::AppendLimit(None));
        }
        let after = |word: &str| {
            let (start, rest) = octets.split_at_checked(word.len())?;
            start.eq_ignore_ascii_case(word.as_bytes()).then(|| octets.slice_ref(rest))
        };
        let atom = |word| after(word).and_then(Atom::new);
        let number = |word| {
            after(word)
                .filter(|digits| digits.len() == 1 || !digits.starts_with(b"0"))
                .and_then(|digits| Number64::parse_digits(&digits))
        };
        let number32 = |word| number(word).and_then(|number| u32::try_from(number.get()).ok());
        atom("AUTH=")
            .map(Self::Auth)
            .or_else(|| number("APPENDLIMIT=").map(|limit| Self::AppendLimit(Some(limit))))
            .or_else(|| number32("MESSAGELIMIT=").map(Self::MessageLimit))
            .or_else(|| number32("SAVELIMIT=").map(Self::SaveLimit))
            .or_else(|| number32("UIDBATCHES=").map(Self::UidBatches))
            .or_else(|| atom("QUOTA=RES-").map(Self::QuotaResource))
            .or_else(|| atom("RIGHTS=").map(Self::Rights))
            .or_else(|| atom("THREAD=").map(Self::Thread))
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let atom = cursor.while_outside(NOT_ATOM);
        Self::parse(cursor.share(atom)).ok_or_else(|| cursor.error(ParseErrorKind::Atom))
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        let (word, argument) = self.word();
        writer.put(word);
        match argument {
            Argument::None => {}
            Argument::Atom(atom) => writer.atom(atom),
            Argument::Number(number) => writer.number(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::Dialect;

    #[test]
    fn each_capability_is_written_as_it_is_read() {
        let others = [
            "AUTH=PLAIN",
            "APPENDLIMIT",
            "APPENDLIMIT=9",
            "MESSAGELIMIT=1000",
            "SAVELIMIT=1",
            "UIDBATCHES=500",
            "QUOTA=RES-STORAGE",
            "RIGHTS=texk",
            "THREAD=REFERENCES",
            "X-NEW",
            "APPENDLIMIT=x",
            "AUTH=",
        ];
        for word in WORDS.iter().map(|(word, _)| *word).chain(others) {
            let capability = Capability::parse(word.into()).unwrap();
            let mut out = BytesMut::new();
            capability.write(&mut Writer::new(&mut out, Dialect::SERVER));
            assert_eq!(out, word);
            let lower = Capability::parse(word.to_ascii_lowercase().into()).unwrap();
            let same =
                matches!(lower, Capability::Other(_)) == matches!(capability, Capability::Other(_));
            assert!(same, "{word}");
        }
    }
}
