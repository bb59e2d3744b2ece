//! Lines that all the libraries can read.

const FETCH: &str = concat!(
    "* 12 FETCH (FLAGS (\\Seen) UID 4827313 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 4286 ",
    "ENVELOPE (\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and minutes\" ",
    "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ",
    "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ",
    "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ",
    "((NIL NIL \"imap\" \"cac.washington.edu\")) ",
    "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) ",
    "NIL NIL \"<B27397-0100000@cac.washington.edu>\"))\r\n",
);

const TEXT: &str = concat!(
    "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"UTF-8\" \"FORMAT\" \"flowed\") NIL NIL \"QUOTED-PRINTABLE\" 1152 23 NIL NIL NIL NIL)",
    "(\"TEXT\" \"HTML\" (\"CHARSET\" \"UTF-8\") NIL NIL \"QUOTED-PRINTABLE\" 9831 187 NIL NIL NIL NIL)",
    " \"ALTERNATIVE\" (\"BOUNDARY\" \"=_alternative_0011223344\") NIL NIL NIL)",
);

/// One of the lines, with its CRLF.
pub fn line(case: &str) -> Vec<u8> {
    match case {
        "fetch" => FETCH.into(),
        "bodystructure" => bodystructure().into(),
        "list" => {
            b"* LIST (\\HasNoChildren \\Subscribed) \"/\" \"Archive/2026/Project Homing\"\r\n"
                .into()
        }
        _ => search(10_000),
    }
}

fn bodystructure() -> String {
    let file = |number: u32, name: &str| {
        format!(
            "(\"APPLICATION\" \"PDF\" (\"NAME\" \"{name}\") \"<part{number}@example.org>\" NIL \"BASE64\" {number}73421 NIL \
             (\"ATTACHMENT\" (\"FILENAME\" \"{name}\" \"SIZE\" \"127382\")) NIL NIL)"
        )
    };
    let files: String = ["report.pdf", "minutes-of-the-meeting.pdf", "figures.pdf", "budget.pdf"]
        .into_iter()
        .zip(1..)
        .map(|(name, number)| file(number, name))
        .collect();
    format!(
        "* 7 FETCH (UID 99 BODYSTRUCTURE ({TEXT}{files} \"MIXED\" (\"BOUNDARY\" \"=_mixed_5566778899\") NIL NIL NIL))\r\n"
    )
}

/// A SEARCH of numbers with gaps.
pub fn search(count: u32) -> Vec<u8> {
    let numbers: String =
        (1..=count).map(|number| format!(" {}", number * 9 + number % 3)).collect();
    format!("* SEARCH{numbers}\r\n").into_bytes()
}
