//! SEARCH: which messages have something.
use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::answer::{Answer, Refusal, bad, bad_code, no, ok};
use super::candidate::Candidate;
use super::casemap::fold;
use super::fetch::page;
use super::rows::Row;
use super::uids::Uids;
use super::{Details, Engine, Failure, Limits, Mailbox, Selected, Store};
use crate::command::{
    Charset, Criteria, MessageSet, Numbering, Search, SearchKey, SearchReturns, Term,
};
use crate::{
    Code, Esearch, Flag, IString, Number64, Response, Search as Found, SearchData, Tag, UidSet,
};

/// What a key looks for, made ready to be compared.
#[derive(Debug)]
pub(super) enum Wanted {
    /// Text, folded.
    Text(String),
    /// Messages.
    Uids(Uids),
    /// The key has it.
    InKey,
}

/// Criteria, made ready: beside each term what it wants.
pub(super) struct Plan<'c> {
    criteria: &'c Criteria,
    wanted: Vec<Wanted>,
    now: i64,
    /// Whether a mod-sequence is looked for (RFC 7162 §3.1.5).
    has_mod_seq: bool,
}

impl<S: Store> Engine<S> {
    pub(super) fn search(&mut self, tag: &Tag, search: &Search) -> Answer {
        let saves = search.returns.as_ref().is_some_and(|returns| returns.save);
        let answer = self.search_for(tag, search);
        if let (Err(refusal), true) = (&answer, saves)
            && refusal.condition == crate::Condition::No
            && let Some(selected) = &mut self.selected
        {
            // RFC 5182 §2.1: a search that fails with NO empties $.
            selected.saved = Uids::default();
        }
        answer
    }

    fn search_for(&mut self, tag: &Tag, search: &Search) -> Answer {
        let found = self.find(search.numbering, search.charset.as_ref(), &search.criteria)?;
        let returns = match &search.returns {
            Some(returns) => returns.clone(),
            // RFC 9051 §6.4.4: in rev2 the answer is ESEARCH, always.
            None if self.enabled.is_rev2() => SearchReturns::default(),
            None => {
                let numbers = self.numbers(search.numbering, &found.uids);
                let numbers = UidSet::from_numbers(numbers);
                self.tell(Response::Search(Found { numbers, mod_seq: found.mod_seq() }));
                return Ok(ok("done"));
            }
        };
        self.tell_found(tag, search.numbering, &returns, &found)?;
        Ok(ok("done"))
    }

    /// Looks for messages, by ascending number.
    pub(super) fn find(
        &mut self,
        numbering: Numbering,
        charset: Option<&Charset>,
        criteria: &Criteria,
    ) -> Answer<FoundMessages> {
        if self.enabled.uid_only() && numbering == Numbering::Sequence {
            return Err(bad_code(Code::UidRequired, "UIDs only"));
        }
        let (now, uid_only) = (self.now, self.enabled.uid_only());
        let limits = self.limits;
        let selected = self.selected_mut()?;
        let plan = Plan::new(criteria, charset, selected, now, uid_only)?;
        let uids = selected.matching(&plan, &limits)?;
        let mod_seqs = if plan.has_mod_seq {
            let mod_seq =
                |uid: &NonZeroU32| selected.view.get(uid.get()).map_or(0, |it| it.mod_seq);
            Some(uids.iter().map(mod_seq).collect())
        } else {
            None
        };
        if plan.has_mod_seq {
            self.enable_condstore();
        }
        Ok(FoundMessages { uids, mod_seqs })
    }

    /// Tells, and saves, what was found, in the order in which it is (RFC 4731, RFC 5182,
    /// RFC 5267, RFC 9394).
    pub(super) fn tell_found(
        &mut self,
        tag: &Tag,
        numbering: Numbering,
        returns: &SearchReturns,
        found: &FoundMessages,
    ) -> Answer<()> {
        check_returns(returns)?;
        let numbers: Vec<NonZeroU32> = self.numbers(numbering, &found.uids).collect();
        let data = results(returns, &numbers, found);
        if returns.save {
            self.selected_mut()?.saved = found.to_save(returns);
        }
        if !returns.only_saves() {
            let tag = IString::new(tag.as_bytes().to_vec());
            let uid = numbering == Numbering::Uid;
            self.tell(Response::Esearch(Esearch { tag, mailbox: None, uid, data }));
        }
        Ok(())
    }

