//! The table of types: fields, and what may be done to names. Everything else follows from it.

/// Hands the table to a macro.
macro_rules! with_types {
    ($then:ident) => {
        $then! {
            /// An IPv4 address (RFC 1035 §3.4.1).
            A => A, Plain {
                /// The address.
                address: Ipv4Addr,
            }
            /// An authoritative server of the owner's zone (RFC 1035 §3.3.11).
            NS => Ns, Compressed {
                /// The server's name.
                server: NameRef<'a>,
            }
            /// A mail destination, obsolete (RFC 1035 §3.3.4).
            MD => Md, Compressed {
                /// The host.
                host: NameRef<'a>,
            }
            /// A mail forwarder, obsolete (RFC 1035 §3.3.5).
            MF => Mf, Compressed {
                /// The host.
                host: NameRef<'a>,
            }
            /// What the owner is an alias of (RFC 1035 §3.3.1).
            CNAME => Cname, Compressed {
                /// The canonical name.
                target: NameRef<'a>,
            }
            /// The start of a zone (RFC 1035 §3.3.13).
            SOA => Soa, Compressed {
                /// The primary server.
                primary: NameRef<'a>,
                /// The mailbox of who is responsible; the first dot stands for `@`.
                mailbox: NameRef<'a>,
                /// The zone's version, ordered as in RFC 1982.
                serial: u32,
                /// Seconds between a secondary's looks at the serial.
                refresh: u32,
                /// Seconds until a secondary looks again after a failure.
                retry: u32,
                /// Seconds until a secondary gives up.
                expire: u32,
                /// Seconds that a negative answer may be kept (RFC 2308 §4).
                minimum: u32,
            }
            /// A mailbox (RFC 1035 §3.3.3).
            MB => Mb, Compressed {
                /// The host that has it.
                host: NameRef<'a>,
            }
            /// A member of a mail group (RFC 1035 §3.3.6).
            MG => Mg, Compressed {
                /// The member.
                mailbox: NameRef<'a>,
            }
            /// A mailbox's new name (RFC 1035 §3.3.8).
            MR => Mr, Compressed {
                /// The new name.
                mailbox: NameRef<'a>,
            }
            /// Well-known services (RFC 1035 §3.4.2).
            WKS => Wks, Plain {
                /// Where they are.
                address: Ipv4Addr,
                /// The protocol they speak.
                protocol: Protocol,
                /// Their ports.
                ports: Ports<'a>,
            }
            /// A pointer to another name (RFC 1035 §3.3.12).
            PTR => Ptr, Compressed {
                /// The other name.
                target: NameRef<'a>,
            }
            /// The host's hardware and system (RFC 1035 §3.3.2).
            HINFO => Hinfo, Plain {
                /// The hardware.
                cpu: CharString<'a>,
                /// The operating system.
                os: CharString<'a>,
            }
            /// Mailboxes of a mail list (RFC 1035 §3.3.7).
            MINFO => Minfo, Compressed {
                /// Who is responsible.
                responsible: NameRef<'a>,
                /// Who hears of errors.
                errors: NameRef<'a>,
            }
            /// Who takes mail for the owner (RFC 1035 §3.3.9).
            MX => Mx, Compressed {
                /// Lower is tried first.
                preference: u16,
                /// The mail server's name.
                exchange: NameRef<'a>,
            }
            /// Text (RFC 1035 §3.3.14).
            TXT => Txt, Plain {
                /// One or more strings.
                strings: CharStrings<'a>,
            }
            /// The responsible person (RFC 1183 §2.2).
            RP => Rp, Lowered {
                /// The mailbox; the first dot stands for `@`.
                mailbox: NameRef<'a>,
                /// Where TXT records say more.
                text: NameRef<'a>,
            }
            /// A server of an AFS cell (RFC 1183 §1).
            AFSDB => Afsdb, Lowered {
                /// 1 for AFS, 2 for DCE.
                subtype: u16,
                /// The server.
                host: NameRef<'a>,
            }
            /// An X.25 address (RFC 1183 §3.1).
            X25 => X25, Plain {
                /// Decimal digits.
                address: CharString<'a>,
            }
            /// An ISDN address (RFC 1183 §3.2).
            ISDN => Isdn, Plain {
                /// The number, and perhaps the subaddress.
                address: CharStrings<'a>,
            }
            /// A route through (RFC 1183 §3.3).
            RT => Rt, Lowered {
                /// Lower is tried first.
                preference: u16,
                /// The host in between.
                host: NameRef<'a>,
            }
            /// An OSI address (RFC 1706 §5).
            NSAP => Nsap, Plain {
                /// The address.
                address: Nsap<'a>,
            }
            /// A pointer from an OSI address (RFC 1348).
            NSAP_PTR => NsapPtr, Plain {
                /// The name.
                target: NameRef<'a>,
            }
            /// The signature of a message (RFC 2931 §3).
            SIG => Sig, Lowered {
                /// The type signed; 0 for a message.
                covered: RecordType,
                /// The algorithm.
                algorithm: DnssecAlgorithm,
                /// Labels of the signed name, without a wildcard's.
                labels: u8,
                /// The TTL signed.
                original_ttl: u32,
                /// When it ends.
                expiration: Timestamp,
                /// When it begins.
                inception: Timestamp,
                /// The key's tag.
                key_tag: u16,
                /// The key's name.
                signer: NameRef<'a>,
                /// The signature.
                signature: Base64<'a>,
            }
            /// A key for messages (RFC 2535 §3, RFC 3445).
            KEY => Key, Plain {
                /// Flags.
                flags: u16,
                /// 3 for DNSSEC.
                protocol: u8,
                /// The algorithm.
                algorithm: DnssecAlgorithm,
                /// The public key.
                key: Base64<'a>,
            }
            /// A mapping to X.400 (RFC 2163 §4).
            PX => Px, Lowered {
                /// Lower is tried first.
                preference: u16,
                /// The Internet's part.
                map822: NameRef<'a>,
                /// X.400's part.
                mapx400: NameRef<'a>,
            }
            /// A geographical position (RFC 1712 §3).
            GPOS => Gpos, Plain {
                /// Degrees east.
                longitude: CharString<'a>,
                /// Degrees north.
                latitude: CharString<'a>,
                /// Metres.
                altitude: CharString<'a>,
            }
            /// An IPv6 address (RFC 3596 §2.2).
            AAAA => Aaaa, Plain {
                /// The address.
                address: Ipv6Addr,
            }
            /// A location on Earth (RFC 1876 §2).
            LOC => Loc, Plain {
                /// The place.
                location: Location,
            }
            /// The forerunner of NSEC (RFC 2535 §5.2).
            NXT => Nxt, Lowered {
                /// The next name of the zone.
                next: NameRef<'a>,
                /// What is at the owner.
                types: NxtBits<'a>,
            }
            /// A Nimrod endpoint.
            EID => Eid, Plain {
                /// Its identifier.
                identifier: Hex<'a>,
            }
            /// A Nimrod locator.
            NIMLOC => Nimloc, Plain {
                /// The locator.
                locator: Hex<'a>,
            }
            /// Where a service is (RFC 2782).
            SRV => Srv, Lowered {
                /// Lower is tried first.
                priority: u16,
                /// The share of load among equal priorities.
                weight: u16,
                /// The port.
                port: u16,
                /// The server's name.
                target: NameRef<'a>,
            }
            /// An ATM address (ATM Forum af-dans-0152).
            ATMA => Atma, Plain {
                /// The address.
                address: AtmAddress<'a>,
            }
            /// A rewriting rule (RFC 3403 §4).
            NAPTR => Naptr, Lowered {
                /// Lower comes first.
                order: u16,
                /// Lower is tried first among equal orders.
                preference: u16,
                /// How to go on.
                flags: CharString<'a>,
                /// What for.
                services: CharString<'a>,
                /// How to rewrite.
                regexp: CharString<'a>,
                /// What to ask next, if there is no expression.
                replacement: NameRef<'a>,
            }
            /// A key exchanger (RFC 2230 §3).
            KX => Kx, Lowered {
                /// Lower is tried first.
                preference: u16,
                /// The host.
                exchanger: NameRef<'a>,
            }
            /// A certificate (RFC 4398 §2).
            CERT => Cert, Plain {
                /// Its kind.
                kind: CertType,
                /// The key's tag.
                key_tag: u16,
                /// The key's algorithm.
                algorithm: DnssecAlgorithm,
                /// The certificate or list.
                certificate: Base64<'a>,
            }
            /// A part of an IPv6 address, historic (RFC 2874 §3).
            A6 => A6, Lowered {
                /// The part, and where the rest is.
                part: AddressPart<'a>,
            }
            /// What stands for the owner in every name below it (RFC 6672).
            DNAME => Dname, Lowered {
                /// The other subtree.
                target: NameRef<'a>,
            }
            /// The kitchen sink (draft-eastlake-kitchen-sink).
            SINK => Sink, Plain {
                /// The coding.
                coding: u8,
                /// The coding's variant.
                subcoding: u8,
                /// The data.
                data: Base64<'a>,
            }
            /// EDNS options (RFC 6891 §6.1.2); the rest is in [`Edns`](crate::Edns).
            OPT => Opt, Plain {
                /// The options.
                options: Options<'a>,
            }
            /// Address prefixes (RFC 3123).
            APL => Apl, Plain {
                /// The prefixes.
                prefixes: Prefixes<'a>,
            }
            /// The digest of a child's key (RFC 4034 §5).
            DS => Ds, Plain {
                /// The key's tag.
                key_tag: u16,
                /// The key's algorithm.
                algorithm: DnssecAlgorithm,
                /// The digest's algorithm.
                digest_type: u8,
                /// The digest.
                digest: Hex<'a>,
            }
            /// A fingerprint of an SSH key (RFC 4255 §3.1).
            SSHFP => Sshfp, Plain {
                /// The key's algorithm.
                algorithm: u8,
                /// The digest's algorithm.
                fingerprint_type: u8,
                /// The digest.
                fingerprint: Hex<'a>,
            }
            /// A key of IPsec (RFC 4025 §2).
            IPSECKEY => Ipseckey, Plain {
                /// Lower is tried first.
                precedence: u8,
                /// The algorithm and the gateway.
                tunnel: Tunnel<'a>,
                /// The public key.
                key: Base64<'a>,
            }
            /// The signature of an RRset (RFC 4034 §3).
            RRSIG => Rrsig, Lowered {
                /// The type signed.
                covered: RecordType,
                /// The algorithm.
                algorithm: DnssecAlgorithm,
                /// Labels of the signed name, without a wildcard's.
                labels: u8,
                /// The TTL signed.
                original_ttl: u32,
                /// When it ends.
                expiration: Timestamp,
                /// When it begins.
                inception: Timestamp,
                /// The key's tag.
                key_tag: u16,
                /// The zone that signed.
                signer: NameRef<'a>,
                /// The signature.
                signature: Base64<'a>,
            }
            /// The next name, and what is here (RFC 4034 §4).
            NSEC => Nsec, Plain {
                /// The next name of the zone.
                next: NameRef<'a>,
                /// What is at the owner.
                types: TypeBitmap<'a>,
            }
            /// A key of a zone (RFC 4034 §2).
            DNSKEY => Dnskey, Plain {
                /// 256 for a zone key, 257 for one that signs keys.
                flags: u16,
                /// Always 3.
                protocol: u8,
                /// The algorithm.
                algorithm: DnssecAlgorithm,
                /// The public key.
                key: Base64<'a>,
            }
            /// A DHCP client (RFC 4701 §3).
            DHCID => Dhcid, Plain {
                /// Its digest.
                identity: Base64<'a>,
            }
            /// The next hashed name, and what is here (RFC 5155 §3).
            NSEC3 => Nsec3, Plain {
                /// 1 for SHA-1.
                hash_algorithm: u8,
                /// 1 for opt-out.
                flags: u8,
                /// Additional iterations of the hash.
                iterations: u16,
                /// The salt.
                salt: Salt<'a>,
                /// The next hash.
                next: Hashed<'a>,
                /// What is at the name.
                types: TypeBitmap<'a>,
            }
            /// How names are hashed (RFC 5155 §4).
            NSEC3PARAM => Nsec3param, Plain {
                /// 1 for SHA-1.
                hash_algorithm: u8,
                /// Always 0.
                flags: u8,
                /// Additional iterations of the hash.
                iterations: u16,
                /// The salt.
                salt: Salt<'a>,
            }
            /// The certificate of a TLS server (RFC 6698 §2).
            TLSA => Tlsa, Plain {
                /// What the association constrains.
                usage: u8,
                /// The part that is matched.
                selector: u8,
                /// How it is matched.
                matching: u8,
                /// What it is matched with.
                data: Hex<'a>,
            }
            /// The certificate of a mail address (RFC 8162 §2).
            SMIMEA => Smimea, Plain {
                /// What the association constrains.
                usage: u8,
                /// The part that is matched.
                selector: u8,
                /// How it is matched.
                matching: u8,
                /// What it is matched with.
                data: Hex<'a>,
            }
            /// A host's identity (RFC 8005 §5).
            HIP => Hip, Plain {
                /// The tag and the key.
                identity: HostIdentity<'a>,
                /// Rendezvous servers.
                servers: NameList<'a>,
            }
            /// The status of a zone (draft-reid-dnsext-zs).
            NINFO => Ninfo, Plain {
                /// One or more strings.
                strings: CharStrings<'a>,
            }
            /// A key for encryption (draft-reid-dnsext-rkey).
            RKEY => Rkey, Plain {
                /// Always 0.
                flags: u16,
                /// Always 1.
                protocol: u8,
                /// The algorithm.
                algorithm: DnssecAlgorithm,
                /// The public key.
                key: Base64<'a>,
            }
            /// A link of a list of trust anchors (draft-wijngaards-dnsop-trust-history).
            TALINK => Talink, Plain {
                /// The one before.
                previous: NameRef<'a>,
                /// The one after.
                next: NameRef<'a>,
            }
            /// The DS that the child wants (RFC 7344 §3.1).
            CDS => Cds, Plain {
                /// The key's tag.
                key_tag: u16,
                /// The key's algorithm.
                algorithm: DnssecAlgorithm,
                /// The digest's algorithm.
                digest_type: u8,
                /// The digest.
                digest: Hex<'a>,
            }
            /// The key that the child wants signed (RFC 7344 §3.2).
            CDNSKEY => Cdnskey, Plain {
                /// 257 for one that signs keys.
                flags: u16,
                /// Always 3.
                protocol: u8,
                /// The algorithm.
                algorithm: DnssecAlgorithm,
                /// The public key.
                key: Base64<'a>,
            }
            /// An OpenPGP key (RFC 7929 §2).
            OPENPGPKEY => Openpgpkey, Plain {
                /// The key.
                key: Base64<'a>,
            }
            /// What the parent shall copy (RFC 7477 §2.1).
            CSYNC => Csync, Plain {
                /// The least serial that counts.
                serial: u32,
                /// 1 for at once, 2 for the serial.
                flags: u16,
                /// The types to copy.
                types: TypeBitmap<'a>,
            }
            /// The digest of a zone (RFC 8976 §2).
            ZONEMD => Zonemd, Plain {
                /// The serial of that version.
                serial: u32,
                /// How the zone is collated.
                scheme: u8,
                /// The digest's algorithm.
                hash_algorithm: u8,
                /// The digest.
                digest: Hex<'a>,
            }
            /// Where and how a service is (RFC 9460 §2).
            SVCB => Svcb, Plain {
                /// Lower is tried first; 0 is an alias.
                priority: u16,
                /// The server or the alias's target; the root stands for the owner.
                target: NameRef<'a>,
                /// How it is reached.
                params: SvcParams<'a>,
            }
            /// Where and how a web site is (RFC 9460 §9).
            HTTPS => Https, Plain {
                /// Lower is tried first; 0 is an alias.
                priority: u16,
                /// The server or the alias's target; the root stands for the owner.
                target: NameRef<'a>,
                /// How it is reached.
                params: SvcParams<'a>,
            }
            /// Whom to tell of changes (RFC 9859 §2).
            DSYNC => Dsync, Plain {
                /// The type that changes.
                covered: RecordType,
                /// How to tell.
                scheme: DsyncScheme,
                /// The port.
                port: u16,
                /// The host.
                target: NameRef<'a>,
            }
            /// A hierarchical host identity tag (RFC 9886 §5).
            HHIT => Hhit, Plain {
                /// In CBOR.
                data: Base64<'a>,
            }
            /// A broadcast of a remote identity (RFC 9886 §5).
            BRID => Brid, Plain {
                /// In CBOR.
                data: Base64<'a>,
            }
            /// A sender policy, obsolete (RFC 7208 §3.1).
            SPF => Spf, Plain {
                /// One or more strings.
                strings: CharStrings<'a>,
            }
            /// A node identifier (RFC 6742 §2.1).
            NID => Nid, Plain {
                /// Lower is tried first.
                preference: u16,
                /// The identifier.
                node: Locator64,
            }
            /// A 32-bit locator (RFC 6742 §2.2).
            L32 => L32, Plain {
                /// Lower is tried first.
                preference: u16,
                /// The locator, written as an address.
                locator: Ipv4Addr,
            }
            /// A 64-bit locator (RFC 6742 §2.3).
            L64 => L64, Plain {
                /// Lower is tried first.
                preference: u16,
                /// The locator.
                locator: Locator64,
            }
            /// A pointer to locators (RFC 6742 §2.4).
            LP => Lp, Plain {
                /// Lower is tried first.
                preference: u16,
                /// Where they are.
                target: NameRef<'a>,
            }
            /// An EUI-48 address (RFC 7043 §3).
            EUI48 => Eui48, Plain {
                /// The address.
                address: Eui48,
            }
            /// An EUI-64 address (RFC 7043 §4).
            EUI64 => Eui64, Plain {
                /// The address.
                address: Eui64,
            }
            /// The establishment of a key (RFC 2930 §2).
            TKEY => Tkey, Plain {
                /// The algorithm.
                algorithm: NameRef<'a>,
                /// When the key begins.
                inception: Timestamp,
                /// When it ends.
                expiration: Timestamp,
                /// How it is agreed on.
                mode: u16,
                /// How it went.
                error: Rcode,
                /// The key exchange's data.
                key: Counted<'a>,
                /// Unused.
                other: Counted<'a>,
            }
            /// The signature of a transaction (RFC 8945 §4.2).
            TSIG => Tsig, Plain {
                /// The algorithm.
                algorithm: NameRef<'a>,
                /// When it was signed.
                time: Time48,
                /// Seconds that clocks may differ.
                fudge: u16,
                /// The MAC.
                mac: Counted<'a>,
                /// The message's id when it was signed.
                original_id: u16,
                /// How the verification went.
                error: Rcode,
                /// The server's time, after BADTIME.
                other: Counted<'a>,
            }
            /// A resource (RFC 7553 §4).
            URI => Uri, Plain {
                /// Lower is tried first.
                priority: u16,
                /// The share of load among equal priorities.
                weight: u16,
                /// The URI.
                target: Text<'a>,
            }
            /// Who may issue certificates (RFC 8659 §4).
            CAA => Caa, Plain {
                /// 128 for critical.
                flags: u8,
                /// The property.
                tag: CharString<'a>,
                /// Its value.
                value: Text<'a>,
            }
            /// Application visibility and control.
            AVC => Avc, Plain {
                /// One or more strings.
                strings: CharStrings<'a>,
            }
            /// A digital object (draft-durand-doa-over-dns).
            DOA => Doa, Plain {
                /// Whose type it is.
                enterprise: u32,
                /// The type.
                kind: u32,
                /// Where the data are.
                location: u8,
                /// Their media type.
                media_type: CharString<'a>,
                /// The data.
                data: Base64<'a>,
            }
            /// A relay for multicast (RFC 8777 §4).
            AMTRELAY => Amtrelay, Plain {
                /// Lower is tried first.
                precedence: u8,
                /// The relay.
                relay: Relay<'a>,
            }
            /// What a resolver can do (RFC 9606).
            RESINFO => Resinfo, Plain {
                /// Keys, and perhaps values.
                strings: CharStrings<'a>,
            }
            /// The address of a wallet.
            WALLET => Wallet, Plain {
                /// The currency and the address.
                strings: CharStrings<'a>,
            }
            /// A convergence layer of the bundle protocol (draft-johnson-dns-ipn-cla).
            CLA => Cla, Plain {
                /// The protocols.
                strings: CharStrings<'a>,
            }
            /// A node number of the bundle protocol (draft-johnson-dns-ipn-cla).
            IPN => Ipn, Plain {
                /// The number.
                node: u64,
            }
            /// A trust anchor without a signed root.
            TA => Ta, Plain {
                /// The key's tag.
                key_tag: u16,
                /// The key's algorithm.
                algorithm: DnssecAlgorithm,
                /// The digest's algorithm.
                digest_type: u8,
                /// The digest.
                digest: Hex<'a>,
            }
            /// A look-aside validation, historic (RFC 4431).
            DLV => Dlv, Plain {
                /// The key's tag.
                key_tag: u16,
                /// The key's algorithm.
                algorithm: DnssecAlgorithm,
                /// The digest's algorithm.
                digest_type: u8,
                /// The digest.
                digest: Hex<'a>,
            }
        }
    };
}
pub(super) use with_types;
