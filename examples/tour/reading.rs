//! Mail that is read by IMAP: the engine over a user's folders.
use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use homing::{
    imap::{
        Capability, Code, RespText, Text,
        command::{AppendPart, Tagged},
        engine::{Engine, Limits},
        server::{Config, Session},
        tokio::{Ending, Handler, Responder, ServeError, serve},
    },
    proto_core::tokio::{BoxStream, Driver},
    sasl::{Mechanism, server::Claim},
};
use tokio::net::TcpStream;

use crate::{folders::Folders, mailserver::Shared};

/// One IMAP connection.
pub(crate) async fn read_mail(shared: Arc<Shared>, stream: TcpStream) {
    let mut config = Config::default();
    config.capabilities.extend([
        Capability::StartTls,
        Capability::Move,
        Capability::UidPlus,
        Capability::Condstore,
        Capability::Qresync,
        Capability::Esearch,
        Capability::Unselect,
    ]);
    config.mechanisms = vec![Mechanism::PLAIN];
    let driver = Driver::new(Box::new(stream) as BoxStream, |now| Session::new(now, config));
    let acceptor = shared.tls.acceptor.clone();
    let mut reading = Reading { shared, engine: None };
    if let Err(error) = serve(driver, Some(&acceptor), &mut reading).await {
        reading.shared.transcript.note(&format!("a session ended early: {error}"));
    }
}

struct Reading {
    shared: Arc<Shared>,
    /// There once somebody has logged in.
    engine: Option<Engine<Folders>>,
}

impl Reading {
    async fn relay(&mut self, to: &mut Responder<'_>) -> Result<Option<Ending>, ServeError> {
        match &mut self.engine {
            Some(engine) => to.relay(engine).await,
            None => Ok(None),
        }
    }

    /// The session keeps for itself what is not the engine's.
    fn give(&mut self, tagged: Tagged) {
        if let Some(engine) = &mut self.engine {
            let _ = engine.command(tagged, seconds());
        }
    }
}

impl Handler for Reading {
    async fn log_in(&mut self, claim: Claim) -> Result<(), RespText> {
        let user = match &claim {
            Claim::Password(login) => self.shared.admits(login),
            _ => None,
        };
        let Some(user) = user else {
            let words = Text::from_static("I do not know you by that password");
            return Err(RespText::new(Some(Code::AuthenticationFailed), words));
        };
        let inbox = self.shared.spool.mailbox(user);
        let folders = Folders::new(inbox, Arc::clone(&self.shared.sorting));
        self.engine = Some(Engine::new(folders, Limits::default()));
        Ok(())
    }

    fn forget(&mut self) {
        self.engine = None;
    }

    async fn command(
        &mut self,
        tagged: Tagged,
        to: &mut Responder<'_>,
    ) -> Result<Ending, ServeError> {
        self.give(tagged);
        Ok(self.relay(to).await?.unwrap_or_else(nobody))
    }

    async fn begin(
        &mut self,
        tagged: Tagged,
        to: &mut Responder<'_>,
    ) -> Result<Option<Ending>, ServeError> {
        self.give(tagged);
        self.relay(to).await
    }

    async fn part(&mut self, part: AppendPart) -> Option<Ending> {
        self.engine.as_mut()?.part(&part).err()
    }

    async fn octets(&mut self, octets: Bytes) {
        if let Some(engine) = &mut self.engine {
            engine.octets(octets);
        }
    }

    async fn end(&mut self, to: &mut Responder<'_>) -> Result<Ending, ServeError> {
        if let Some(engine) = &mut self.engine {
            engine.end();
        }
        Ok(self.relay(to).await?.unwrap_or_else(nobody))
    }

    fn abandon(&mut self) {
        if let Some(engine) = &mut self.engine {
            engine.abort();
        }
    }

    fn idle(&mut self, listens: bool) {
        match &mut self.engine {
            Some(engine) if listens => engine.idle(),
            Some(engine) => engine.end_idle(),
            None => {}
        }
    }

    async fn news(&mut self, to: &mut Responder<'_>) -> Result<(), ServeError> {
        self.relay(to).await.map(drop)
    }
}

/// A command from nobody, which the session does not let through.
fn nobody() -> Ending {
    (homing::imap::Condition::Bad, RespText::new(None, Text::from_static("log in first")))
}

fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