    /// Messages as the client counts them.
    pub(super) fn numbers<'f>(
        &'f self,
        numbering: Numbering,
        uids: &'f [NonZeroU32],
    ) -> impl Iterator<Item = NonZeroU32> + use<'f, S> {
        let view = self.selected.as_ref().map(|selected| &selected.view);
        uids.iter().filter_map(move |uid| match numbering {
            Numbering::Uid => Some(*uid),
            Numbering::Sequence => view?.number(uid.get()),
        })
    }
}

/// Whether what is asked for can be told.
pub(super) fn check_returns(returns: &SearchReturns) -> Answer<()> {
    if returns.update.is_some() || returns.relevancy {
        return Err(bad("a result that is not supported"));
    }
    Ok(())
}

/// What is told of what was found.
pub(super) fn results(
    returns: &SearchReturns,
    numbers: &[NonZeroU32],
    found: &FoundMessages,
) -> Vec<SearchData> {
    let mut data = Vec::new();
    if returns.min {
        data.extend(numbers.first().copied().map(SearchData::Min));
    }
    if returns.max {
        data.extend(numbers.last().copied().map(SearchData::Max));
    }
    let all = returns.all
        || *returns == SearchReturns { context: returns.context, ..SearchReturns::default() };
    if all {
        data.extend(UidSet::from_numbers(numbers.iter().copied()).map(SearchData::All));
    }
    if let Some(range) = returns.partial {
        let numbers = UidSet::from_numbers(page(numbers, range).iter().copied());
        data.push(SearchData::Partial(range, numbers));
    }
    if returns.count {
        data.push(SearchData::Count(u32::try_from(numbers.len()).unwrap_or(u32::MAX)));
    }
    data.extend(found.mod_seq_of(returns).map(SearchData::ModSeq));
    data
}

impl SearchReturns {
    /// Whether what is found is saved, and none of it told.
    pub(super) fn only_saves(&self) -> bool {
        let tells = self.min || self.max || self.count || self.all || self.partial.is_some();
        self.save && !tells
    }
}

/// Messages that were found, and their mod-sequences if those are told.
pub(super) struct FoundMessages {
    pub(super) uids: Vec<NonZeroU32>,
    mod_seqs: Option<Vec<u64>>,
}

impl FoundMessages {
    /// Puts the messages in another order.
    pub(super) fn reorder(&mut self, uids: Vec<NonZeroU32>) {
        // Of the mod-sequences, only the highest counts then.
        let highest = self.mod_seqs.as_ref().and_then(|all| all.iter().max().copied());
        if let Some(all) = &mut self.mod_seqs {
            all.fill(highest.unwrap_or_default());
        }
        self.uids = uids;
    }

    /// The highest mod-sequence.
    pub(super) fn mod_seq(&self) -> Option<Number64> {
        self.mod_seqs.as_ref()?.iter().max().copied().and_then(Number64::new)
    }

    /// RFC 4731 §3.2: of MIN and MAX alone, only their mod-sequences count.
    fn mod_seq_of(&self, returns: &SearchReturns) -> Option<Number64> {
        let ends_only = (returns.min || returns.max)
            && !(returns.all || returns.count || returns.partial.is_some());
        if !ends_only {
            return self.mod_seq();
        }
        let all = self.mod_seqs.as_ref()?;
        let min = all.first().filter(|_| returns.min);
        let max = all.last().filter(|_| returns.max);
        min.max(max).copied().and_then(Number64::new)
    }

    /// RFC 5182 §2.4, RFC 9394 §3.1: what `$` is, by what else is told.
    pub(super) fn to_save(&self, returns: &SearchReturns) -> Uids {
        let some = returns.min || returns.max || returns.partial.is_some();
        if returns.all || returns.count || !some {
            return self.uids.iter().map(|uid| uid.get()).collect();
        }
        let min = self.uids.first().filter(|_| returns.min);
        let max = self.uids.last().filter(|_| returns.max);
        let partial = returns.partial.map_or(&[][..], |range| page(&self.uids, range));
        min.into_iter().chain(max).chain(partial).map(|uid| uid.get()).collect()
    }
}

