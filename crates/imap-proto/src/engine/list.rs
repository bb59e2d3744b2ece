//! LIST, LSUB: which mailboxes there are.
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::answer::{Answer, no, ok};
use super::mailboxes::attribute;
use super::pattern::matches;
use super::{Engine, Entry, Store, name};
use crate::command::{List, ListPatterns, ListReturns, ListSelection};
use crate::{
    ChildInfo, Code, Delimiter, List as Told, ListAttribute, ListItem, ListMailbox, Mailbox,
    MyRights, NotEmpty, Response,
};

/// Names, with what there is above them.
type Tree = BTreeMap<String, Node>;

/// A name, which may be only a level above others.
#[derive(Default)]
struct Node {
    entry: Option<Entry>,
    /// Whether there is a mailbox below.
    has_children: bool,
    /// Whether one below is subscribed, or has a special use.
    subscribed_below: bool,
    special_below: bool,
}

impl Node {
    fn exists(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.exists)
    }

    fn is_subscribed(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.subscribed)
    }

    fn is_special(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.exists && !entry.uses.is_empty())
    }
}

impl<S: Store> Engine<S> {
    pub(super) fn list(&mut self, list: &List) -> Answer {
        let patterns = match &list.patterns {
            ListPatterns::One(pattern) => core::slice::from_ref(pattern),
            ListPatterns::Many(patterns) => patterns,
        };
        if !list.is_extended() && patterns.iter().all(|it| it.as_bytes().is_empty()) {
            self.tell_root();
            return Ok(ok("done"));
        }
        let patterns = self.patterns(&list.reference, patterns)?;
        let tree = self.tree()?;
        let selection = list.selection.unwrap_or_default();
        let returns = list.returns.clone().unwrap_or_default();
        for (name, node) in &tree {
            let Some(told) = self.listed(name, node, &patterns, selection, list, &returns) else {
                continue;
            };
            let mailbox = told.mailbox.clone();
            self.tell(Response::List(told));
            if node.exists() {
                self.tell_more(name, mailbox, &returns);
            }
        }
        Ok(ok("done"))
    }

    pub(super) fn lsub(&mut self, reference: &Mailbox, pattern: &ListMailbox) -> Answer {
        if pattern.as_bytes().is_empty() {
            self.tell_root();
            return Ok(ok("done"));
        }
        let patterns = self.patterns(reference, core::slice::from_ref(pattern))?;
        let delimiter = self.store.delimiter();
        let ends_in_percent = pattern.as_bytes().ends_with(b"%");
        for (name, node) in &self.tree()? {
            let is_match =
                patterns.iter().any(|it| matches(it, name, delimiter.map(Delimiter::get)));
            // RFC 3501 §6.3.9: with "%", a name above a subscribed one is told, as \Noselect.
            let above = ends_in_percent && node.subscribed_below;
            if !is_match || !(node.is_subscribed() || above) {
                continue;
            }
            let attributes = if node.is_subscribed() {
                Vec::new()
            } else {
                alloc::vec![ListAttribute::NoSelect]
            };
            let mailbox = name::write(name, self.enabled.utf8());
            self.tell(Response::Lsub(Told { attributes, delimiter, mailbox, items: Vec::new() }));
        }
        Ok(ok("done"))
    }

    /// RFC 9051 §6.3.9: an empty pattern asks for the delimiter, and the root of the reference.
    fn tell_root(&mut self) {
        self.tell(Response::List(Told {
            attributes: alloc::vec![ListAttribute::NoSelect],
            delimiter: self.store.delimiter(),
            mailbox: name::write("", true),
            items: Vec::new(),
        }));
    }

    /// Joins patterns with what they begin at.
    fn patterns(&self, reference: &Mailbox, patterns: &[ListMailbox]) -> Answer<Vec<String>> {
        let utf8 = self.enabled.utf8();
        let reference = name::read(reference, utf8)?;
        let read = |pattern: &ListMailbox| {
            let mailbox = Mailbox::new(pattern.as_bytes().to_vec())?;
            // INBOX as a pattern is that in any case, which matching sees to.
            let read = name::read(&mailbox, utf8).ok()?;
            Some([reference.as_str(), &read].concat())
        };
        let all: Option<Vec<String>> = patterns.iter().map(read).collect();
        all.ok_or_else(|| no(Code::Cannot, "the pattern is not encoded as it should be"))
    }

