//! Every type, with the examples of its RFC where there are any.
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

/// Type, text as its RFC has it, uncompressed octets in hexadecimal, and the text as we print it
/// where that differs.
const TABLE: &[(&str, &str, &str, &str)] = &[
    ("A", "10.0.0.1", "0a000001", ""),
    ("NS", "a.", "016100", ""),
    ("MD", "a.", "016100", ""),
    ("MF", "a.", "016100", ""),
    ("CNAME", "a", "016100", "a."),
    (
        "SOA",
        "a. b. 1 2m ( 3h ; a comment\n 4d ) 5w",
        "016100016200000000010000007800002a300005460000 2e2480",
        "a. b. 1 120 10800 345600 3024000",
    ),
    ("MB", "a.", "016100", ""),
    ("MG", "a.", "016100", ""),
    ("MR", "a.", "016100", ""),
    ("NULL", r"\# 2 ABCD", "abcd", ""),
    ("WKS", "10.0.0.5 tcp (telnet smtp ftp)", "0a0000050600000540", "10.0.0.5 6 21 23 25"),
    ("PTR", ".", "00", ""),
    ("HINFO", "DEC-2060 TOPS20", "084445432d32303630 06544f50533230", r#""DEC-2060" "TOPS20""#),
    ("MINFO", "a. b.", "016100016200", ""),
    ("MX", "10 a.", "000a016100", ""),
    ("TXT", r#""a\"b" "" \255"#, "03612262 00 01ff", r#""a\"b" "" "\255""#),
    ("RP", "louie.trantor.umd.edu. .", "056c6f756965077472616e746f7203756d640365647500 00", ""),
    ("AFSDB", "1 bigbird.toaster.com.", "000107626967626972640 7746f617374657203636f6d00", ""),
    ("X25", "311061700956", "0c333131303631373030393536", r#""311061700956""#),
    (
        "ISDN",
        "150862028003217 004",
        "0f313530383632303238303033323137 03303034",
        r#""150862028003217" "004""#,
    ),
    ("RT", "2 a.", "0002016100", ""),
    (
        "NSAP",
        "0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00",
        "47000580005a0000000001e133ffffff00016100",
        "0x47000580005A0000000001E133FFFFFF00016100",
    ),
    ("NSAP-PTR", "a.", "016100", ""),
    (
        "SIG",
        "0 8 0 0 20040509183619 19700101000000 9 a. AAEC",
        "0000 08 00 00000000 409e7a23 00000000 0009 016100 000102",
        "TYPE0 8 0 0 20040509183619 19700101000000 9 a. AAEC",
    ),
    ("KEY", "256 3 1 AQPW", "01000301 0103d6", ""),
    (
        "PX",
        "50 net2.it. PRMD-net2.ADMD-p400.C-it.",
        "0032 046e657432026974000950524d442d6e65743209 41444d442d70343030 04432d697400",
        "",
    ),
    (
        "GPOS",
        "-32.6882 116.8652 10.0",
        "082d33322e36383832083131362e383635320431302e30",
        r#""-32.6882" "116.8652" "10.0""#,
    ),
    ("AAAA", "2001:db8::1", "20010db8000000000000000000000001", ""),
    (
        "LOC",
        "42 21 54 N 71 06 18 W -24m 30m",
        "00331613 8917 2dd0 70be15f0 00988d20",
        "42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m",
    ),
    (
        "LOC",
        "52 14 05 N 00 08 50 E 10m",
        "00121613 8b3556c8 80081650 00989a68",
        "52 14 5.000 N 0 8 50.000 E 10.00m 1m 10000m 10m",
    ),
    ("NXT", "medium.foo.tld. A MX SIG NXT", "066d656469756d03666f6f03746c6400 40010082", ""),
    ("EID", "E32C6F78163A9348", "e32c6f78163a9348", ""),
    ("NIMLOC", "32251A030067", "32251a030067", ""),
    ("SRV", "0 1 21 foo.example.com.", "000000010015 03666f6f076578616d706c6503636f6d00", ""),
    ("ATMA", "+61200000000", "01 3631323030303030303030", ""),
    ("ATMA", "39.246f.0000", "00 39246f0000", "39246F0000"),
    (
        "NAPTR",
        r#"100 50 "a" "rcds+N2C" "!^.*$!\\1!" cidserver.example.com."#,
        "00640032 0161 08726364732b4e3243 09215e2e2a24215c3121 09636964736572766572076578616d706c6503636f6d00",
        "",
    ),
    ("KX", "2 rtkex.example.", "0002057274 6b6578076578616d706c6500", ""),
    ("CERT", "PGP 0 0 AAEC", "0003 0000 00 000102", ""),
    ("CERT", "65534 65535 RSASHA256 AAEC", "fffe ffff 08 000102", "65534 65535 8 AAEC"),
    ("A6", "64 ::1234:5678:212:7272:23ff subnet-1.ip6.example.com.", "", "!"),
    ("A6", "0 2345:c1:ca11:1:1234:5678:9abc:def0", "00 234500c1ca110001123456789abcdef0", ""),
    (
        "A6",
        "48 0:0:0:1:: subnet.a.",
        "30 00010000000000000000 067375626e6574 016100",
        "48 0:0:0:1:: subnet.a.",
    ),
    ("A6", "128 a.", "80 016100", ""),
    ("DNAME", "a.", "016100", ""),
    ("SINK", "1 0 AAEC", "0100000102", ""),
    ("OPT", r"\# 5 0003000178", "0003000178", "OPTION3=78"),
    (
        "APL",
        "1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8 1:0.0.0.0/0",
        "00011503c0a820 00011c83c0a826 00020801ff 00010000",
        "",
    ),
    ("APL", "", "", ""),
    (
        "DS",
        "60485 5 1 ( 2BB183AF5F22588179A53B0A\n 98631FAD1A292118 )",
        "ec45 05 01 2bb183af5f22588179a53b0a98631fad1a292118",
        "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
    ),
    (
        "SSHFP",
        "2 1 123456789abcdef67890123456789abcdef67890",
        "0201123456789abcdef67890123456789abcdef67890",
        "2 1 123456789ABCDEF67890123456789ABCDEF67890",
    ),
    (
        "IPSECKEY",
        "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
        "0a0102c0000226 0103515379 86ed35533b6064478eeeb27b5bd74dae149b6e81ba3a0521af82ab7801",
        "",
    ),
    ("IPSECKEY", "10 0 2 . AAEC", "0a0002000102", ""),
    (
        "IPSECKEY",
        "10 2 0 2001:db8::1",
        "0a020020010db8000000000000000000000001",
        "10 2 0 2001:db8::1 ",
    ),
    ("IPSECKEY", "10 3 2 a. AAEC", "0a0302 016100 000102", ""),
    (
        "RRSIG",
        "A 5 3 86400 20030322173103 ( 20030220173103 2642 example.com. oJB1W6WN )",
        "0001 05 03 00015180 3e7c9dd7 3e551 0d7 0a52 076578616d706c6503636f6d00 a090755ba58d",
        "A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1W6WN",
    ),
    (
        "NSEC",
        "host.example.com. ( A MX RRSIG NSEC TYPE1234 )",
        "04686f7374076578616d706c6503636f6d00 0006400100000003 041b000000000000000000000000000000000000000000000000000020",
        "host.example.com. A MX RRSIG NSEC TYPE1234",
    ),
    (
        "DNSKEY",
        "256 3 5 ( AQPSKmyn fzW4kyBv )",
        "01000305 0103d22a6ca77f35b893206f",
        "256 3 5 AQPSKmynfzW4kyBv",
    ),
    ("DNSKEY", "257 3 RSASHA256 AQPSKmyn", "01010308 0103d22a6ca7", "257 3 8 AQPSKmyn"),
    (
        "DHCID",
        "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
        "000201636fc0b8271c82825bb1ac5c41cf5351aa69b4febd94e8f17cdb95000da48c40",
        "",
    ),
    (
        "NSEC3",
        "1 1 12 aabbccdd ( 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG )",
        "01 01 000c 04aabbccdd 14174eb2409fe28bcb4887a1836f957f0a8425e27b 000722010000000290",
        "1 1 12 AABBCCDD 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA MX RRSIG DNSKEY NSEC3PARAM",
    ),
    ("NSEC3PARAM", "1 0 12 aabbccdd", "0100000c04aabbccdd", "1 0 12 AABBCCDD"),
    ("NSEC3PARAM", "1 0 0 -", "0100000000", ""),
    ("TLSA", "1 1 2 92003b", "010102 92003b", "1 1 2 92003B"),
    ("SMIMEA", "3 0 0 00", "03000000", ""),
    (
        "HIP",
        "2 200100107B1A74DF365639CC39F1D578 AAEC rvs1.example.com. rvs2.example.com.",
        "10020003 200100107b1a74df365639cc39f1d578 000102 0472767331076578616d706c6503636f6d00 0472767332076578616d706c6503636f6d00",
        "",
    ),
    ("NINFO", r#""a" "b""#, "01610162", ""),
    ("RKEY", "0 1 8 AAEC", "00000108000102", ""),
    ("TALINK", "h0.example. .", "026830076578616d706c6500 00", ""),
    ("CDS", "0 0 0 00", "0000000000", ""),
    ("CDNSKEY", "0 3 0 AA==", "0000030000", ""),
    ("OPENPGPKEY", "AAEC", "000102", ""),
    ("CSYNC", "66 3 A NS AAAA", "00000042 0003 0004 60000008", ""),
    ("ZONEMD", "2018031500 1 1 FEBE3D4C", "7848b78c 01 01 febe3d4c", ""),
    // RFC 9460 appendix D.
    (
        "SVCB",
        "0 foo.example.com.",
        "0000 03666f6f076578616d706c6503636f6d00",
        "0 foo.example.com. ",
    ),
    ("SVCB", "1 .", "000100", "1 . "),
    (
        "SVCB",
        "16 foo.example.com. port=53",
        "0010 03666f6f076578616d706c6503636f6d00 000300020035",
        "",
    ),
    (
        "SVCB",
        "1 foo.example.com. key667=hello",
        "0001 03666f6f076578616d706c6503636f6d00 029b000568656c6c6f",
        r#"1 foo.example.com. key667="hello""#,
    ),
    (
        "SVCB",
        r#"1 foo.example.com. key667="hello\210qoo""#,
        "0001 03666f6f076578616d706c6503636f6d00 029b000968656c6c6fd2716f6f",
        "",
    ),
    (
        "SVCB",
        r#"1 foo.example.com. (ipv6hint="2001:db8::1,2001:db8::53:1")"#,
        "0001 03666f6f076578616d706c6503636f6d00 00060020 20010db8000000000000000000000001 20010db8000000000000000000530001",
        "1 foo.example.com. ipv6hint=2001:db8::1,2001:db8::53:1",
    ),
    (
        "SVCB",
        r#"16 foo.example.org. (alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1)"#,
        "0010 03666f6f076578616d706c65036f726700 0000000400010004 0001000902683205 68332d3139 00040004c0000201",
        r#"16 foo.example.org. mandatory=alpn,ipv4hint alpn="h2,h3-19" ipv4hint=192.0.2.1"#,
    ),
    (
        "SVCB",
        r#"16 foo.example.org. alpn="f\\\\oo\\,bar,h2""#,
        "0010 03666f6f076578616d706c65036f726700 0001000c 08665c6f6f2c626172 026832",
        "",
    ),
    (
        "SVCB",
        r"16 foo.example.org. alpn=f\\\092oo\092,bar,h2",
        "0010 03666f6f076578616d706c65036f726700 0001000c 08665c6f6f2c626172 026832",
        r#"16 foo.example.org. alpn="f\\\\oo\\,bar,h2""#,
    ),
    (
        "HTTPS",
        "1 . alpn=h2 no-default-alpn ech=AAEC dohpath=/q{?dns} ohttp",
        "000100 00010003026832 00020000 00050003000102 000700082f717b3f646e737d 00080000",
        r#"1 . alpn="h2" no-default-alpn ech=AAEC dohpath="/q{?dns}" ohttp"#,
    ),
    (
        "DSYNC",
        "CDS NOTIFY 5359 cds-scanner.example.net.",
        "003b0114ef 0b6364732d7363616e6e6572076578616d706c65036e657400",
        "",
    ),
    ("HHIT", "gppj", "829a63", ""),
    ("BRID", "gppj", "829a63", ""),
    ("SPF", r#""v=spf1 -all""#, "0b763d73706631202d616c6c", ""),
    ("NID", "10 0014:4fff:ff20:ee64", "000a00144fffff20ee64", ""),
    ("L32", "10 10.1.2.0", "000a0a010200", ""),
    ("L64", "10 2001:0DB8:1140:1000", "000a20010db811401000", "10 2001:0db8:1140:1000"),
    (
        "LP",
        "10 l64-subnet1.example.com.",
        "000a 0b6c36342d7375626e657431076578616d706c6503636f6d00",
        "",
    ),
    ("EUI48", "00-00-5e-00-53-2a", "00005e00532a", ""),
    ("EUI64", "00-00-5e-ef-10-00-00-2a", "00005eef1000002a", ""),
    (
        "TKEY",
        "gss-tsig. 19700101000000 19700101000001 3 BADKEY 3 AAEC 0",
        "086773732d7473696700 00000000 00000001 0003 0011 0003000102 0000",
        "",
    ),
    (
        "TSIG",
        "hmac-sha256. 853804800 300 3 AAEC 9 BADSIG 0",
        "0b686d61632d73686132353600 000032e40700 012c 0003000102 0009 0010 0000",
        "",
    ),
    (
        "URI",
        r#"10 1 "ftp://ftp1.example.com/public""#,
        "000a0001 6674703a2f2f667470312e6578616d706c652e636f6d2f7075626c6963",
        "",
    ),
    (
        "CAA",
        r#"0 issue "ca1.example.net; account=230123""#,
        "00 056973737565 6361312e6578616d706c652e6e65743b206163636f756e743d323330313233",
        r#"0 "issue" "ca1.example.net; account=230123""#,
    ),
    ("AVC", r#""app-name:WOLFGANG""#, "116170702d6e616d653a574f4c4647414e47", ""),
    ("DOA", r#"0 1 2 "" aHR0cHM6"#, "00000000 00000001 02 00 68747470733a", ""),
    ("AMTRELAY", "10 0 1 203.0.113.15", "0a01cb00710f", ""),
    (
        "AMTRELAY",
        "128 1 3 amtrelays.example.com.",
        "8083 09616d7472656c617973076578616d706c6503636f6d00",
        "",
    ),
    ("AMTRELAY", "10 0 0 .", "0a00", ""),
    (
        "RESINFO",
        "qnamemin exterr=15-17",
        "08716e616d656d696e 0c6578746572723d31352d3137",
        r#""qnamemin" "exterr=15-17""#,
    ),
    ("WALLET", "ETH 0x12", "03455448 0430783132", r#""ETH" "0x12""#),
    ("CLA", "TCP-v4-BSSP", "0b5443502d76342d42535350", r#""TCP-v4-BSSP""#),
    ("IPN", "3255", "0000000000000cb7", ""),
    ("TA", "1 8 2 ABCD", "00010802abcd", ""),
    ("DLV", "1 8 2 ABCD", "00010802abcd", ""),
    ("TYPE731", r"\# 6 abcd ( ef 01 23 45 )", "abcdef012345", r"\# 6 ABCDEF012345"),
    ("TYPE62347", r"\# 0", "", ""),
    ("A", r"\# 4 0A000001", "0a000001", "10.0.0.1"),
];

fn octets(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    let octet = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(octet).collect()
}

fn rows() -> impl Iterator<Item = (RecordType, &'static str, Vec<u8>, &'static str)> {
    let good = TABLE.iter().filter(|(.., printed)| *printed != "!");
    good.map(|(rtype, text, hex, printed)| {
        let printed = if printed.is_empty() { text } else { printed };
        (rtype.parse().unwrap(), *text, octets(hex), printed.trim_end())
    })
}

#[test]
fn every_type_reads_and_prints_wire_and_text() {
    for (rtype, text, octets, printed) in rows() {
        let mut wire = Vec::new();
        let scanned = Rdata::parse_text(rtype, text, &mut wire);
        assert_eq!((scanned, &wire), (Ok(()), &octets), "{rtype} {text}");
        let data = Rdata::parse(rtype, &octets).unwrap_or_else(|error| panic!("{rtype}: {error}"));
        let mut written = Vec::new();
        data.write(&mut written);
        assert_eq!((written, data.record_type()), (octets.clone(), rtype));
        assert_eq!(data.to_string().trim_end(), printed);
        // What is printed is read again as the same, on one line or several, or in general.
        let general = alloc::format!(
            "\\# {} {}",
            octets.len(),
            octets.iter().map(|it| alloc::format!("{it:02x}")).collect::<String>()
        );
        for text in [data.to_string(), alloc::format!("{data:#}"), general] {
            if rtype == RecordType::OPT && !text.starts_with('\\') {
                continue;
            }
            let mut again = Vec::new();
            assert_eq!(Rdata::parse_text(rtype, &text, &mut again), Ok(()), "{rtype} {text}");
            assert_eq!(again, octets, "{text}");
        }
    }
}

#[test]
fn every_type_with_a_specification_has_a_row() {
    macro_rules! types {
        ($( $(#[$doc:meta])* $rtype:ident => $variant:ident, $names:ident { $($rest:tt)+ } )+) => {
            [ $( RecordType::$rtype, )+ ]
        };
    }
    for rtype in super::table::with_types!(types) {
        assert!(rows().any(|(own, ..)| own == rtype), "{rtype}");
    }
}

#[test]
fn data_of_every_type_that_are_cut_or_grown_do_not_panic() {
    for (rtype, _, octets, _) in rows() {
        for end in 0..octets.len() {
            if let Ok(data) = Rdata::parse(rtype, &octets[..end]) {
                let mut written = Vec::new();
                data.write(&mut written);
                assert_eq!(written, octets[..end]);
                let _ = alloc::format!("{data} {data:#} {data:?}");
            }
        }
        let grown = [&octets[..], &[0xc0; 3]].concat();
        if let Ok(data) = Rdata::parse(rtype, &grown) {
            let _ = alloc::format!("{data} {data:#} {data:?}");
        }
    }
}

#[test]
fn data_of_the_wrong_length_are_errors() {
    let cases = [
        ("A", "0a0000"),
        ("A", "0a00000100"),
        ("AAAA", "00"),
        ("NS", "0161"),
        ("MX", "000a"),
        ("TXT", ""),
        ("TXT", "05616263"),
        ("LOC", "01121613 89172dd0 70be15f0 00988d20"),
        ("LOC", "00a21613 89172dd0 70be15f0 00988d20"),
        ("NSEC", "00 0000"),
        ("NSEC", "00 00024000"),
        ("NSEC", "00 000140 000140"),
        ("NSEC", "00 0021 000000000000000000000000000000000000000000000000000000000000000001"),
        ("NSEC3", "01 01 000c 04aabb"),
        ("APL", "00012104c0a82001"),
        ("APL", "00011503c0a800"),
        ("IPSECKEY", "0a0402"),
        ("HIP", "10020003"),
        ("A6", "81"),
        ("SVCB", "0001 03666f6f"),
        ("TSIG", "00 000032e40700 012c 0005 00"),
        ("CAA", "00 05 69"),
    ];
    for (rtype, hex) in cases {
        let rtype: RecordType = rtype.parse().unwrap();
        assert!(Rdata::parse(rtype, &octets(hex)).is_err(), "{rtype} {hex}");
    }
}

#[test]
fn a_service_with_malformed_parameters_is_opaque() {
    let cases = [
        // A key twice, values too long and too short, and one that is cut off.
        "0001 00 0003 0002 0035 0003 0002 0035",
        "0001 00 0003 0003 000035",
        "0001 00 0004 0003 c00002",
        "0001 00 0000 0004 0004 0001",
        "0001 00 0001 0001 00",
        "0001 00 0001 0004 0268",
    ];
    for octets in cases.map(octets) {
        for rtype in [RecordType::SVCB, RecordType::HTTPS] {
            let data = Rdata::parse(rtype, &octets).unwrap();
            assert!(matches!(data, Rdata::Other(_)) && data.record_type() == rtype);
            let (mut wire, mut read) = (Vec::new(), Vec::new());
            data.write(&mut wire);
            Rdata::parse_text(rtype, &data.to_string(), &mut read).unwrap();
            assert_eq!([&wire, &read], [&octets; 2]);
        }
    }
}

#[test]
fn malformed_text_is_an_error() {
    // Among them the failures of RFC 9460 §D.3.
    let cases = [
        ("A", "10.0.0"),
        ("A", "10.0.0.256"),
        ("A", "10.0.0.01"),
        ("A", "10.0.0.1 x"),
        ("A", r"\# 3 0A0000"),
        ("A", r"\# 4 0A0000"),
        ("AAAA", "1::2::3"),
        ("MX", "65536 a."),
        ("MX", "10 a..b."),
        ("MX", "10"),
        ("TXT", ""),
        ("RRSIG", "A 5 3 86400 20031322173103 20030220173103 2642 example.com. oJB1W6WN"),
        ("NSEC", "a. FOO"),
        ("LOC", "91 N 0 E 0m"),
        ("LOC", "42 60 0 N 0 E 0m"),
        ("APL", "1:10.0.0.0/33"),
        ("APL", "3:10.0.0.0/8"),
        ("EUI48", "00-00-5e-00-53"),
        ("EUI48", "00-00-5e-00-53-2a-00"),
        ("NID", "10 0014:4fff:ff20"),
        ("A6", "64 ::1234:5678:212:7272:23ff a."),
        ("TSIG", "a. 1 300 4 AAEC 9 0 0"),
        ("SVCB", "1 foo.example.com. key123=abc key123=def"),
        ("SVCB", "1 foo.example.com. mandatory"),
        ("SVCB", "1 foo.example.com. alpn"),
        ("SVCB", "1 foo.example.com. port"),
        ("SVCB", "1 foo.example.com. ipv4hint"),
        ("SVCB", "1 foo.example.com. ipv6hint"),
        ("SVCB", "1 foo.example.com. no-default-alpn=abc"),
        ("SVCB", "1 foo.example.com. mandatory=key123"),
        ("SVCB", "1 foo.example.com. mandatory=mandatory"),
        ("SVCB", "1 foo.example.com. mandatory=key123,key123 key123=abc"),
        ("SVCB", "1 foo.example.com. no-default-alpn"),
        ("TYPE731", "abc"),
    ];
    for (rtype, text) in cases {
        let rtype: RecordType = rtype.parse().unwrap();
        assert!(Rdata::parse_text(rtype, text, &mut Vec::new()).is_err(), "{rtype} {text}");
    }
}

#[test]
fn canonical_forms_are_those_of_rfc_4034_and_6840() {
    let lowered = [("NS", "0141 00"), ("MX", "0001 0141 00"), ("SRV", "000000000000 0141 00")];
    let kept =
        [("NSEC", "0141 00"), ("SVCB", "0001 0141 00"), ("TXT", "0141"), ("LP", "0001 0141 00")];
    let canonical = |rtype: &str, hex: &str| {
        let (octets, mut out) = (octets(hex), Vec::new());
        Rdata::parse(rtype.parse().unwrap(), &octets).unwrap().write_canonical(&mut out);
        out == octets
    };
    assert!(lowered.iter().all(|(rtype, hex)| !canonical(rtype, hex)));
    assert!(kept.iter().all(|(rtype, hex)| canonical(rtype, hex)));
}

#[test]
fn long_data_are_printed_on_several_lines() {
    let mut octets = Vec::new();
    Rdata::parse_text(RecordType::SOA, "ns.a. host.a. 1 2 3 4 5", &mut octets).unwrap();
    let soa = alloc::format!("{:#}", Rdata::parse(RecordType::SOA, &octets).unwrap());
    let expected = "ns.a. host.a. (
\t\t\t\t\t1\t; serial
\t\t\t\t\t2\t; refresh
\t\t\t\t\t3\t; retry
\t\t\t\t\t4\t; expire
\t\t\t\t\t5\t; minimum
\t\t\t\t\t)";
    assert_eq!(soa, expected);
    let key = [&[1, 0, 3, 8][..], &[7; 64]].concat();
    let key = alloc::format!("{:#}", Rdata::parse(RecordType::DNSKEY, &key).unwrap());
    assert_eq!(key.lines().count(), 4);
}

#[test]
fn names_in_data_are_equal_without_case() {
    let parse = |octets| Rdata::parse(RecordType::MX, octets).unwrap();
    assert_eq!(parse(b"\0\x01\x01a\0"), parse(b"\0\x01\x01A\0"));
    assert_ne!(parse(b"\0\x01\x01a\0"), parse(b"\0\x02\x01a\0"));
}

proptest! {
    #[test]
    fn addresses_are_read_as_std_reads_them(
        text in "(:|[0-9a-fA-F]{1,4}|[0-9a-f]{5}|::|1\\.2\\.3\\.4|:[0-9a-f]{1,4}|[0-9a-f]{1,2}:){0,10}",
    ) {
        prop_assert_eq!(field::ipv6(text.as_bytes()), text.parse().ok());
    }
}
