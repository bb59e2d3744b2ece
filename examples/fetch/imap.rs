//! Fetching by IMAP: a mailbox mirrored by the UIDs of its messages.
use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
};

use homing::{
    imap::{
        Capability, Content, Date, FetchItem as Item, Flag, Mailbox, Section, SeqSet, UidSet,
        client::{Memory, View},
        command::{
            Change, Command, Criteria, Fetch, FetchItem, FetchModifiers, Numbering, SearchKey,
        },
        tokio::Client,
    },
    pop3::{MessageNumber, UniqueId},
};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::io::AsyncWriteExt;

use crate::{Arguments, Failure, account::Account, store::Store};

/// How many messages are looked after: more than any mailbox has.
const MOST: u32 = 10_000_000;

/// How many messages one FETCH asks for.
const BATCH: usize = 500;

/// Fetches what is new; says how much it was. With `--idle` it does not end.
pub(crate) async fn fetch(account: &Account, arguments: &Arguments) -> Result<usize, Failure> {
    let folder = Mailbox::from_utf7(&arguments.folder).ok_or("no mailbox has such a name")?;
    let since = arguments.since.as_deref().map(date).transpose()?;
    let name = format!("{}.{}", account.name(), plain(&arguments.folder));
    let mut store = Store::open(&arguments.into, &name).await?;
    let mut client =
        account.connect_imap(&arguments.password_file, arguments.ca.as_deref()).await?;
    let has = |client: &mut Client, one| client.session().capabilities().has(&one);
    if has(&mut client, Capability::Qresync) {
        client.enable(vec![Capability::Qresync]).await?;
    }
    let memory = store.note().await.as_deref().and_then(Memory::parse);
    let select = Memory::select(memory.as_ref(), folder, client.session());
    let view = Arc::new(Mutex::new(View::new(memory, MOST)));
    let ear = Arc::clone(&view);
    client.listen_with(Box::new(move |response| {
        // More messages than can be looked after are missed, and the view is never complete.
        let _ = ear.lock().unwrap_or_else(PoisonError::into_inner).hear(response);
    }));
    client.select_with(select).await?;
    let mut mirror = Mirror { client, view, since };
    let mut count = mirror.update(&mut store).await?;
    if arguments.delete {
        mirror.delete(&store).await?;
    }
    if arguments.idle {
        loop {
            println!("{count} new messages; waiting for more");
            mirror.wait().await?;
            count = mirror.update(&mut store).await?;
            if arguments.delete {
                mirror.delete(&store).await?;
            }
        }
    }
    mirror.client.logout().await?;
    Ok(count)
}

struct Mirror {
    client: Client,
    view: Arc<Mutex<View>>,
    since: Option<Date>,
}

