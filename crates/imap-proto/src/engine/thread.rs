//! THREAD: messages as conversations (RFC 5256).
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use mime::{Message, MessageId};

use super::answer::{Answer, bad, ok};
use super::candidate::header;
use super::sort::{sent, text};
use super::{Engine, Failure, Limits, Mailbox, Selected, Store};
use crate::command::{Numbering, Thread, ThreadAlgorithm};
use crate::{Response, Thread as Told, ThreadEntry};

/// What is known of a message that is put into a conversation.
#[derive(Debug)]
struct Letter {
    uid: NonZeroU32,
    sent: i64,
    subject: String,
    is_reply: bool,
    id: Option<MessageId>,
    references: Vec<MessageId>,
}

impl<S: Store> Engine<S> {
    pub(super) fn thread(&mut self, thread: &Thread) -> Answer {
        if matches!(thread.algorithm, ThreadAlgorithm::Other(_)) {
            return Err(bad("an algorithm that is not supported"));
        }
        let found = self.find(thread.numbering, Some(&thread.charset), &thread.criteria)?;
        self.check_sortable(found.uids.len())?;
        let limits = self.limits;
        let letters = self.selected_mut()?.letters(&found.uids, &limits)?;
        let flat = match thread.algorithm {
            ThreadAlgorithm::OrderedSubject => by_subject(&letters),
            _ => Forest::grow(&letters, &limits).flatten(),
        };
        let number = |letter: Option<usize>| {
            let uid = letters.get(letter?)?.uid;
            match thread.numbering {
                Numbering::Uid => Some(uid),
                Numbering::Sequence => self.selected.as_ref()?.view.number(uid.get()),
            }
        };
        let entries = flat.into_iter().map(|(depth, letter)| {
            let depth = u32::try_from(depth).unwrap_or(u32::MAX);
            ThreadEntry { depth, number: number(letter) }
        });
        self.tell(Response::Thread(Told::new(entries.collect()).unwrap_or_default()));
        Ok(ok("done"))
    }
}

impl<M: Mailbox> Selected<M> {
    fn letters(&mut self, uids: &[NonZeroU32], limits: &Limits) -> Result<Vec<Letter>, Failure> {
        let mut all = Vec::with_capacity(uids.len());
        for batch in uids.chunks(limits.batch.max(1)) {
            for details in self.mailbox.details(batch)? {
                let octets = match header(&mut self.mailbox, details.uid, details.size, limits) {
                    Ok(octets) => octets,
                    Err(Failure::MessageGone) => continue,
                    Err(failure) => return Err(failure),
                };
                let message = Message::parse(&octets);
                let key = message.thread_key();
                let references = key.references();
                let skipped = references.len().saturating_sub(limits.references);
                all.push(Letter {
                    uid: details.uid,
                    sent: sent(&message, &details),
                    subject: text(key.subject().as_str(), limits),
                    is_reply: key.subject().is_reply(),
                    id: key.message_id().cloned(),
                    references: references.get(skipped..).unwrap_or_default().to_vec(),
                });
            }
        }
        Ok(all)
    }
}

/// ORDEREDSUBJECT: by subject, each conversation by date. Pairs of a depth and a message.
fn by_subject(letters: &[Letter]) -> Vec<(usize, Option<usize>)> {
    let mut subjects: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, letter) in letters.iter().enumerate() {
        subjects.entry(&letter.subject).or_default().push(at);
    }
    let sent = |at: usize| letters.get(at).map(|letter| (letter.sent, at));
    let mut threads: Vec<Vec<usize>> = subjects.into_values().collect();
    threads.iter_mut().for_each(|thread| thread.sort_by_key(|at| sent(*at)));
    threads.sort_by_key(|thread| thread.first().and_then(|at| sent(*at)));
    let depth = |place: usize| usize::from(place > 0);
    let flat = threads.into_iter().flat_map(|thread| {
        thread.into_iter().enumerate().map(move |(place, at)| (depth(place), Some(at)))
    });
    flat.collect()
}

/// Messages as REFERENCES joins them. Nodes are numbers; there is no recursion, for strangers
/// choose how deep conversations are.
#[derive(Debug, Default)]
struct Forest {
    nodes: Vec<Node>,
    roots: Vec<usize>,
}

