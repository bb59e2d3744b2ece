//! QUOTA and ACL: how much there may be, and who may do what.
use crate::command::{Change, Rights, SetAcl, SetQuota};
use crate::{Acl, IString, ListRights, Mailbox, MyRights, QuotaRoot, Response};

use super::answer::{Answer, ok};
use super::{Engine, Store, name};

impl<S: Store> Engine<S> {
    pub(super) fn get_quota(&mut self, root: &IString) -> Answer {
        let quota = self.store.quota(root)?;
        self.tell(Response::Quota(quota));
        Ok(ok("done"))
    }

    pub(super) fn get_quota_root(&mut self, mailbox: &Mailbox) -> Answer {
        let name = name::read(mailbox, self.enabled.utf8())?;
        let quotas = self.store.quota_roots(&name)?;
        let roots = quotas.iter().map(|quota| quota.root.clone()).collect();
        self.tell(Response::QuotaRoot(QuotaRoot { mailbox: mailbox.clone(), roots }));
        quotas.into_iter().for_each(|quota| self.tell(Response::Quota(quota)));
        Ok(ok("done"))
    }

    pub(super) fn set_quota(&mut self, set: &SetQuota) -> Answer {
        let quota = self.store.set_quota(set)?;
        self.tell(Response::Quota(quota));
        Ok(ok("done"))
    }

    pub(super) fn get_acl(&mut self, mailbox: &Mailbox) -> Answer {
        let name = name::read(mailbox, self.enabled.utf8())?;
        let entries = self.store.acl(&name)?;
        let entries = entries.into_iter().map(|(who, rights)| (who, letters(&rights))).collect();
        self.tell(Response::Acl(Acl { mailbox: mailbox.clone(), entries }));
        Ok(ok("done"))
    }

    pub(super) fn set_acl(&mut self, set: &SetAcl) -> Answer {
        let name = name::read(&set.mailbox, self.enabled.utf8())?;
        self.store.set_acl(&name, &set.identifier, set.change, &set.rights)?;
        Ok(ok("done"))
    }

    pub(super) fn delete_acl(&mut self, mailbox: &Mailbox, identifier: &IString) -> Answer {
        let name = name::read(mailbox, self.enabled.utf8())?;
        self.store.set_acl(&name, identifier, Change::Replace, &Rights::default())?;
        Ok(ok("done"))
    }

    pub(super) fn list_rights(&mut self, mailbox: &Mailbox, identifier: IString) -> Answer {
        let name = name::read(mailbox, self.enabled.utf8())?;
        let (required, optional) = self.store.list_rights(&name, &identifier)?;
        self.tell(Response::ListRights(ListRights {
            mailbox: mailbox.clone(),
            identifier,
            required: letters(&required),
            optional: optional.iter().map(letters).collect(),
        }));
        Ok(ok("done"))
    }

    pub(super) fn my_rights(&mut self, mailbox: &Mailbox) -> Answer {
        let name = name::read(mailbox, self.enabled.utf8())?;
        let rights = letters(&self.store.my_rights(&name)?);
        self.tell(Response::MyRights(MyRights { mailbox: mailbox.clone(), rights }));
        Ok(ok("done"))
    }
}

/// Rights as the wire has them.
pub(super) fn letters(rights: &Rights) -> IString {
    IString::new(rights.as_bytes().to_vec()).unwrap_or_default()
}
