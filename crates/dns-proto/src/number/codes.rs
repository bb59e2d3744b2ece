//! Classes, opcodes, rcodes, and the codes inside record data.
use super::registry;

registry! {
    /// The class of a record or a question (RFC 1035 §3.2.4, RFC 2136 §2.4).
    ///
    /// ```
    /// use dns_proto::Class;
    ///
    /// assert_eq!("ch".parse(), Ok(Class::CH));
    /// assert_eq!(Class::new(32).to_string(), "CLASS32");
    /// ```
    Class(u16) else "CLASS";
    /// The Internet.
    IN = 1 "IN";
    /// Chaos.
    CH = 3 "CH";
    /// Hesiod.
    HS = 4 "HS";
    /// In updates: the record must not be, or goes.
    NONE = 254 "NONE";
    /// In questions and updates: any class.
    ANY = 255 "ANY";
}

registry! {
    /// What a message asks for (RFC 1035 §4.1.1); four bits on the wire.
    Opcode(u8) else "OPCODE";
    /// A standard query.
    QUERY = 0 "QUERY";
    /// An inverse query, which nobody answers (RFC 3425).
    IQUERY = 1 "IQUERY";
    /// How the server is.
    STATUS = 2 "STATUS";
    /// A zone has changed (RFC 1996).
    NOTIFY = 4 "NOTIFY";
    /// Change a zone (RFC 2136).
    UPDATE = 5 "UPDATE";
    /// A stateful operation (RFC 8490).
    DSO = 6 "DSO";
}

registry! {
    /// How a question fared (RFC 1035 §4.1.1, RFC 6895 §2.3); twelve bits with EDNS, else four.
    ///
    /// Number 16 has two names: in an OPT record it is BADVERS, in a TSIG record BADSIG.
    Rcode(u16) else "RCODE";
    /// No error.
    NOERROR = 0 "NOERROR";
    /// The server could not read the message.
    FORMERR = 1 "FORMERR";
    /// The server failed.
    SERVFAIL = 2 "SERVFAIL";
    /// The name does not exist.
    NXDOMAIN = 3 "NXDOMAIN";
    /// The server does not know how.
    NOTIMP = 4 "NOTIMP";
    /// The server does not want to.
    REFUSED = 5 "REFUSED";
    /// A name exists that should not (RFC 2136).
    YXDOMAIN = 6 "YXDOMAIN";
    /// An RRset exists that should not (RFC 2136).
    YXRRSET = 7 "YXRRSET";
    /// An RRset does not exist that should (RFC 2136).
    NXRRSET = 8 "NXRRSET";
    /// The server is not authoritative for the zone (RFC 2136), or the sender may not (RFC 8945).
    NOTAUTH = 9 "NOTAUTH";
    /// A name is not in the zone (RFC 2136).
    NOTZONE = 10 "NOTZONE";
    /// The kind of stateful operation is unknown (RFC 8490).
    DSOTYPENI = 11 "DSOTYPENI";
    /// The version of EDNS is not spoken (RFC 6891 §6.1.3).
    BADVERS = 16 "BADVERS";
    /// The key is unknown (RFC 8945 §5.2.1).
    BADKEY = 17 "BADKEY";
    /// The signature is too old or too new (RFC 8945 §5.2.3).
    BADTIME = 18 "BADTIME";
    /// The TKEY mode is not supported (RFC 2930 §2.5).
    BADMODE = 19 "BADMODE";
    /// The key's name is taken (RFC 2930 §2.6).
    BADNAME = 20 "BADNAME";
    /// The algorithm is not supported (RFC 2930 §2.6).
    BADALG = 21 "BADALG";
    /// The MAC is too short (RFC 8945 §5.2.4).
    BADTRUNC = 22 "BADTRUNC";
    /// The server cookie is missing or bad (RFC 7873 §8).
    BADCOOKIE = 23 "BADCOOKIE";
}

impl Rcode {
    /// The MAC is wrong (RFC 8945 §5.2.2); in a TSIG record, where 16 has this meaning.
    pub const BADSIG: Self = Self::BADVERS;
}