impl<'c> Plan<'c> {
    fn new<M>(
        criteria: &'c Criteria,
        charset: Option<&Charset>,
        selected: &Selected<M>,
        now: i64,
        uid_only: bool,
    ) -> Answer<Self> {
        let known = [Charset::UTF_8, Charset::US_ASCII];
        if charset.is_some_and(|charset| !known.contains(charset)) {
            let known = known.iter().filter_map(|it| IString::new(it.as_str().as_bytes().to_vec()));
            return Err(no(Code::BadCharset(known.collect()), "the charset is not known"));
        }
        let mut has_mod_seq = false;
        let mut wanted = Vec::with_capacity(criteria.terms().len());
        for term in criteria.terms() {
            wanted.push(match term {
                Term::Key(key) => {
                    has_mod_seq |= matches!(key, SearchKey::ModSeq(_));
                    want(key, selected, uid_only)?
                }
                _ => Wanted::InKey,
            });
        }
        Ok(Self { criteria, wanted, now, has_mod_seq })
    }

    fn wanted(&self, at: usize) -> &Wanted {
        self.wanted.get(at).unwrap_or(&Wanted::InKey)
    }
}

fn want<M>(key: &SearchKey, selected: &Selected<M>, uid_only: bool) -> Answer<Wanted> {
    let text = |text: &IString| {
        let text = core::str::from_utf8(text.as_bytes());
        text.map(|text| Wanted::Text(fold(text))).map_err(|_| bad("the text is not UTF-8"))
    };
    match key {
        SearchKey::Bcc(it)
        | SearchKey::Body(it)
        | SearchKey::Cc(it)
        | SearchKey::From(it)
        | SearchKey::Subject(it)
        | SearchKey::Text(it)
        | SearchKey::To(it) => text(it),
        SearchKey::Header(field) => text(&field.1),
        SearchKey::Numbers(MessageSet::Saved) | SearchKey::Uid(MessageSet::Saved) => {
            Ok(Wanted::Uids(selected.saved.clone()))
        }
        SearchKey::Numbers(MessageSet::Numbers(_)) if uid_only => {
            Err(bad_code(Code::UidRequired, "UIDs only"))
        }
        SearchKey::Numbers(MessageSet::Numbers(set)) => {
            Ok(Wanted::Uids(selected.view.uids_of_those(set)))
        }
        SearchKey::Uid(MessageSet::Numbers(set)) => {
            Ok(Wanted::Uids(Uids::of(set, selected.view.last_uid())))
        }
        SearchKey::Annotation(_)
        | SearchKey::GmailRaw(_)
        | SearchKey::GmailMessageId(_)
        | SearchKey::GmailThreadId(_)
        | SearchKey::GmailLabel(_) => Err(bad("a key that is not supported")),
        _ => Ok(Wanted::InKey),
    }
}

