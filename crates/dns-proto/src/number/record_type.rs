//! The types of records.
use super::registry;

registry! {
    /// The type of a record or a question (RFC 1035 §3.2.2, RFC 6895 §3.1).
    ///
    /// Every type that IANA lists is here; [`Rdata`](crate::Rdata) has a variant for each that has
    /// data and a specification.
    ///
    /// ```
    /// use dns_proto::RecordType;
    ///
    /// assert_eq!("mx".parse(), Ok(RecordType::MX));
    /// assert_eq!(RecordType::new(731).to_string(), "TYPE731");
    /// ```
    RecordType(u16) else "TYPE";
    /// An IPv4 address (RFC 1035).
    A = 1 "A";
    /// An authoritative name server (RFC 1035).
    NS = 2 "NS";
    /// A mail destination, obsolete (RFC 1035).
    MD = 3 "MD";
    /// A mail forwarder, obsolete (RFC 1035).
    MF = 4 "MF";
    /// The canonical name of an alias (RFC 1035).
    CNAME = 5 "CNAME";
    /// The start of a zone of authority (RFC 1035).
    SOA = 6 "SOA";
    /// A mailbox (RFC 1035).
    MB = 7 "MB";
    /// A member of a mail group (RFC 1035).
    MG = 8 "MG";
    /// A mailbox's new name (RFC 1035).
    MR = 9 "MR";
    /// Anything (RFC 1035).
    NULL = 10 "NULL";
    /// Well-known services (RFC 1035).
    WKS = 11 "WKS";
    /// A pointer to another name (RFC 1035).
    PTR = 12 "PTR";
    /// The host's hardware and system (RFC 1035).
    HINFO = 13 "HINFO";
    /// Mailboxes of a mail list (RFC 1035).
    MINFO = 14 "MINFO";
    /// A mail exchange (RFC 1035).
    MX = 15 "MX";
    /// Character strings (RFC 1035).
    TXT = 16 "TXT";
    /// The responsible person (RFC 1183).
    RP = 17 "RP";
    /// An AFS data base (RFC 1183).
    AFSDB = 18 "AFSDB";
    /// An X.25 address (RFC 1183).
    X25 = 19 "X25";
    /// An ISDN address (RFC 1183).
    ISDN = 20 "ISDN";
    /// A route through (RFC 1183).
    RT = 21 "RT";
    /// An OSI address (RFC 1706).
    NSAP = 22 "NSAP";
    /// A pointer from an OSI address (RFC 1348).
    NSAP_PTR = 23 "NSAP-PTR";
    /// A signature of a message (RFC 2931).
    SIG = 24 "SIG";
    /// A key for messages (RFC 3445).
    KEY = 25 "KEY";
    /// A mapping to X.400 (RFC 2163).
    PX = 26 "PX";
    /// A geographical position (RFC 1712).
    GPOS = 27 "GPOS";
    /// An IPv6 address (RFC 3596).
    AAAA = 28 "AAAA";
    /// A location on Earth (RFC 1876).
    LOC = 29 "LOC";
    /// The forerunner of NSEC (RFC 2535).
    NXT = 30 "NXT";
    /// A Nimrod endpoint.
    EID = 31 "EID";
    /// A Nimrod locator.
    NIMLOC = 32 "NIMLOC";
    /// The location of a service (RFC 2782).
    SRV = 33 "SRV";
    /// An ATM address.
    ATMA = 34 "ATMA";
    /// A rewriting rule (RFC 3403).
    NAPTR = 35 "NAPTR";
    /// A key exchanger (RFC 2230).
    KX = 36 "KX";
    /// A certificate (RFC 4398).
    CERT = 37 "CERT";
    /// A part of an IPv6 address, historic (RFC 2874).
    A6 = 38 "A6";
    /// The redirection of a subtree (RFC 6672).
    DNAME = 39 "DNAME";
    /// The kitchen sink.
    SINK = 40 "SINK";
    /// EDNS (RFC 6891); not data of a zone.
    OPT = 41 "OPT";
    /// Address prefixes (RFC 3123).
    APL = 42 "APL";
    /// The signer of a delegation (RFC 4034 §5): it lives on the parent's side of the cut.
    DS = 43 "DS";
    /// A fingerprint of an SSH key (RFC 4255).
    SSHFP = 44 "SSHFP";
    /// A key of IPsec (RFC 4025).
    IPSECKEY = 45 "IPSECKEY";
    /// A signature of an RRset (RFC 4034 §3).
    RRSIG = 46 "RRSIG";
    /// The next name, and what is here (RFC 4034 §4).
    NSEC = 47 "NSEC";
    /// A key of a zone (RFC 4034 §2).
    DNSKEY = 48 "DNSKEY";
    /// A DHCP client (RFC 4701).
    DHCID = 49 "DHCID";
    /// The next hashed name, and what is here (RFC 5155 §3).
    NSEC3 = 50 "NSEC3";
    /// How names are hashed (RFC 5155 §4).
    NSEC3PARAM = 51 "NSEC3PARAM";
    /// A certificate of a TLS server (RFC 6698).
    TLSA = 52 "TLSA";
    /// A certificate of a mail address (RFC 8162).
    SMIMEA = 53 "SMIMEA";
    /// The host identity protocol (RFC 8005).
    HIP = 55 "HIP";
    /// The status of a zone.
    NINFO = 56 "NINFO";
    /// A key for encryption.
    RKEY = 57 "RKEY";
    /// A link of trust anchors.
    TALINK = 58 "TALINK";
    /// The DS that the child wants (RFC 7344).
    CDS = 59 "CDS";
    /// The DNSKEY that the child wants signed (RFC 7344).
    CDNSKEY = 60 "CDNSKEY";
    /// An OpenPGP key (RFC 7929).
    OPENPGPKEY = 61 "OPENPGPKEY";
    /// What the parent shall copy (RFC 7477).
    CSYNC = 62 "CSYNC";
    /// A digest of the zone (RFC 8976).
    ZONEMD = 63 "ZONEMD";
    /// A service binding (RFC 9460).
    SVCB = 64 "SVCB";
    /// A service binding for HTTP (RFC 9460).
    HTTPS = 65 "HTTPS";
    /// Whom to tell of changes (RFC 9859).
    DSYNC = 66 "DSYNC";
    /// A hierarchical host identity tag (RFC 9886).
    HHIT = 67 "HHIT";
    /// A broadcast of a remote identity (RFC 9886).
    BRID = 68 "BRID";
    /// A sender policy, obsolete (RFC 7208).
    SPF = 99 "SPF";
    /// Of a user; reserved.
    UINFO = 100 "UINFO";
    /// Of a user; reserved.
    UID = 101 "UID";
    /// Of a group; reserved.
    GID = 102 "GID";
    /// Reserved.
    UNSPEC = 103 "UNSPEC";
    /// A node identifier (RFC 6742).
    NID = 104 "NID";
    /// A 32-bit locator (RFC 6742).
    L32 = 105 "L32";
    /// A 64-bit locator (RFC 6742).
    L64 = 106 "L64";
    /// A pointer to locators (RFC 6742).
    LP = 107 "LP";
    /// An EUI-48 address (RFC 7043).
    EUI48 = 108 "EUI48";
    /// An EUI-64 address (RFC 7043).
    EUI64 = 109 "EUI64";
    /// That the name does not exist, in bitmaps only (RFC 9824).
    NXNAME = 128 "NXNAME";
    /// The establishment of a key (RFC 2930).
    TKEY = 249 "TKEY";
    /// The signature of a transaction (RFC 8945).
    TSIG = 250 "TSIG";
    /// An incremental zone transfer (RFC 1995); only a question.
    IXFR = 251 "IXFR";
    /// A zone transfer (RFC 5936); only a question.
    AXFR = 252 "AXFR";
    /// Mailbox records, obsolete; only a question.
    MAILB = 253 "MAILB";
    /// Mail agent records, obsolete; only a question.
    MAILA = 254 "MAILA";
    /// Every type; only a question, and a wildcard in updates.
    ANY = 255 "ANY";
    /// A resource (RFC 7553).
    URI = 256 "URI";
    /// Who may issue certificates (RFC 8659).
    CAA = 257 "CAA";
    /// Application visibility and control.
    AVC = 258 "AVC";
    /// Digital object architecture.
    DOA = 259 "DOA";
    /// A relay for multicast (RFC 8777).
    AMTRELAY = 260 "AMTRELAY";
    /// What a resolver can do (RFC 9606).
    RESINFO = 261 "RESINFO";
    /// A wallet's address.
    WALLET = 262 "WALLET";
    /// An address of the bundle protocol's convergence layer.
    CLA = 263 "CLA";
    /// A node number of the bundle protocol.
    IPN = 264 "IPN";
    /// A trust anchor without a signed root.
    TA = 32768 "TA";
    /// A look-aside validation, historic (RFC 4431).
    DLV = 32769 "DLV";
}

impl RecordType {
    /// Whether no zone may hold the type: OPT, and the question and meta types from 128 to 255.
    #[must_use]
    pub const fn is_meta(self) -> bool {
        matches!(self.number(), 0 | 41 | 128..=255)
    }
}
