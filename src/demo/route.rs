//! Which resource a path names.

use super::console::Asset;
use super::store::Owner;

/// A resource of the API.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    Apps,
    Asset(&'static Asset),
    ChatStream { app_id: String },
    Datasets,
    Download { bytes: u64 },
    Key { owner: Owner, id: String },
    Keys(Owner),
    Ping,
    Upload,
}

impl Route {
    /// Reads a path the way WSGI servers hand it on: percent-decoded as a whole, and only then split.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let path = decode(path);
        if let Some(asset) = Asset::at(&path) {
            return Some(Self::Asset(asset));
        }
        let segments: Vec<&str> = path.strip_prefix("/console/api/")?.split('/').collect();
        let route = match *segments.as_slice() {
            ["apps"] => Self::Apps,
            ["apps", id, "api-keys"] => Self::Keys(Owner::App(id.into())),
            ["apps", id, "api-keys", key] => Self::Key { owner: Owner::App(id.into()), id: key.into() },
            ["apps", id, "chat-messages", "stream"] => Self::ChatStream { app_id: id.into() },
            ["datasets"] => Self::Datasets,
            ["datasets", "api-keys"] => Self::Keys(Owner::Workspace),
            ["datasets", "api-keys", key] => Self::Key { owner: Owner::Workspace, id: key.into() },
            ["datasets", id, "api-keys"] => Self::Keys(Owner::Dataset(id.into())),
            ["datasets", id, "api-keys", key] => Self::Key { owner: Owner::Dataset(id.into()), id: key.into() },
            ["files", "upload"] => Self::Upload,
            ["files", bytes, "download"] => Self::Download { bytes: bytes.parse().ok()? },
            ["ping"] => Self::Ping,
            _ => return None,
        };
        Some(route)
    }

    /// The methods the resource takes, as its `Allow` header lists them.
    pub(super) fn allow(&self) -> &'static str {
        match self {
            Self::Apps
            | Self::Asset(_)
            | Self::ChatStream { .. }
            | Self::Datasets
            | Self::Download { .. }
            | Self::Ping => "GET, HEAD, OPTIONS",
            Self::Key { .. } => "DELETE, OPTIONS",
            Self::Keys(_) => "GET, HEAD, OPTIONS, POST",
            Self::Upload => "OPTIONS, POST",
        }
    }
}

/// Percent-decodes once; an incomplete escape stays as it is.
fn decode(path: &str) -> String {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%').then(|| after.split_first_chunk::<2>()).flatten();
        let (byte, after) = escaped.and_then(|(digits, after)| Some((hex(digits)?, after))).unwrap_or((byte, after));
        decoded.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex(digits: &[u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_list_is_not_a_dataset() {
        assert_eq!(Route::parse("/console/api/datasets/api-keys"), Some(Route::Keys(Owner::Workspace)));
        let dataset = Route::Keys(Owner::Dataset("d1".into()));
        assert_eq!(Route::parse("/console/api/datasets/d1/api-keys"), Some(dataset));
    }

    #[test]
    fn escapes_are_decoded_before_the_path_is_split() {
        let list = Some(Route::Keys(Owner::App("a1".into())));
        assert_eq!(Route::parse("/console/api/apps/a1/%61pi%2Dkeys"), list);
        assert_eq!(Route::parse("/console/api/apps%2fa1%2Fapi-keys"), list);
    }

    #[test]
    fn escapes_are_decoded_once() {
        assert_eq!(Route::parse("/console/api/apps/a1/%2561pi-keys"), None);
    }

    #[test]
    fn incomplete_escapes_stay_as_they_are() {
        assert_eq!(decode("/100%/%zz/%4"), "/100%/%zz/%4");
    }
}
