use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;

use bytes::Bytes;
use proto_core::tokio::{BoxStream, Driver};
use sasl::server::Claim;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;

use super::{Ending, Handler, Responder, ServeError, serve};
use crate::command::{AppendPart, Tagged};
use crate::engine::{Engine, Limits, memory};
use crate::server::{Config, Session};
use crate::{Condition, RespText, Text};

/// A mailbox in memory, whose sessions tell each other that something changed.
struct Memory {
    account: memory::Account,
    bell: Arc<Notify>,
    engine: Option<Engine<memory::MemoryStore>>,
}

const BUG: &str = "nothing was said";

fn ended(ending: Option<Ending>) -> Ending {
    ending.unwrap_or_else(|| (Condition::No, RespText::new(None, Text::from_static(BUG))))
}

impl Handler for Memory {
    async fn log_in(&mut self, _: Claim) -> Result<(), RespText> {
        self.engine = Some(Engine::new(self.account.store(), Limits::default()));
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
        let engine = self.engine.as_mut().expect("somebody is logged in");
        engine.command(tagged, 0).expect("it is the engine's");
        let ending = to.relay(engine).await?;
        self.bell.notify_waiters();
        Ok(ended(ending))
    }

    async fn begin(
        &mut self,
        tagged: Tagged,
        to: &mut Responder<'_>,
    ) -> Result<Option<Ending>, ServeError> {
        let engine = self.engine.as_mut().expect("somebody is logged in");
        engine.command(tagged, 0).expect("it is the engine's");
        to.relay(engine).await
    }

    async fn part(&mut self, part: AppendPart) -> Option<Ending> {
        self.engine.as_mut()?.part(&part).err()
    }

    async fn octets(&mut self, octets: Bytes) {
        self.engine.as_mut().expect("somebody is logged in").octets(octets);
    }

    async fn end(&mut self, to: &mut Responder<'_>) -> Result<Ending, ServeError> {
        let engine = self.engine.as_mut().expect("somebody is logged in");
        engine.end();
        let ending = to.relay(engine).await?;
        self.bell.notify_waiters();
        Ok(ended(ending))
    }

    fn abandon(&mut self) {
        self.engine.as_mut().expect("somebody is logged in").abort();
    }

    fn idle(&mut self, listens: bool) {
        let engine = self.engine.as_mut().expect("somebody is logged in");
        if listens { engine.idle() } else { engine.end_idle() }
    }

    async fn changed(&mut self) {
        self.bell.notified().await;
    }

    async fn news(&mut self, to: &mut Responder<'_>) -> Result<(), ServeError> {
        let Some(engine) = &mut self.engine else { return Ok(()) };
        engine.wake();
        to.relay(engine).await.map(|_| ())
    }
}

struct Client(DuplexStream);

impl Client {
    fn new(account: &memory::Account, bell: &Arc<Notify>) -> Self {
        let (ours, theirs) = tokio::io::duplex(10_000);
        let mut handler = Memory { account: account.clone(), bell: Arc::clone(bell), engine: None };
        let mut config = Config::default();
        config.plaintext_passwords = true;
        let driver = Driver::new(Box::new(theirs) as BoxStream, |now| Session::new(now, config));
        tokio::spawn(async move { serve(driver, None, &mut handler).await });
        Self(ours)
    }

    async fn say(&mut self, said: &str) {
        self.0.write_all(said.as_bytes()).await.unwrap();
    }

    async fn hear(&mut self, until: &str) -> String {
        let mut heard = String::new();
        while !heard.contains(until) {
            let mut octets = [0; 4096];
            let read = self.0.read(&mut octets).await.unwrap();
            assert!(read > 0, "{heard}");
            heard.push_str(core::str::from_utf8(&octets[..read]).unwrap());
        }
        heard
    }
}

#[tokio::test]
async fn one_client_idles_and_sees_what_another_appends_and_expunges() {
    let (account, bell) = (memory::Account::new(), Arc::new(Notify::new()));
    let (mut bob, mut bobs_telephone) =
        (Client::new(&account, &bell), Client::new(&account, &bell));
    for client in [&mut bob, &mut bobs_telephone] {
        client.say("a LOGIN bob hungry\r\nb SELECT INBOX\r\n").await;
        client.hear("b OK").await;
    }
    bobs_telephone.say("c IDLE\r\n").await;
    bobs_telephone.hear("+ idling\r\n").await;
    bob.say("d APPEND INBOX {20}\r\n").await;
    bob.hear("+ go ahead\r\n").await;
    bob.say("Subject: x\r\n\r\nhello!\r\n").await;
    bob.hear("d OK").await;
    bobs_telephone.hear("* 1 EXISTS\r\n").await;
    bob.say("e STORE 1 FLAGS (\\Deleted)\r\nf EXPUNGE\r\n").await;
    bob.hear("f OK").await;
    bobs_telephone.hear("* 1 EXPUNGE\r\n").await;
    bobs_telephone.say("DONE\r\ng LOGOUT\r\n").await;
    bobs_telephone.hear("g OK").await;
}