    fn tree(&mut self) -> Answer<Tree> {
        let mut tree = Tree::new();
        let delimiter = self.store.delimiter().map(Delimiter::get);
        for entry in self.store.mailboxes()? {
            let above = entry.name.char_indices().filter(|(_, c)| Some(*c) == delimiter);
            for (at, _) in above {
                let name = entry.name.get(..at).unwrap_or_default();
                let node = tree.entry(name.into()).or_default();
                node.has_children |= entry.exists;
                node.subscribed_below |= entry.subscribed;
                node.special_below |= entry.exists && !entry.uses.is_empty();
            }
            let node = tree.entry(entry.name.clone()).or_default();
            node.entry = Some(entry);
        }
        Ok(tree)
    }

    /// Makes what is told of a name; none if it is not wanted.
    fn listed(
        &self,
        name: &str,
        node: &Node,
        patterns: &[String],
        selection: ListSelection,
        list: &List,
        returns: &ListReturns,
    ) -> Option<Told> {
        let delimiter = self.store.delimiter();
        let is_match = patterns.iter().any(|it| matches(it, name, delimiter.map(Delimiter::get)));
        if !is_match {
            return None;
        }
        let is_selected = (!selection.is_subscribed() || node.is_subscribed())
            && (!selection.is_special_use() || node.is_special());
        let below_is_selected = selection.is_recursive_match()
            && (!selection.is_subscribed() || node.subscribed_below)
            && (!selection.is_special_use() || node.special_below);
        // A name that is subscribed only is told if that is asked for; a level above others is,
        // unless something in particular is.
        let is_there = node.exists() || node.has_children || selection.is_subscribed();
        if !(below_is_selected || is_selected && is_there) {
            return None;
        }
        let mut items = Vec::new();
        if below_is_selected && selection.is_subscribed() {
            items.push(ListItem::ChildInfo(NotEmpty::one(ChildInfo::Subscribed)));
        } else if below_is_selected {
            let special = ChildInfo::Other(crate::IString::from_static("SPECIAL-USE"));
            items.push(ListItem::ChildInfo(NotEmpty::one(special)));
        }
        let attributes = self.attributes(node, selection, list, returns);
        let mailbox = name::write(name, self.enabled.utf8());
        Some(Told { attributes, delimiter, mailbox, items })
    }

    fn attributes(
        &self,
        node: &Node,
        selection: ListSelection,
        list: &List,
        returns: &ListReturns,
    ) -> Vec<ListAttribute> {
        let mut all = Vec::new();
        if !node.exists() {
            // RFC 9051 §7.3.1: \NonExistent means \Noselect, which older clients know.
            let is_new = self.enabled.is_rev2() || list.is_extended();
            all.push(if is_new { ListAttribute::NonExistent } else { ListAttribute::NoSelect });
        }
        if (returns.subscribed || selection.is_subscribed()) && node.is_subscribed() {
            all.push(ListAttribute::Subscribed);
        }
        let entry = node.entry.as_ref();
        if entry.is_some_and(|entry| entry.no_inferiors) {
            all.push(ListAttribute::NoInferiors);
        } else {
            all.push(if node.has_children {
                ListAttribute::HasChildren
            } else {
                ListAttribute::HasNoChildren
            });
        }
        if let Some(entry) = entry.filter(|entry| entry.exists) {
            all.extend(entry.uses.iter().filter_map(attribute));
        }
        all
    }

    /// Tells what was to be returned beside the names.
    fn tell_more(&mut self, name: &str, mailbox: Mailbox, returns: &ListReturns) {
        if returns.my_rights
            && let Ok(rights) = self.store.my_rights(name)
        {
            let rights = super::access::letters(&rights);
            self.tell(Response::MyRights(MyRights { mailbox: mailbox.clone(), rights }));
        }
        if let Some(entries) = &returns.metadata {
            self.tell_metadata(name, mailbox.clone(), entries);
        }
        if let Some(items) = &returns.status {
            self.tell_status(name, mailbox, items);
        }
    }
}