impl Mirror {
    fn view<T>(&self, ask: impl FnOnce(&mut View) -> T) -> T {
        ask(&mut self.view.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fetches what is on the server and not here, and then notes how far we are.
    async fn update(&mut self, store: &mut Store) -> Result<usize, Failure> {
        self.know_all().await?;
        let validity = self.view(|view| view.uid_validity()).ok_or("the server has no UIDs")?;
        let uids: Vec<_> =
            self.view(|view| view.messages().iter().filter_map(|seen| seen.uid).collect());
        let listing = listing(validity, &uids)?;
        store.retain(&listing).await?;
        let wanted = self.wanted().await?;
        let fresh: Vec<_> = uids
            .iter()
            .zip(&listing)
            .filter(|(uid, (_, id))| {
                !store.seen().contains(id)
                    && wanted.as_ref().is_none_or(|set| set.binary_search(&uid.get()).is_ok())
            })
            .map(|(uid, _)| *uid)
            .collect();
        let progress = bar(fresh.len());
        let mut count = 0;
        for batch in fresh.chunks(BATCH) {
            count += self.fetch(validity, batch, store, &progress).await?;
        }
        progress.finish_and_clear();
        if let Some(memory) = self.view(|view| view.memory()) {
            store.set_note(&memory.write()).await?;
        }
        Ok(count)
    }

    /// Brings the view up to date.
    async fn know_all(&mut self) -> Result<(), Failure> {
        for _ in 0..3 {
            if self.view(|view| view.memory()).is_some() {
                return Ok(());
            }
            let view = Arc::clone(&self.view);
            let commands =
                view.lock().unwrap_or_else(PoisonError::into_inner).resync(self.client.session());
            for command in commands {
                let answer = self.client.command(command).await?;
                self.view(|view| view.learn(&answer.text));
            }
            self.view(View::settle);
        }
        match self.view(|view| view.is_complete()) {
            true => Ok(()),
            false => Err("the mailbox changes faster than it can be listed".into()),
        }
    }

    /// Which messages are wanted, if not all.
    async fn wanted(&mut self) -> Result<Option<Vec<u32>>, Failure> {
        let Some(date) = self.since else { return Ok(None) };
        let found = self.client.search(Criteria::from(SearchKey::Since(date))).await?;
        let mut found: Vec<_> = found.iter().flat_map(UidSet::iter).map(NonZeroU32::get).collect();
        found.sort_unstable();
        Ok(Some(found))
    }

    async fn fetch(
        &mut self,
        validity: NonZeroU32,
        batch: &[NonZeroU32],
        store: &mut Store,
        progress: &ProgressBar,
    ) -> Result<usize, Failure> {
        let Some(set) = UidSet::from_numbers(batch.iter().copied()) else { return Ok(0) };
        let all = FetchItem::BodySection { peek: true, section: Section::default(), partial: None };
        let mut fetching = self.client.fetch(&set, all)?;
        let mut count = 0;
        while let Some(mut message) = fetching.next().await? {
            // Others change flags meanwhile; and a message that has gone has no octets.
            let has_octets =
                |item: &Item| matches!(item.content(), Some(content) if *content != Content::Nil);
            if !message.items().iter().any(has_octets) {
                continue;
            }
            let mut incoming = store.begin().await?;
            let mut file = tokio::io::BufWriter::new(&mut incoming.file);
            message.copy_to(&mut file).await?;
            file.flush().await?;
            let uid = message.uid().ok_or("the server forgot to say which message this is")?;
            store.keep(incoming, &id(validity, uid)?).await?;
            progress.inc(1);
            count += 1;
        }
        Ok(count)
    }

    /// Deletes from the server what is here.
    async fn delete(&mut self, store: &Store) -> Result<(), Failure> {
        let capabilities = self.client.session().capabilities();
        if !capabilities.has(&Capability::UidPlus) && !capabilities.has(&Capability::Imap4rev2) {
            return Err("the server cannot delete some messages and not others".into());
        }
        let validity = self.view(|view| view.uid_validity()).ok_or("the server has no UIDs")?;
        let mut here = Vec::new();
        for uid in
            self.view(|view| view.messages().iter().filter_map(|seen| seen.uid).collect::<Vec<_>>())
        {
            if store.seen().contains(&id(validity, uid)?) {
                here.push(uid);
            }
        }
        let Some(here) = UidSet::from_numbers(here) else { return Ok(()) };
        self.client.store(&here, Change::Add, [Flag::Deleted].into_iter().collect()).await?;
        self.client.expunge(Some((&here).into())).await?;
        Ok(())
    }

    /// Waits until something comes.
    async fn wait(&mut self) -> Result<(), Failure> {
        let has_more = |view: &mut View| {
            usize::try_from(view.exists()).is_ok_and(|count| count > view.messages().len())
        };
        let view = Arc::clone(&self.view);
        let news = move || has_more(&mut view.lock().unwrap_or_else(PoisonError::into_inner));
        let mut idling = self.client.idle()?;
        while !news() {
            idling.next().await?;
        }
        idling.done().await?;
        // The newcomers' UIDs are asked for.
        let known =
            self.view(|view| view.messages().iter().take_while(|seen| seen.uid.is_some()).count());
        let set = SeqSet::parse(format!("{}:*", known + 1).as_bytes())?;
        let fetch = Fetch {
            numbering: Numbering::Sequence,
            messages: set.into(),
            items: FetchItem::Uid.into(),
            modifiers: FetchModifiers::default(),
        };
        self.client.command(Command::Fetch(fetch)).await?;
        self.view(View::settle);
        Ok(())
    }
}

fn bar(messages: usize) -> ProgressBar {
    let bar = if messages == 0 { ProgressBar::hidden() } else { ProgressBar::new(messages as u64) };
    let style = "{bar:40} {pos} of {len} messages, {per_sec}, {eta} left";
    bar.with_style(ProgressStyle::with_template(style).expect("the template is well-formed"))
}

/// The names of messages, as the store wants them.
fn listing(
    validity: NonZeroU32,
    uids: &[NonZeroU32],
) -> Result<Vec<(MessageNumber, UniqueId)>, Failure> {
    uids.iter().map(|uid| Ok((MessageNumber::MIN, id(validity, *uid)?))).collect()
}

/// A message's name for good: its UID and what makes that valid.
fn id(validity: NonZeroU32, uid: NonZeroU32) -> Result<UniqueId, Failure> {
    Ok(UniqueId::new(format!("{validity}.{uid}").into_bytes().into())?)
}

fn date(text: &str) -> Result<Date, Failure> {
    let wrong = || format!("{text} is not a date of the form YYYY-MM-DD");
    let mut parts = text.splitn(3, '-').map(str::parse::<u16>);
    let mut part = || parts.next().and_then(Result::ok).ok_or_else(wrong);
    let (year, month, day) = (part()?, part()?, part()?);
    let small = |part| u8::try_from(part).map_err(|_| wrong());
    Ok(Date::new(year, small(month)?, small(day)?).ok_or_else(wrong)?)
}

/// A name for files.
fn plain(folder: &str) -> String {
    folder.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        assert_eq!(date("2026-02-28").unwrap(), Date::new(2026, 2, 28).unwrap());
        for bad in ["", "2026", "2026-13-01", "2026-02-30", "1-2-3-4", "x-1-1"] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }
}