registry! {
    /// The kind of an EDNS option (RFC 6891 §6.1.2).
    OptionCode(u16) else "OPTION";
    /// The server's identifier (RFC 5001).
    NSID = 3 "NSID";
    /// DNSSEC algorithms understood (RFC 6975).
    DAU = 5 "DAU";
    /// DS hashes understood (RFC 6975).
    DHU = 6 "DHU";
    /// NSEC3 hashes understood (RFC 6975).
    N3U = 7 "N3U";
    /// The client's network (RFC 7871).
    SUBNET = 8 "ECS";
    /// How long a zone is still valid (RFC 7314).
    EXPIRE = 9 "EXPIRE";
    /// Cookies (RFC 7873).
    COOKIE = 10 "COOKIE";
    /// How long a connection may be idle (RFC 7828).
    KEEPALIVE = 11 "KEEPALIVE";
    /// Padding (RFC 7830).
    PADDING = 12 "PADDING";
    /// The chain of DNSSEC records wanted (RFC 7901).
    CHAIN = 13 "CHAIN";
    /// Key tags of trust anchors (RFC 8145).
    KEY_TAG = 14 "KEYTAG";
    /// An extended error (RFC 8914).
    EXTENDED_ERROR = 15 "EDE";
    /// Where to report errors (RFC 9567).
    REPORT_CHANNEL = 18 "REPORT-CHANNEL";
    /// The zone's version (RFC 9660).
    ZONE_VERSION = 19 "ZONEVERSION";
}

registry! {
    /// Why something went wrong, beyond the rcode (RFC 8914 §4).
    ExtendedError(u16) else "EDE";
    /// None of the others.
    OTHER = 0 "Other Error";
    /// The DNSKEY algorithm is not supported.
    DNSKEY_ALGORITHM = 1 "Unsupported DNSKEY Algorithm";
    /// The DS digest is not supported.
    DS_DIGEST = 2 "Unsupported DS Digest Type";
    /// The answer is stale (RFC 8767).
    STALE_ANSWER = 3 "Stale Answer";
    /// The answer was forged by policy.
    FORGED = 4 "Forged Answer";
    /// Validation came to no conclusion.
    INDETERMINATE = 5 "DNSSEC Indeterminate";
    /// Validation failed.
    BOGUS = 6 "DNSSEC Bogus";
    /// A signature has expired.
    SIGNATURE_EXPIRED = 7 "Signature Expired";
    /// A signature is not valid yet.
    SIGNATURE_NOT_YET_VALID = 8 "Signature Not Yet Valid";
    /// A DS matches no DNSKEY.
    DNSKEY_MISSING = 9 "DNSKEY Missing";
    /// Signatures are missing.
    RRSIGS_MISSING = 10 "RRSIGs Missing";
    /// No DNSKEY is a zone key.
    NO_ZONE_KEY = 11 "No Zone Key Bit Set";
    /// NSEC or NSEC3 records are missing.
    NSEC_MISSING = 12 "NSEC Missing";
    /// The failure is remembered.
    CACHED_ERROR = 13 "Cached Error";
    /// The server is not ready.
    NOT_READY = 14 "Not Ready";
    /// The operator blocks the name.
    BLOCKED = 15 "Blocked";
    /// Somebody else orders the name blocked.
    CENSORED = 16 "Censored";
    /// The client asked for this name to be blocked.
    FILTERED = 17 "Filtered";
    /// The client may not ask.
    PROHIBITED = 18 "Prohibited";
    /// The NXDOMAIN is stale.
    STALE_NXDOMAIN = 19 "Stale NXDOMAIN Answer";
    /// The server is not authoritative.
    NOT_AUTHORITATIVE = 20 "Not Authoritative";
    /// The operation is not supported.
    NOT_SUPPORTED = 21 "Not Supported";
    /// No authority can be reached.
    NO_REACHABLE_AUTHORITY = 22 "No Reachable Authority";
    /// The network failed.
    NETWORK_ERROR = 23 "Network Error";
    /// The zone's data are not usable.
    INVALID_DATA = 24 "Invalid Data";
    /// A signature expires before it is valid.
    SIGNATURE_EXPIRED_BEFORE_VALID = 25 "Signature Expired before Valid";
    /// Early data are not wanted (RFC 9250).
    TOO_EARLY = 26 "Too Early";
    /// NSEC3 has too many iterations (RFC 9276).
    NSEC3_ITERATIONS = 27 "Unsupported NSEC3 Iterations Value";
    /// The policy cannot be carried out.
    BADPROXY = 28 "Unable to conform to policy";
    /// The answer is made up on purpose (compact denial, RFC 9824).
    SYNTHESIZED = 29 "Synthesized";
}

