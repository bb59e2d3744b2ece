//! What a client asks, and how it hears the answer.
use alloc::{vec, vec::Vec};
use std::io;

use bytes::BytesMut;

use super::{
    Answer, Appended, Error, Selected,
    talk::{Drive, Source, Talk, ended},
};
use crate::{
    Capability, Esearch, List, ListMailbox, Mailbox, MailboxStatus, Response, SearchData, UidSet,
    client::Event,
    command::{
        self, AppendPart, Charset, Command, Criteria, ListPatterns, MessageStart, Numbering,
        SearchReturns, Select,
    },
    frame::Literal,
};

/// How much of a message is read at once.
const PIECE: usize = 64 * 1024;

pub(crate) async fn select<D: Drive>(
    talk: &mut Talk<D>,
    select: Select,
    examine: bool,
) -> Result<Selected, Error> {
    let command = if examine { Command::Examine(select) } else { Command::Select(select) };
    Ok(Selected::new(talk.command(command).await?, examine))
}

pub(crate) async fn list<D: Drive>(
    talk: &mut Talk<D>,
    reference: Mailbox,
    pattern: ListMailbox,
) -> Result<Vec<List>, Error> {
    let patterns = ListPatterns::One(pattern);
    let list = command::List { selection: None, reference, patterns, returns: None };
    let answer = talk.command(Command::List(list)).await?;
    let listed = |response| match response {
        Response::List(list) => Some(list),
        _ => None,
    };
    Ok(answer.responses.into_iter().filter_map(listed).collect())
}

pub(crate) async fn status<D: Drive>(
    talk: &mut Talk<D>,
    status: command::Status,
) -> Result<Option<MailboxStatus>, Error> {
    let mailbox = status.mailbox.clone();
    let answer = talk.command(Command::Status(status)).await?;
    let told = |response| match response {
        Response::Status(status) => Some(status),
        _ => None,
    };
    // Others may come by NOTIFY.
    let mut all: Vec<_> = answer.responses.into_iter().filter_map(told).collect();
    let at = all.iter().position(|status| status.mailbox == mailbox).or(all.len().checked_sub(1));
    Ok(at.map(|at| all.swap_remove(at)))
}

pub(crate) async fn search<D: Drive>(
    talk: &mut Talk<D>,
    criteria: Criteria,
) -> Result<Option<UidSet>, Error> {
    let session = talk.driver.session();
    let has = |capability| session.capabilities().has(&capability);
    // RFC 4731: ranges instead of numbers.
    let returns = (has(Capability::Esearch) || has(Capability::Imap4rev2))
        .then(|| SearchReturns { all: true, ..SearchReturns::default() });
    let search = command::Search { numbering: Numbering::Uid, returns, charset: None, criteria };
    let utf8 = session.enabled().contains(&Capability::Utf8Accept);
    // RFC 6855 §3: with UTF-8 enabled there is no CHARSET.
    let charset = if utf8 || is_ascii(&search) { None } else { Charset::new("UTF-8") };
    let answer = talk.command(Command::Search(command::Search { charset, ..search })).await?;
    Ok(answer.responses.into_iter().filter_map(found).next_back())
}

fn found(response: Response) -> Option<UidSet> {
    match response {
        Response::Search(search) => search.numbers,
        Response::Esearch(Esearch { uid: true, mailbox: None, data, .. }) => {
            data.into_iter().find_map(|data| match data {
                SearchData::All(uids) => Some(uids),
                _ => None,
            })
        }
        _ => None,
    }
}

fn is_ascii(search: &command::Search) -> bool {
    let mut out = BytesMut::new();
    let command = Command::Search(search.clone());
    let tag = crate::Tag::new("A").expect("a letter makes a tag");
    command::Tagged { tag, command }.write(crate::Dialect::CLIENT, &mut out);
    out.is_ascii()
}

pub(crate) async fn append<D: Drive>(
    talk: &mut Talk<D>,
    mailbox: Mailbox,
    start: MessageStart,
    size: u64,
    from: &mut impl Source,
) -> Result<Option<Appended>, Error> {
    let text = AppendPart::Text(Literal { size, synchronizing: true, binary: false });
    let parts = vec![AppendPart::Message(start), text];
    talk.end_idle();
    let tag = talk.driver.session().append(Command::Append(mailbox), parts)?;
    let mut responses = Vec::new();
    loop {
        match talk.event().await? {
            Event::SendBody { size, .. } => send(talk, size, from).await?,
            Event::Response(response) => talk.keep(&mut responses, response)?,
            Event::Done { tag: done, condition, text } if done == tag => {
                return Ok(ended(condition, text, responses)?.appended());
            }
            _ => {}
        }
    }
}

/// Sends as many octets as were announced.
async fn send<D: Drive>(
    talk: &mut Talk<D>,
    size: u64,
    from: &mut impl Source,
) -> Result<(), Error> {
    let mut buffer = vec![0; PIECE];
    let mut left = size;
    while left > 0 {
        let most = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        let space = buffer.get_mut(..most).unwrap_or_default();
        let read = talk.driver.read(from, space).await?;
        if read == 0 {
            // The server waits for the rest, and nothing else can be said.
            return Err(Error::Message(io::ErrorKind::UnexpectedEof.into()));
        }
        let piece = buffer.get(..read).unwrap_or_default();
        talk.driver.session().body(piece)?;
        talk.driver.flush().await?;
        left = left.saturating_sub(read as u64);
    }
    Ok(())
}

pub(crate) async fn enable<D: Drive>(
    talk: &mut Talk<D>,
    capabilities: Vec<Capability>,
) -> Result<Vec<Capability>, Error> {
    if let Some(wanted) = crate::NotEmpty::new(capabilities) {
        talk.command(Command::Enable(wanted)).await?;
    }
    Ok(talk.driver.session().enabled().to_vec())
}

pub(crate) async fn moved<D: Drive>(
    talk: &mut Talk<D>,
    command: Command,
) -> Result<Option<Appended>, Error> {
    Ok(talk.command(command).await?.appended())
}

pub(crate) fn id_fields(answer: Answer) -> Option<crate::Id> {
    answer.responses.into_iter().find_map(|response| match response {
        Response::Id(id) => Some(id),
        _ => None,
    })
}
