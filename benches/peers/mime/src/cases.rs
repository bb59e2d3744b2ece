//! The messages, made here so that everybody measures the same.

/// A message, or many, by a name for the table.
pub struct Case {
    pub name: &'static str,
    pub messages: Vec<Vec<u8>>,
}

pub fn cases() -> Vec<Case> {
    let one = |name, message| Case { name, messages: vec![message] };
    let mut all = vec![
        one("small 2 KB", small()),
        one("html 40 KB", html(40 << 10)),
        one("quoted-printable 150 KB", quoted(150 << 10)),
        one("attachment 5 MB", attachment(5 << 20)),
        one("attachment 20 MB", attachment(20 << 20)),
    ];
    if let Some(messages) = corpus() {
        all.push(Case { name: "corpus", messages });
    }
    all
}

/// What three hops and a mailing list leave on a message.
const HEADER: &str = "Return-Path: <alice@crepes.fr>\r\n\
    Received: from mx.hamburger.edu (mx.hamburger.edu [192.0.2.25])\r\n\
    \tby imap.hamburger.edu (Postfix) with ESMTPS id 4bX1c92\r\n\
    \tfor <bob@hamburger.edu>; Sat, 22 Nov 2025 09:26:44 +0100 (CET)\r\n\
    Received: from smtp.crepes.fr (smtp.crepes.fr [198.51.100.7])\r\n\
    \t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n\
    \tby mx.hamburger.edu (Postfix) with ESMTPS id 0c7d21\r\n\
    \tfor <bob@hamburger.edu>; Sat, 22 Nov 2025 09:26:43 +0100 (CET)\r\n\
    Authentication-Results: mx.hamburger.edu; dkim=pass header.d=crepes.fr; spf=pass\r\n\
    DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=crepes.fr; s=2025;\r\n\
    \tt=1763800000; h=from:to:subject:date:message-id;\r\n\
    \tbh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=;\r\n\
    \tb=bWOQAt9e0aOUWcSkTWrdaFC1xFbNgYkDWQZCzBxTfFkVNkYRUTJAC4sPoSDcvJ0X\r\n\
    \t RfYwB5h0lKtV3f0Yq2GvWm1m8cM0pC1sXbLxkqk9o4bZ9fJw==\r\n\
    Date: Sat, 22 Nov 2025 09:26:40 +0100\r\n\
    From: Alice <alice@crepes.fr>\r\n\
    To: Bob <bob@hamburger.edu>, Carol <carol@hamburger.edu>\r\n\
    Cc: \"Cooks, all of them\" <cooks@crepes.fr>\r\n\
    Message-ID: <5a1c9e.1763800000@crepes.fr>\r\n\
    In-Reply-To: <77.1763700000@hamburger.edu>\r\n\
    References: <12.1763600000@crepes.fr> <77.1763700000@hamburger.edu>\r\n\
    Subject: =?utf-8?Q?Cr=C3=AApes_=C3=A0_midi?= and what goes with them\r\n\
    List-Id: Cooks <cooks.crepes.fr>\r\n\
    X-Mailer: Kitchen 2.1\r\n\
    MIME-Version: 1.0\r\n";

fn small() -> Vec<u8> {
    let text = "Do you like ketchup? I do not, but there will be some for those who do.\r\n";
    let kind = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n";
    format!("{HEADER}{kind}{}", text.repeat(9)).into_bytes()
}

fn html(size: usize) -> Vec<u8> {
    let line = "<tr><td style=3D\"padding: 4px; color: #333\"><a href=3D\"https://crepes.fr/?id=3D17=\r\n\
        &amp;from=3Dmail\">Cr=C3=AApes au sucre</a></td><td>3,50 =E2=82=AC</td></tr>\r\n";
    let text = "A crepe with sugar is 3.50. More at https://crepes.fr/ -- come and see.\r\n";
    format!(
        "{HEADER}Content-Type: multipart/alternative; boundary=\"=_5a1c9e\"\r\n\r\n\
        --=_5a1c9e\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n\
        --=_5a1c9e\r\nContent-Type: text/html; charset=utf-8\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\n{}\r\n--=_5a1c9e--\r\n",
        text.repeat(size / 8 / text.len()),
        line.repeat(size * 7 / 8 / line.len()),
    )
    .into_bytes()
}

fn quoted(size: usize) -> Vec<u8> {
    let line = "Les cr=C3=AApes se mangent chaudes, =C3=A0 midi ou le soir, avec du sucre=\r\n\
        , du citron ou de la cr=C3=A8me de marrons =E2=80=93 c'est selon.\r\n";
    let kind = "Content-Type: text/plain; charset=utf-8\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\n";
    format!("{HEADER}{kind}{}", line.repeat(size / line.len())).into_bytes()
}

fn attachment(size: usize) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut body = Vec::with_capacity(size + 2);
    let mut state = 0x5a1c_9e00_u32;
    while body.len() < size {
        for _ in 0..76 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            body.push(alphabet[(state >> 26) as usize]);
        }
        body.extend(b"\r\n");
    }
    let head = format!(
        "{HEADER}Content-Type: multipart/mixed; boundary=\"=_5a1c9e\"\r\n\r\n\
        --=_5a1c9e\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHere it is.\r\n\r\n\
        --=_5a1c9e\r\nContent-Type: application/pdf; name=menu.pdf\r\n\
        Content-Disposition: attachment; filename=menu.pdf\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n",
    );
    [head.as_bytes(), &body, b"--=_5a1c9e--\r\n"].concat()
}

/// The messages of mime4j, if they are there.
fn corpus() -> Option<Vec<Vec<u8>>> {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/corpora");
    let folder = std::env::var("HOMING_CORPORA").unwrap_or_else(|_| here.into());
    let mut files = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(folder).join("mime")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).ok()? {
            let path = entry.ok()?.path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|it| it == "msg") => files.push(path),
                false => {}
            }
        }
    }
    files.sort();
    files.into_iter().map(|path| std::fs::read(path).ok()).collect()
}
