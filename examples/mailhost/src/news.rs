//! Waiting for changes that a client wants to be told of.
use std::future::pending;

use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    task::spawn_blocking,
};

use crate::{
    database::Changed,
    store::{Held, Store},
};

/// What a client wants to be told of while it says nothing. Most want nothing, and are not woken.
pub(crate) struct News {
    store: Store,
    selected: Option<Selected>,
    others: Option<Others>,
}

/// The selected mailbox: of those who idle.
struct Selected {
    id: i64,
    changes: watch::Receiver<()>,
}

/// All mailboxes of a user: of those who gave NOTIFY.
struct Others {
    user: i64,
    changes: broadcast::Receiver<Changed>,
    /// A change of which it is not known yet whose it is.
    doubtful: Option<Changed>,
}

impl News {
    pub(crate) const fn new(store: Store) -> Self {
        Self { store, selected: None, others: None }
    }

    /// Listens for changes of a mailbox, and of all that a user has; returns whether either is new.
    pub(crate) fn listen(&mut self, selected: Option<&Held>, user: Option<i64>) -> bool {
        let mut is_new = false;
        if self.selected.as_ref().map(|it| it.id) != selected.map(Held::id) {
            is_new |= selected.is_some();
            self.selected =
                selected.map(|held| Selected { id: held.id(), changes: held.changes() });
        }
        if self.others.as_ref().map(|it| it.user) != user {
            is_new |= user.is_some();
            let changes = || self.store.changes();
            self.others = user.map(|user| Others { user, changes: changes(), doubtful: None });
        }
        is_new
    }

    /// Waits for the next change; for ever, if nobody listens. Cancel-safe.
    pub(crate) async fn come(&mut self) {
        let selected = async {
            if let Some(selected) = &mut self.selected
                && selected.changes.changed().await.is_ok()
            {
                return;
            }
            pending().await
        };
        let others = async {
            match &mut self.others {
                Some(others) => others.come(&self.store).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = selected => {}
            () = others => {}
        }
    }
}

impl Others {
    async fn come(&mut self, store: &Store) {
        loop {
            if let Some(changed) = self.doubtful {
                let (store, user) = (store.clone(), self.user);
                let of_ours = spawn_blocking(move || store.is_of(changed, user)).await;
                self.doubtful = None;
                // To look in vain does no harm.
                if !matches!(of_ours, Ok(Ok(false))) {
                    return;
                }
            }
            match self.changes.recv().await {
                Ok(changed) => self.doubtful = Some(changed),
                // What was missed may have been ours.
                Err(RecvError::Lagged(_)) => return,
                Err(RecvError::Closed) => pending().await,
            }
        }
    }
}
