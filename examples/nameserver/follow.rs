//! Zones of others: those of the command line, and those that a catalog lists.
use std::{collections::BTreeMap, fs, sync::Arc};

use homing::{
    dns::{
        Catalog, Name, Zone,
        secondary::{Event, Primary, Secondary},
        tokio::{Driver, Follower, Zones, seed},
    },
    proto_core::tokio::tls::TlsConnector,
};

use crate::{
    Failure,
    arguments::{Arguments, Upstream},
    load, log,
    store::Store,
    tls,
};

/// Who keeps zones like their primaries', and why.
pub(crate) struct Followers {
    zones: Zones,
    store: Arc<Store>,
    primaries: BTreeMap<Name, Vec<Primary>>,
    connector: Option<TlsConnector>,
    followers: BTreeMap<Name, Follower>,
    /// What each catalog says.
    catalogs: BTreeMap<Name, Catalog>,
    /// By which catalog's word a zone is followed.
    listed: BTreeMap<Name, Name>,
}

impl Followers {
    /// Begins to follow what the command line names, and what the catalogs that are kept list.
    pub(crate) fn new(
        arguments: &Arguments,
        zones: &Zones,
        store: &Arc<Store>,
    ) -> Result<Self, Failure> {
        let mut primaries: BTreeMap<Name, Vec<Primary>> = BTreeMap::new();
        for Upstream { origin, peer, host } in &arguments.secondary {
            let key = peer.key.as_ref().map(|key| arguments.key(key)).transpose()?.cloned();
            let primary = Primary { address: peer.address, key, tls: host.clone() };
            primaries.entry(origin.clone()).or_default().push(primary);
        }
        if let Some(catalog) = arguments.catalog.iter().find(|it| !primaries.contains_key(it)) {
            return Err(format!("--catalog {catalog} is no --secondary").into());
        }
        let connector = arguments.authorities.as_deref().map(tls::connector).transpose()?;
        let catalogs = arguments.catalog.iter().map(|it| (it.clone(), Catalog::default()));
        let (zones, store, followers) = (zones.clone(), Arc::clone(store), BTreeMap::new());
        let (catalogs, listed) = (catalogs.collect(), BTreeMap::new());
        let mut own = Self { zones, store, primaries, connector, followers, catalogs, listed };
        for (origin, primaries) in own.primaries.clone() {
            own.follow(&origin, primaries)?;
        }
        Ok(own)
    }

    /// Passes a notification on, and says whether anybody wanted it.
    pub(crate) fn notify(&self, zone: &Name, serial: Option<u32>) -> bool {
        let follower = self.followers.get(zone);
        follower.into_iter().for_each(|follower| follower.notify(serial));
        follower.is_some()
    }

    /// Hears of a version of a zone: if it is a catalog's, other zones may be followed from here on.
    pub(crate) fn changed(&mut self, zone: &Zone) -> Result<(), Failure> {
        let Some(before) = self.catalogs.get(zone.apex()) else { return Ok(()) };
        let next = match Catalog::read(zone) {
            Ok(next) => next,
            Err(error) => {
                log(&format!("{} is ignored: {error}", zone.apex()));
                return Ok(());
            }
        };
        let (change, primaries) = (before.change(&next), self.primaries.get(zone.apex()));
        let primaries = primaries.cloned().unwrap_or_default();
        self.catalogs.insert(zone.apex().clone(), next);
        let own = |member: &&Name| self.listed.get(*member) == Some(zone.apex());
        let removed: Vec<&Name> = change.removed.iter().filter(own).collect();
        removed.into_iter().for_each(|member| self.forget(member));
        for member in &change.added {
            let clash = self.zones.with(|server| server.authority().serves(member.view()));
            if clash {
                // RFC 9432 §5.2: what is here by another's word stays as it is.
                log(&format!("{} lists {member}, which is here", zone.apex()));
                continue;
            }
            log(&format!("{} lists {member}", zone.apex()));
            self.listed.insert(member.clone(), zone.apex().clone());
            self.follow(member, primaries.clone())?;
        }
        Ok(())
    }

    fn follow(&mut self, zone: &Name, primaries: Vec<Primary>) -> Result<(), Failure> {
        self.store.follow(zone);
        let secondary = Secondary::new(zone.clone(), primaries, seed()?)?;
        let kept = load::kept(&self.store, zone, &self.zones)?;
        let secondary = kept.clone().into_iter().fold(secondary, Secondary::with_zone);
        let driver = self.connector.iter().cloned().fold(Driver::new(secondary), Driver::tls);
        let follower = Follower::spawn(self.zones.clone(), driver, |zone, event| match event {
            Ok(Event::Zone(version)) => log(&format!("{zone} has serial {}", version.serial())),
            Ok(Event::Failed { primary, error }) => log(&format!("{zone} at {primary}: {error}")),
            Ok(Event::Expired) => log(&format!("{zone} has expired")),
            Ok(_) => {}
            Err(error) => log(&format!("{zone} cannot be kept: {error}")),
        });
        self.followers.insert(zone.clone(), follower);
        kept.map_or(Ok(()), |zone| self.changed(&zone))
    }

    /// Stops a zone that a catalog lists no more, and forgets all of it (RFC 9432 §5.3).
    fn forget(&mut self, zone: &Name) {
        self.listed.remove(zone);
        self.followers.remove(zone);
        log(&format!("{zone} is not listed any more"));
        self.zones.with(|server| server.authority_mut().remove(zone.view()));
        if let Some(path) = self.store.copy(zone)
            && let Err(error) = fs::remove_file(&path)
        {
            log(&format!("cannot remove {}: {error}", path.display()));
        }
    }
}
