//! The keys of the demo, in memory.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use hyper::StatusCode;
use serde::Serialize;

use super::random;

/// Apps and datasets, and every key by what it belongs to. An owner that does not exist has no entry.
pub(super) struct Store {
    pub(super) app_id: String,
    pub(super) dataset_id: String,
    apps: Vec<Resource>,
    datasets: Vec<Resource>,
    keys: HashMap<Owner, Vec<Key>>,
}

impl Store {
    /// A few apps and datasets and the workspace, each with keys that have been in use for a while.
    pub(super) fn seeded() -> Self {
        let resources = |seeds: &[Seed]| seeds.iter().map(Resource::new).collect::<Vec<_>>();
        let (apps, datasets) = (resources(APPS), resources(DATASETS));
        let owners = |resources: &[Resource], seeds: &[Seed], owner: fn(String) -> Owner| {
            let ids = resources.iter().map(|resource| resource.id.clone());
            ids.zip(seeds).map(|(id, seed)| (owner(id), seed.keys)).collect::<Vec<_>>()
        };
        let mut owners = [owners(&apps, APPS, Owner::App), owners(&datasets, DATASETS, Owner::Dataset)].concat();
        owners.push((Owner::Workspace, 2));
        let keys = owners.into_iter().map(|(owner, count)| {
            let aged = (1..=count).map(|weeks| Key::aged(&owner, weeks * SECONDS_PER_WEEK)).collect();
            (owner, aged)
        });
        let keys = keys.collect();
        let first = |resources: &[Resource]| resources.first().map(|first| first.id.clone()).unwrap_or_default();
        Self { app_id: first(&apps), dataset_id: first(&datasets), apps, datasets, keys }
    }

    pub(super) fn apps(&self) -> List<'_, Resource> {
        List { data: &self.apps }
    }

    pub(super) fn datasets(&self) -> List<'_, Resource> {
        List { data: &self.datasets }
    }

    pub(super) fn list(&self, owner: &Owner) -> Result<List<'_, Key>, StoreError> {
        self.keys.get(owner).map(|keys| List { data: keys }).ok_or(StoreError::UnknownOwner)
    }

    pub(super) fn create(&mut self, owner: &Owner) -> Result<Key, StoreError> {
        let keys = self.keys.get_mut(owner).ok_or(StoreError::UnknownOwner)?;
        if keys.len() >= MAX_KEYS {
            return Err(StoreError::Full);
        }
        let key = Key::new(owner);
        keys.push(key.clone());
        Ok(key)
    }

    pub(super) fn delete(&mut self, owner: &Owner, id: &str) -> Result<(), StoreError> {
        let keys = self.keys.get_mut(owner).ok_or(StoreError::UnknownOwner)?;
        let position = keys.iter().position(|key| key.id == id).ok_or(StoreError::UnknownKey)?;
        keys.remove(position);
        Ok(())
    }
}

/// What a key belongs to; each kind has a list route of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    App(String),
    Dataset(String),
    Workspace,
}

impl Owner {
    /// The status of a create; that the workspace differs is how Dify is.
    pub(super) fn created(&self) -> StatusCode {
        match self {
            Self::App(_) | Self::Dataset(_) => StatusCode::CREATED,
            Self::Workspace => StatusCode::OK,
        }
    }

    fn key_type(&self) -> &'static str {
        match self {
            Self::App(_) => "app",
            Self::Dataset(_) | Self::Workspace => "dataset",
        }
    }

    fn prefix(&self) -> &'static str {
        match self {
            Self::App(_) => "app-",
            Self::Dataset(_) => "ds-",
            Self::Workspace => "dataset-",
        }
    }
}

/// A list as the API shows it: keys in full, which is the whole trouble.
#[derive(Serialize)]
pub(super) struct List<'a, T> {
    data: &'a [T],
}

/// An app or a dataset as the API shows it.
#[derive(Serialize)]
pub(super) struct Resource {
    id: String,
    name: &'static str,
    description: &'static str,
}

impl Resource {
    fn new(seed: &Seed) -> Self {
        Self { id: random::uuid(), name: seed.name, description: seed.description }
    }
}

/// An app or a dataset that is there from the beginning, and how many keys it has.
struct Seed {
    name: &'static str,
    description: &'static str,
    keys: u64,
}

/// One key as the API shows it. The order of the fields is the order on the wire.
#[derive(Clone, Serialize)]
pub(super) struct Key {
    id: String,
    r#type: &'static str,
    token: String,
    last_used_at: Option<u64>,
    created_at: u64,
}

impl Key {
    fn new(owner: &Owner) -> Self {
        Self {
            id: random::uuid(),
            r#type: owner.key_type(),
            token: random::token(owner.prefix()),
            last_used_at: None,
            created_at: now(),
        }
    }

    /// A key made `age` seconds ago and used halfway since.
    fn aged(owner: &Owner, age: u64) -> Self {
        let now = now();
        Self { last_used_at: Some(now - age / 2), created_at: now - age, ..Self::new(owner) }
    }
}

/// Why the store refuses.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StoreError {
    Full,
    UnknownKey,
    UnknownOwner,
}

/// Seconds since the epoch; a clock set before it still leaves room for aged keys.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()).max(52 * SECONDS_PER_WEEK)
}

/// Dify's own limit for one app, dataset or workspace.
pub(super) const MAX_KEYS: usize = 10;

const APPS: &[Seed] = &[
    Seed { name: "Customer support", description: "Answers the mail of customers", keys: 3 },
    Seed { name: "Release notes", description: "Writes them from merged changes", keys: 1 },
    Seed { name: "Invoice reader", description: "Takes numbers out of scans", keys: 2 },
];

const DATASETS: &[Seed] = &[
    Seed { name: "Product handbook", description: "412 documents", keys: 2 },
    Seed { name: "Closed tickets", description: "18,306 documents", keys: 1 },
    Seed { name: "Terms and contracts", description: "57 documents", keys: 0 },
];

const SECONDS_PER_WEEK: u64 = 7 * 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eleventh_key_is_refused() {
        let mut store = Store::seeded();
        let seeded = store.list(&Owner::Workspace).unwrap().data.len();
        for _ in seeded..MAX_KEYS {
            store.create(&Owner::Workspace).unwrap();
        }
        assert_eq!(store.create(&Owner::Workspace).err(), Some(StoreError::Full));
    }

    #[test]
    fn a_key_is_deleted_only_through_its_owner() {
        let mut store = Store::seeded();
        let key = store.create(&Owner::Workspace).unwrap();
        let app = Owner::App(store.app_id.clone());
        assert_eq!(store.delete(&app, &key.id), Err(StoreError::UnknownKey));
        assert_eq!(store.delete(&Owner::Workspace, &key.id), Ok(()));
        assert_eq!(store.delete(&Owner::Workspace, &key.id), Err(StoreError::UnknownKey));
    }

    #[test]
    fn unknown_owners_have_no_keys() {
        let mut store = Store::seeded();
        let nobody = Owner::App(random::uuid());
        assert_eq!(store.list(&nobody).err(), Some(StoreError::UnknownOwner));
        assert_eq!(store.create(&nobody).err(), Some(StoreError::UnknownOwner));
    }
}