impl<M: Mailbox> Selected<M> {
    /// Returns the messages that have what is looked for. Of each no more is read than decides:
    /// first what is known, then what the store knows without its text, then its text.
    pub(super) fn matching(
        &mut self,
        plan: &Plan<'_>,
        limits: &Limits,
    ) -> Result<Vec<NonZeroU32>, Refusal> {
        let (mut found, mut open) = (Vec::new(), Vec::new());
        let mut next = 1_u32;
        loop {
            let mut reached = None;
            for row in self.view.iter_from(next) {
                let Some(uid) = NonZeroU32::new(row.uid) else { continue };
                match plan.criteria.decide(|at, key| self.of_row(key, plan.wanted(at), row)) {
                    Some(true) => found.push(uid),
                    Some(false) => {}
                    None => open.push(uid),
                }
                if open.len() >= limits.batch {
                    reached = row.uid.checked_add(1);
                    break;
                }
            }
            self.read_open(plan, &mut open, &mut found, limits)?;
            match reached {
                Some(after) => next = after,
                None => break,
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Decides about messages of which more has to be known.
    fn read_open(
        &mut self,
        plan: &Plan<'_>,
        open: &mut Vec<NonZeroU32>,
        found: &mut Vec<NonZeroU32>,
        limits: &Limits,
    ) -> Result<(), Failure> {
        if open.is_empty() {
            return Ok(());
        }
        let all = self.mailbox.details(open)?;
        open.clear();
        for details in &all {
            let Some(row) = self.view.get(details.uid.get()).copied() else { continue };
            let known = |at: usize, key: &SearchKey| {
                let of_row = self.of_row(key, plan.wanted(at), &row);
                of_row.or_else(|| of_details(key, details, plan.now))
            };
            let is_found = match plan.criteria.decide(known) {
                Some(decided) => decided,
                None => self.read_text(plan, &row, details, limits)?,
            };
            if is_found {
                found.push(details.uid);
            }
        }
        Ok(())
    }

    fn read_text(
        &mut self,
        plan: &Plan<'_>,
        row: &Row,
        details: &Details,
        limits: &Limits,
    ) -> Result<bool, Failure> {
        let mut failure = None;
        // What the view knows has to be asked before the mailbox is lent.
        let known: Vec<Option<bool>> = plan
            .criteria
            .terms()
            .iter()
            .enumerate()
            .map(|(at, term)| match term {
                Term::Key(key) => self
                    .of_row(key, plan.wanted(at), row)
                    .or_else(|| of_details(key, details, plan.now)),
                _ => None,
            })
            .collect();
        let mut candidate = Candidate::new(&mut self.mailbox, details, limits);
        let is_found = plan.criteria.matches_at(|at, key| {
            if failure.is_some() {
                return false;
            }
            if let Some(known) = known.get(at).copied().flatten() {
                return known;
            }
            candidate.has(key, plan.wanted(at)).unwrap_or_else(|why| {
                failure = Some(why);
                false
            })
        });
        match failure {
            // Somebody expunged it: it is not found.
            Some(Failure::MessageGone) => Ok(false),
            Some(failure) => Err(failure),
            None => Ok(is_found),
        }
    }

    /// What the view knows of a key.
    fn of_row(&self, key: &SearchKey, wanted: &Wanted, row: &Row) -> Option<bool> {
        let has = |flag: &Flag| self.view.has_flag(row, flag);
        Some(match key {
            SearchKey::All => true,
            SearchKey::Answered => has(&Flag::Answered),
            SearchKey::Deleted => has(&Flag::Deleted),
            SearchKey::Draft => has(&Flag::Draft),
            SearchKey::Flagged => has(&Flag::Flagged),
            SearchKey::Seen => has(&Flag::Seen),
            SearchKey::Recent => has(&Flag::Recent),
            SearchKey::New => has(&Flag::Recent) && !has(&Flag::Seen),
            SearchKey::Old => !has(&Flag::Recent),
            SearchKey::Unanswered => !has(&Flag::Answered),
            SearchKey::Undeleted => !has(&Flag::Deleted),
            SearchKey::Undraft => !has(&Flag::Draft),
            SearchKey::Unflagged => !has(&Flag::Flagged),
            SearchKey::Unseen => !has(&Flag::Seen),
            SearchKey::Keyword(name) => has(&Flag::Keyword(name.clone())),
            SearchKey::Unkeyword(name) => !has(&Flag::Keyword(name.clone())),
            SearchKey::Numbers(_) | SearchKey::Uid(_) => match wanted {
                Wanted::Uids(uids) => uids.contains(row.uid),
                _ => false,
            },
            SearchKey::ModSeq(key) => row.mod_seq >= key.least.get(),
            _ => return None,
        })
    }
}

/// What the store knows of a key without the message's text.
fn of_details(key: &SearchKey, details: &Details, now: i64) -> Option<bool> {
    let received = details.received.date();
    let age = now.saturating_sub(details.received.to_unix());
    let saved = details.saved.map(crate::DateTime::date);
    Some(match key {
        SearchKey::Before(day) => received < *day,
        SearchKey::On(day) => received == *day,
        SearchKey::Since(day) => received >= *day,
        SearchKey::Larger(size) => details.size > size.get(),
        SearchKey::Smaller(size) => details.size < size.get(),
        // RFC 5032 §3.
        SearchKey::Older(seconds) => age >= i64::from(seconds.get()),
        SearchKey::Younger(seconds) => age <= i64::from(seconds.get()),
        SearchKey::EmailId(id) => details.email_id.as_ref() == Some(id),
        SearchKey::ThreadId(id) => details.thread_id.as_ref() == Some(id),
        // RFC 8514 §4.3: where it is not known when messages were saved, it is as INTERNALDATE.
        SearchKey::SavedBefore(day) => saved.unwrap_or(received) < *day,
        SearchKey::SavedOn(day) => saved.unwrap_or(received) == *day,
        SearchKey::SavedSince(day) => saved.unwrap_or(received) >= *day,
        SearchKey::SaveDateSupported => saved.is_some(),
        _ => return None,
    })
}
