//! The keys of the demo, in memory.

use http::StatusCode;
use serde::Serialize;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// The largest number of keys of one app, dataset or workspace, as in Dify.
pub(super) const MAX_KEYS: usize = 10;

const FULL: Refusal =
    (StatusCode::BAD_REQUEST, "max_keys_exceeded", "Cannot create more than 10 API keys for this resource type.");
const UNKNOWN_KEY: Refusal = (StatusCode::NOT_FOUND, "not_found", "API key not found");
const UNKNOWN_OWNER: Refusal = (StatusCode::NOT_FOUND, "not_found", "Resource not found.");

const SECONDS_PER_WEEK: u64 = 7 * 24 * 60 * 60;

/// The name, description and number of keys of an app or dataset.
type Seed = (&'static str, &'static str, u64);

const APPS: [Seed; 3] = [
    ("Customer support", "Answers the mail of customers", 3),
    ("Release notes", "Writes them from merged changes", 1),
    ("Invoice reader", "Takes numbers out of scans", 2),
];

const DATASETS: [Seed; 3] = [
    ("Product handbook", "412 documents", 2),
    ("Closed tickets", "18,306 documents", 1),
    ("Terms and contracts", "57 documents", 0),
];

/// The status, code and message of an error document.
pub(super) type Refusal = (StatusCode, &'static str, &'static str);

/// Apps and datasets, and the keys of each owner. An unknown owner has no entry.
pub(super) struct Store {
    apps: [AppOrDataset; 3],
    datasets: [AppOrDataset; 3],
    keys: HashMap<Owner, Vec<ApiKey>>,
}

impl Store {
    /// Returns a store with a few apps and datasets and the workspace. Their keys are weeks old.
    pub(super) fn seeded() -> Self {
        let resource = |(name, description, _): Seed| AppOrDataset { id: uuid(), name, description };
        let (apps, datasets) = (APPS.map(resource), DATASETS.map(resource));
        let app_owners = apps.iter().zip(APPS).map(|(app, seed)| (Owner::App(app.id.clone()), seed.2));
        let owners = datasets.iter().zip(DATASETS).map(|(dataset, seed)| (Owner::Dataset(dataset.id.clone()), seed.2));
        let owners = app_owners.chain(owners).chain([(Owner::Workspace, 2)]);
        let keys = owners.map(|(owner, count)| {
            let aged = (1..=count).map(|weeks| ApiKey::aged(&owner, weeks * SECONDS_PER_WEEK)).collect();
            (owner, aged)
        });
        let keys = keys.collect();
        Self { apps, datasets, keys }
    }

    /// Returns the identifiers of an app and of a dataset that have keys.
    pub(super) fn examples(&self) -> (String, String) {
        let ([app, ..], [dataset, ..]) = (&self.apps, &self.datasets);
        (app.id.clone(), dataset.id.clone())
    }

    pub(super) fn apps(&self) -> &[AppOrDataset] {
        &self.apps
    }

    pub(super) fn datasets(&self) -> &[AppOrDataset] {
        &self.datasets
    }

    pub(super) fn list(&self, owner: &Owner) -> Result<&[ApiKey], Refusal> {
        self.keys.get(owner).map(Vec::as_slice).ok_or(UNKNOWN_OWNER)
    }

    pub(super) fn create(&mut self, owner: &Owner) -> Result<ApiKey, Refusal> {
        let keys = self.keys.get_mut(owner).ok_or(UNKNOWN_OWNER)?;
        if keys.len() >= MAX_KEYS {
            return Err(FULL);
        }
        let key = ApiKey::new(owner);
        keys.push(key.clone());
        Ok(key)
    }

    pub(super) fn delete(&mut self, owner: &Owner, id: &str) -> Result<(), Refusal> {
        let keys = self.keys.get_mut(owner).ok_or(UNKNOWN_OWNER)?;
        let position = keys.iter().position(|key| key.id == id).ok_or(UNKNOWN_KEY)?;
        keys.remove(position);
        Ok(())
    }
}