#[derive(Debug, Default)]
struct Node {
    /// Which message it is; none for one that is referred to and is not there.
    letter: Option<usize>,
    /// When it was sent: of one that is missing, when its first answer was.
    sent: (i64, usize),
    subject: String,
    is_reply: bool,
    parent: Option<usize>,
    /// How many have it for a parent.
    answers: usize,
    /// Those, once all are known.
    children: Vec<usize>,
}

impl Forest {
    fn grow(letters: &[Letter], limits: &Limits) -> Self {
        let mut forest = Self::default();
        let mut places: BTreeMap<&MessageId, usize> = BTreeMap::new();
        forest.plant(letters, &mut places, limits);
        forest.prune();
        forest.date();
        forest.join_subjects();
        forest.date();
        forest
    }

    /// Step 1: parents and children by references.
    fn plant<'l>(
        &mut self,
        letters: &'l [Letter],
        places: &mut BTreeMap<&'l MessageId, usize>,
        limits: &Limits,
    ) {
        for (at, letter) in letters.iter().enumerate() {
            let mut before = None;
            for id in &letter.references {
                let place = *places.entry(id).or_insert_with(|| self.add(Node::default()));
                if let Some(before) = before
                    && self.nodes.get(place).is_some_and(|node| node.parent.is_none())
                {
                    self.link(before, place, limits);
                }
                before = Some(place);
            }
            let place = self.place_of(at, letter, places);
            self.unlink(place);
            if let Some(parent) = before {
                self.link(parent, place, limits);
            }
        }
        let parents: Vec<Option<usize>> = self.nodes.iter().map(|node| node.parent).collect();
        for (at, parent) in parents.into_iter().enumerate() {
            match parent {
                Some(parent) => self.add_child(parent, at),
                None => self.roots.push(at),
            }
        }
    }

    /// The node of a message: that which others referred to, or a new one.
    fn place_of<'l>(
        &mut self,
        at: usize,
        letter: &'l Letter,
        places: &mut BTreeMap<&'l MessageId, usize>,
    ) -> usize {
        let node = Node {
            letter: Some(at),
            sent: (letter.sent, at),
            subject: letter.subject.clone(),
            is_reply: letter.is_reply,
            ..Node::default()
        };
        let known = letter.id.as_ref().and_then(|id| places.get(id)).copied();
        if let Some(place) = known
            && let Some(dummy) = self.nodes.get_mut(place).filter(|it| it.letter.is_none())
        {
            *dummy = Node { parent: dummy.parent, answers: dummy.answers, ..node };
            return place;
        }
        let place = self.add(node);
        // The second message of an identifier has one of its own, which nobody refers to.
        if known.is_none()
            && let Some(id) = &letter.id
        {
            places.insert(id, place);
        }
        place
    }

    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Links two, unless that would make a loop, or it would take too long to know.
    fn link(&mut self, parent: usize, child: usize, limits: &Limits) {
        let has_children = self.nodes.get(child).is_some_and(|node| node.answers > 0);
        let mut above = Some(parent);
        for step in 0.. {
            match above {
                None => break,
                Some(node) if node == child => return,
                Some(_) if !has_children => break,
                Some(_) if step >= limits.thread_depth => return,
                Some(node) => above = self.nodes.get(node).and_then(|node| node.parent),
            }
        }
        if let Some(node) = self.nodes.get_mut(child) {
            node.parent = Some(parent);
        }
        if let Some(node) = self.nodes.get_mut(parent) {
            node.answers += 1;
        }
    }

    fn unlink(&mut self, child: usize) {
        let parent = self.nodes.get_mut(child).and_then(|node| node.parent.take());
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent)) {
            parent.answers -= 1;
        }
    }

    /// Step 3: takes out those that are missing, unless they hold conversations together.
    fn prune(&mut self) {
        for at in self.leaves_first() {
            let children = self.take_children(at);
            let mut kept = Vec::with_capacity(children.len());
            for child in children {
                if self.is_missing(child) {
                    kept.append(&mut self.take_children(child));
                } else {
                    kept.push(child);
                }
            }
            self.set_children(at, kept);
        }
        let roots = core::mem::take(&mut self.roots);
        for root in roots {
            if !self.is_missing(root) {
                self.roots.push(root);
                continue;
            }
            let mut children = self.take_children(root);
            if children.len() > 1 {
                self.set_children(root, children);
                self.roots.push(root);
            } else {
                self.roots.append(&mut children);
            }
        }
    }

    /// Steps 4 and 6: siblings by date, the innermost first.
    fn date(&mut self) {
        for at in self.leaves_first() {
            let mut children = self.take_children(at);
            children.sort_by_key(|child| self.nodes.get(*child).map(|node| node.sent));
            let first = children.first().and_then(|child| self.nodes.get(*child));
            let of_first = first.map(|node| (node.sent, node.subject.clone()));
            if let (Some(node), Some((sent, subject))) = (self.nodes.get_mut(at), of_first)
                && node.letter.is_none()
            {
                (node.sent, node.subject) = (sent, subject);
            }
            self.set_children(at, children);
        }
        let mut roots = core::mem::take(&mut self.roots);
        roots.sort_by_key(|root| self.nodes.get(*root).map(|node| node.sent));
        self.roots = roots;
    }

    /// Step 5: conversations with the same subject are one.
    fn join_subjects(&mut self) {
        let mut table: BTreeMap<String, usize> = BTreeMap::new();
        for root in &self.roots {
            let Some(node) = self.nodes.get(*root).filter(|node| !node.subject.is_empty()) else {
                continue;
            };
            let place = table.entry(node.subject.clone()).or_insert(*root);
            let Some(there) = self.nodes.get(*place).filter(|there| there.letter.is_some()) else {
                continue;
            };
            if node.letter.is_none() || there.is_reply && !node.is_reply {
                *place = *root;
            }
        }
        let roots = core::mem::take(&mut self.roots);
        let mut gone = alloc::collections::BTreeSet::new();
        for root in roots {
            if gone.contains(&root) {
                continue;
            }
            let subject = self.nodes.get(root).map(|node| node.subject.clone());
            let place = subject.as_ref().and_then(|subject| table.get_mut(subject));
            match place {
                Some(place) if *place != root => {
                    if let Some(dummy) = self.join(*place, root) {
                        gone.insert(*place);
                        *place = dummy;
                        self.roots.push(dummy);
                    }
                }
                _ => self.roots.push(root),
            }
        }
        self.roots.retain(|root| !gone.contains(root));
    }

    /// Joins a conversation with the one in the table; returns what stands for both, if that is
    /// new.
    fn join(&mut self, there: usize, root: usize) -> Option<usize> {
        let is_reply = |at: usize| self.nodes.get(at).is_some_and(|node| node.is_reply);
        match (self.is_missing(there), self.is_missing(root)) {
            (true, true) => {
                let children = self.take_children(root);
                if let Some(node) = self.nodes.get_mut(there) {
                    node.children.extend(children);
                }
                None
            }
            (true, false) => {
                self.add_child(there, root);
                None
            }
            (false, _) if is_reply(root) && !is_reply(there) => {
                self.add_child(there, root);
                None
            }
            _ => {
                let children = alloc::vec![there, root];
                let subject = self.nodes.get(there).map(|node| node.subject.clone());
                let subject = subject.unwrap_or_default();
                Some(self.add(Node { children, subject, ..Node::default() }))
            }
        }
    }

    /// Each message before its answers, with its depth.
    fn flatten(&self) -> Vec<(usize, Option<usize>)> {
        let mut flat = Vec::with_capacity(self.nodes.len());
        let mut open: Vec<(usize, usize)> = self.roots.iter().rev().map(|at| (0, *at)).collect();
        while let Some((depth, at)) = open.pop() {
            let Some(node) = self.nodes.get(at) else { continue };
            flat.push((depth, node.letter));
            open.extend(node.children.iter().rev().map(|child| (depth + 1, *child)));
        }
        flat
    }

    /// All nodes, each after those below it.
    fn leaves_first(&self) -> Vec<usize> {
        let (mut order, mut open) = (Vec::with_capacity(self.nodes.len()), self.roots.clone());
        while let Some(at) = open.pop() {
            order.push(at);
            open.extend(self.nodes.get(at).into_iter().flat_map(|node| &node.children));
        }
        order.reverse();
        order
    }

    fn is_missing(&self, at: usize) -> bool {
        self.nodes.get(at).is_some_and(|node| node.letter.is_none())
    }

    fn take_children(&mut self, at: usize) -> Vec<usize> {
        self.nodes.get_mut(at).map(|node| core::mem::take(&mut node.children)).unwrap_or_default()
    }

    fn set_children(&mut self, at: usize, children: Vec<usize>) {
        if let Some(node) = self.nodes.get_mut(at) {
            node.children = children;
        }
    }

    fn add_child(&mut self, at: usize, child: usize) {
        if let Some(node) = self.nodes.get_mut(at) {
            node.children.push(child);
        }
    }
}
