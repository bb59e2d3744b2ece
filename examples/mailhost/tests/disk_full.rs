//! A disk that is full: clients are told so, what was stored is kept, and once there is room again
//! mail goes on.
//!
//! The disk is a small tmpfs, which root alone can mount.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod support;

use std::{fs, path::Path, process::Command};

use support::{
    Program, add_users,
    clients::{Imap, No, Pop3, Smtp},
};

/// A disk of 16 MB, away when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    fn mount() -> Option<Self> {
        let at = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m", "homing"])
            .arg(at.path())
            .status();
        if mount.is_ok_and(|status| status.success()) {
            return Some(Self(at));
        }
        eprintln!("NOT TESTED: only root can mount a small disk");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // At once, whoever has files open there.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_that_was_stored_is_lost() {
    let Some(disk) = Disk::mount() else { return };
    add_users(disk.path(), None, ["bob"]);
    let data = disk.path();
    // What is somebody else's, and will be away later.
    let others = data.join("others");
    fs::write(&others, vec![0; 4 * 1024 * 1024]).unwrap();
    let mut program = Program::start(data, None);
    let mut smtp = Smtp::open(program.smtp).unwrap();
    let mut imap = Imap::open(program.imap, "bob").unwrap();

    // Fifty do not fit.
    let mut accepted = Vec::new();
    let no = (0..50).find_map(|number| match smtp.send(&["bob"], &message(number)).unwrap() {
        Ok(_) => {
            accepted.push(number);
            None
        }
        Err(No(line)) => Some(line),
    });
    let no = no.expect("the disk is full");
    assert!(no.starts_with("452 4.3.1"), "{no}");
    assert!(accepted.len() > 3, "{accepted:?}");
    let No(no) = imap.append("INBOX", "", &message(100)).unwrap().unwrap_err();
    assert!(no.starts_with("NO [UNAVAILABLE]") || no.starts_with("NO [OVERQUOTA]"), "{no}");
    present(&program, &accepted);

    // Not a page is left: changes of what is there fail too, and say so.
    let ballast = data.join("ballast");
    let _ = Command::new("dd")
        .args(["if=/dev/zero", "bs=4k", "status=none"])
        .arg(format!("of={}", ballast.display()))
        .stderr(std::process::Stdio::null())
        .status();
    let (mut pop3, _) = Pop3::open(program.pop3, "bob").unwrap().unwrap();
    pop3.command("DELE 1").unwrap().unwrap();
    match pop3.command("QUIT").unwrap() {
        // There was room for so small a change in the log.
        Ok(_) => drop(accepted.remove(0)),
        Err(No(no)) => assert!(no.starts_with("-ERR [SYS/TEMP]"), "{no}"),
    }
    let No(no) = smtp.send(&["bob"], &message(101)).unwrap().unwrap_err();
    assert!(no.starts_with("452 4.3.1"), "{no}");
    present(&program, &accepted);

    // It starts on the full disk, and takes mail once there is room.
    program.kill();
    let program = Program::start(data, None);
    present(&program, &accepted);
    fs::remove_file(&ballast).unwrap();
    fs::remove_file(&others).unwrap();
    let (mut pop3, ids) = Pop3::open(program.pop3, "bob").unwrap().unwrap();
    assert_eq!(ids.len(), accepted.len());
    pop3.command("DELE 1").unwrap().unwrap();
    pop3.command("DELE 2").unwrap().unwrap();
    pop3.command("QUIT").unwrap().unwrap();
    accepted.drain(..2);
    accepted.push(200);
    let mut smtp = Smtp::open(program.smtp).unwrap();
    smtp.send(&["bob"], &message(200)).unwrap().unwrap();
    present(&program, &accepted);
}

/// Sees that there is what was accepted, and nothing else.
fn present(program: &Program, accepted: &[usize]) {
    let mut imap = Imap::open(program.imap, "bob").unwrap();
    imap.command("EXAMINE INBOX").unwrap().unwrap();
    let found = imap.everything().unwrap();
    assert_eq!(found.len(), accepted.len());
    for (found, number) in found.iter().zip(accepted) {
        assert!(found.octets.ends_with(&message(*number)), "message {number} is not whole");
    }
}

/// Makes a message of some 600 KB: of lines as long as may be, all different.
fn message(number: usize) -> Vec<u8> {
    let mut out = format!("Subject: {number}\r\n\r\n");
    for line in 0..7_000 {
        out.push_str(&format!("{number} {line} {}\r\n", "x".repeat(70)));
    }
    out.into_bytes()
}