/// The owner of a list of keys. Each kind of owner has its own list route.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    App(String),
    Dataset(String),
    Workspace,
}

impl Owner {
    /// Returns the status of an answer that creates a key. As in Dify, the workspace has another
    /// one.
    pub(super) fn created(&self) -> StatusCode {
        if *self == Self::Workspace { StatusCode::OK } else { StatusCode::CREATED }
    }

    /// Returns the type of the owner's keys, and the prefix of their tokens.
    fn key_kind(&self) -> (&'static str, &'static str) {
        match self {
            Self::App(_) => ("app", "app-"),
            Self::Dataset(_) => ("dataset", "ds-"),
            Self::Workspace => ("dataset", "dataset-"),
        }
    }
}

/// An app or a dataset, as the API shows it.
#[derive(Serialize)]
pub(super) struct AppOrDataset {
    id: String,
    name: &'static str,
    description: &'static str,
}

/// A key as the API shows it, in full. The order of the fields is the order on the wire.
#[derive(Clone, Serialize)]
pub(super) struct ApiKey {
    id: String,
    r#type: &'static str,
    token: String,
    last_used_at: Option<u64>,
    created_at: u64,
}

impl ApiKey {
    fn new(owner: &Owner) -> Self {
        let (r#type, prefix) = owner.key_kind();
        Self { id: uuid(), r#type, token: token(prefix), last_used_at: None, created_at: now() }
    }

    /// Returns a key that was created `age` seconds ago and last used `age / 2` seconds ago.
    fn aged(owner: &Owner, age: u64) -> Self {
        let now = now();
        Self { last_used_at: Some(now - age / 2), created_at: now - age, ..Self::new(owner) }
    }
}

/// Returns the Unix time in seconds. At least 52 weeks, so that subtracting a key's age never
/// underflows if the clock is wrong.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()).max(52 * SECONDS_PER_WEEK)
}

/// Returns a token in the form of Dify's: `prefix` and 24 random letters or digits.
pub(super) fn token(prefix: &str) -> String {
    const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let characters = (0..24).map(|_| ALPHANUMERIC[random() as usize % ALPHANUMERIC.len()] as char);
    prefix.chars().chain(characters).collect()
}

/// Returns an identifier with the form of a version 4 UUID.
fn uuid() -> String {
    let (high, low) = (random(), random());
    let (time, middle, version) = (high >> 32, high >> 16 & 0xffff, high & 0x0fff);
    let (variant, node) = (low >> 48 & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
    format!("{time:08x}-{middle:04x}-4{version:03x}-{variant:04x}-{node:012x}")
}

/// Returns a random number that is good enough for demo keys, but not for real secrets. Each
/// `RandomState` has its own keys, so the hash of an empty input is different in each call.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_have_the_form_of_dify_keys() {
        let one = token("app-");
        let (prefix, secret) = one.split_at(4);
        assert_eq!((prefix, secret.len()), ("app-", 24));
        assert!(secret.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(token("app-"), one);
    }

    #[test]
    fn identifiers_have_the_form_of_a_random_uuid() {
        let id = uuid();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&id.as_bytes()[19]));
    }

    #[test]
    fn a_key_is_deleted_only_through_its_owner() {
        let mut store = Store::seeded();
        let key = store.create(&Owner::Workspace).unwrap();
        let app = Owner::App(store.examples().0);
        assert_eq!(store.delete(&app, &key.id), Err(UNKNOWN_KEY));
        assert_eq!(store.delete(&Owner::Workspace, &key.id), Ok(()));
        assert_eq!(store.delete(&Owner::Workspace, &key.id), Err(UNKNOWN_KEY));
    }

    #[test]
    fn unknown_owners_have_no_keys() {
        let mut store = Store::seeded();
        let unknown = Owner::App(uuid());
        assert_eq!(store.list(&unknown).err(), Some(UNKNOWN_OWNER));
        assert_eq!(store.create(&unknown).err(), Some(UNKNOWN_OWNER));
    }
}