registry! {
    /// The key of a service parameter (RFC 9460 §14.3.2).
    SvcKey(u16) else "key";
    /// Keys that the client must understand.
    MANDATORY = 0 "mandatory";
    /// Protocols (RFC 9460 §7.1).
    ALPN = 1 "alpn";
    /// The scheme's default protocol is not meant.
    NO_DEFAULT_ALPN = 2 "no-default-alpn";
    /// The port.
    PORT = 3 "port";
    /// IPv4 addresses.
    IPV4HINT = 4 "ipv4hint";
    /// Encrypted Client Hello (RFC 9848).
    ECH = 5 "ech";
    /// IPv6 addresses.
    IPV6HINT = 6 "ipv6hint";
    /// The URI template of DNS over HTTPS (RFC 9461).
    DOHPATH = 7 "dohpath";
    /// Oblivious HTTP is spoken (RFC 9540).
    OHTTP = 8 "ohttp";
    /// Supported groups of TLS.
    TLS_SUPPORTED_GROUPS = 9 "tls-supported-groups";
    /// The path of DNS over CoAP (RFC 9953).
    DOCPATH = 10 "docpath";
}

registry! {
    /// The algorithm of a DNSSEC key or signature (RFC 4034 §A.1, RFC 8624).
    DnssecAlgorithm(u8) else "";
    /// RSA/MD5, which must not be used.
    RSAMD5 = 1 "RSAMD5";
    /// Diffie-Hellman.
    DH = 2 "DH";
    /// DSA/SHA-1.
    DSA = 3 "DSA";
    /// RSA/SHA-1.
    RSASHA1 = 5 "RSASHA1";
    /// DSA with NSEC3.
    DSA_NSEC3_SHA1 = 6 "DSA-NSEC3-SHA1";
    /// RSA/SHA-1 with NSEC3.
    RSASHA1_NSEC3_SHA1 = 7 "RSASHA1-NSEC3-SHA1";
    /// RSA/SHA-256.
    RSASHA256 = 8 "RSASHA256";
    /// RSA/SHA-512.
    RSASHA512 = 10 "RSASHA512";
    /// GOST R 34.10-2001.
    ECC_GOST = 12 "ECC-GOST";
    /// ECDSA P-256 with SHA-256 (RFC 6605).
    ECDSAP256SHA256 = 13 "ECDSAP256SHA256";
    /// ECDSA P-384 with SHA-384 (RFC 6605).
    ECDSAP384SHA384 = 14 "ECDSAP384SHA384";
    /// Ed25519 (RFC 8080).
    ED25519 = 15 "ED25519";
    /// Ed448 (RFC 8080).
    ED448 = 16 "ED448";
    /// Indirect keys.
    INDIRECT = 252 "INDIRECT";
    /// Private, by name.
    PRIVATEDNS = 253 "PRIVATEDNS";
    /// Private, by object identifier.
    PRIVATEOID = 254 "PRIVATEOID";
}

registry! {
    /// The kind of a certificate (RFC 4398 §2.1).
    CertType(u16) else "";
    /// X.509.
    PKIX = 1 "PKIX";
    /// SPKI.
    SPKI = 2 "SPKI";
    /// OpenPGP.
    PGP = 3 "PGP";
    /// The URL of an X.509 object.
    IPKIX = 4 "IPKIX";
    /// The URL of an SPKI certificate.
    ISPKI = 5 "ISPKI";
    /// The fingerprint and URL of an OpenPGP packet.
    IPGP = 6 "IPGP";
    /// An attribute certificate.
    ACPKIX = 7 "ACPKIX";
    /// The URL of an attribute certificate.
    IACPKIX = 8 "IACPKIX";
    /// Private, by URI.
    URI = 253 "URI";
    /// Private, by object identifier.
    OID = 254 "OID";
}

registry! {
    /// How a parent is told of changes (RFC 9859 §2.3).
    DsyncScheme(u8) else "";
    /// By a NOTIFY message.
    NOTIFY = 1 "NOTIFY";
}
