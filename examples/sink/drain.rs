//! Where the mail goes.
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use homing::{
    sasl::scram::{Lookup, Verifier},
    smtp::{Reply, server::Event, tokio::Handler},
};

use crate::Shared;

/// Makes the files' names differ.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// One session's mail: thrown away, or written to files.
pub(crate) struct Drain {
    shared: Arc<Shared>,
    authenticated: bool,
    envelope: String,
    dumped: Option<io::Result<Dumped>>,
}

impl Drain {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, authenticated: false, envelope: String::new(), dumped: None }
    }

    fn hear(&mut self, event: &Event) -> Option<Reply> {
        match event {
            Event::Auth(claim) => {
                self.authenticated = self.shared.accounts.admits(claim);
                return (!self.authenticated)
                    .then(|| no(535, "5.7.8 not by that name and password"));
            }
            // The session forgets it too.
            Event::StartTls => self.authenticated = false,
            Event::Mail { .. } if !self.authenticated && !self.shared.accounts.is_empty() => {
                return Some(no(530, "5.7.0 authentication required"));
            }
            _ => {}
        }
        let dump = self.shared.dump.clone()?;
        self.dump(&dump, event)
    }

    fn dump(&mut self, directory: &Path, event: &Event) -> Option<Reply> {
        match event {
            Event::Mail { from, .. } => self.envelope = format!("from {from}\n"),
            Event::Rcpt { to, .. } => self.envelope += &format!("to {to}\n"),
            Event::Data => self.dumped = Some(Dumped::create(directory)),
            Event::Body(piece) => {
                if let Some(Ok(dumped)) = &mut self.dumped
                    && let Err(error) = dumped.file.write_all(piece)
                {
                    self.dumped = Some(Err(error));
                }
            }
            Event::BodyEnd => {
                let kept = self.dumped.take()?.and_then(|dumped| dumped.keep(&self.envelope));
                if let Err(error) = kept {
                    eprintln!("sink: cannot write to {}: {error}", directory.display());
                    return Some(no(452, "4.3.1 cannot write the message"));
                }
            }
            Event::BodyRefused(_) | Event::Reset | Event::Hello { .. } => self.dumped = None,
            _ => {}
        }
        None
    }
}

impl Handler for Drain {
    async fn answer(&mut self, event: Event) -> Option<Reply> {
        self.hear(&event)
    }

    async fn trust(&mut self, event: Event) -> Option<Reply> {
        self.authenticated =
            matches!(&event, Event::Auth(claim) if self.shared.accounts.admits(claim));
        (!self.authenticated).then(|| no(535, "5.7.8 not by that name and password"))
    }

    async fn verifier(&mut self, lookup: &Lookup) -> Option<Verifier> {
        Some(self.shared.accounts.verifier(lookup))
    }
}

fn no(code: u16, text: &str) -> Reply {
    Reply::new(code, text).expect("it has no control characters")
}

/// A message on its way to a file; gone again if it is not kept.
struct Dumped {
    file: File,
    draft: Draft,
}

struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Dumped {
    fn create(directory: &Path) -> io::Result<Self> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number:08}.part", process::id());
        let draft = Draft(directory.join(name));
        Ok(Self { file: File::create(&draft.0)?, draft })
    }

    /// Gives the message its name once all of it is there, and the envelope too.
    fn keep(self, envelope: &str) -> io::Result<()> {
        let Self { file, draft } = self;
        drop(file);
        fs::write(draft.0.with_extension("envelope"), envelope)?;
        fs::rename(&draft.0, draft.0.with_extension("eml"))
    }
}
