//! How values are masked: the `[masking]` table, whose keys every route may override.

use crate::config::read::table::{Located, Table, Target};
use crate::config::read::value::{text, whole};
use crate::layer::{DEFAULT_HOLD_BYTES, DEFAULT_MAX_BODY_BYTES};
use crate::mask::{DEFAULT_MAX_DEPTH, MAX_WIDTH, Policy, PolicyParts};

/// Bounds what a route costs per answer: one level of nesting is a few bytes, held bytes are held in memory.
const MAX_DEPTH: usize = 100_000;
const MAX_HOLD_BYTES: usize = 64 << 20;

/// Most characters of a masked value that is to have a certain width.
const MAX_WHOLE_WIDTH: usize = 128;

/// The keys of `[masking]`.
#[derive(Clone, Debug)]
pub(in crate::config) struct Masking {
    /// As they were written.
    parts: PolicyParts,
    /// Characters that a masked value is filled up to; 0 where it is not.
    width: usize,
    /// What these come to.
    pub(in crate::config) policy: Policy,
    pub(in crate::config) max_depth: usize,
    pub(in crate::config) hold_bytes: usize,
    /// `None` for no limit.
    pub(in crate::config) max_body_bytes: Option<u64>,
}

impl Default for Masking {
    fn default() -> Self {
        Self {
            parts: PolicyParts::default(),
            width: 0,
            policy: Policy::default(),
            max_depth: DEFAULT_MAX_DEPTH,
            hold_bytes: DEFAULT_HOLD_BYTES,
            max_body_bytes: Some(DEFAULT_MAX_BODY_BYTES),
        }
    }
}

impl Masking {
    /// Reads the keys that are there; the others are as in `self`.
    pub(in crate::config) fn overridden(&self, table: &mut Table<'_>) -> Self {
        let max_body_bytes =
            table.read("max_body_bytes", |value| whole(value, 0..=i64::MAX as u64)).map(|given| given.value);
        let (parts, written) = self.parts(table);
        let width = table.read_or("width", self.width, |value| whole(value, 0..=MAX_WHOLE_WIDTH));
        // Said where the last of them stands: the others are inherited, and were judged where they are written.
        if let Some(given) = written.last() {
            judge(table, given, &parts);
        }
        let filled = filled(&parts, width).and_then(policy);
        // What an API masked itself is filled up as well.
        let filled = match width {
            0 => filled,
            _ => filled
                .and_then(|policy| policy.with_upstream_ellipsis(&parts.ellipsis).map_err(|error| error.to_string())),
        };
        let policy = filled.unwrap_or_else(|message| {
            table.error(Target::Table, message);
            self.policy.clone()
        });
        Self {
            parts,
            width,
            policy,
            max_depth: table.read_or("max_depth", self.max_depth, |value| whole(value, 1..=MAX_DEPTH)),
            hold_bytes: table.read_or("hold_bytes", self.hold_bytes, |value| whole(value, 0..=MAX_HOLD_BYTES)),
            max_body_bytes: match max_body_bytes {
                Some(0) => None,
                Some(limit) => Some(limit),
                None => self.max_body_bytes,
            },
        }
    }

    /// The parts, and the widths that the table gives itself.
    fn parts(&self, table: &mut Table<'_>) -> (PolicyParts, Vec<Located<usize>>) {
        let default = self.parts.clone();
        // Each filler is tried alone, so that a problem stands at its own key.
        let ellipsis = |ellipsis| PolicyParts { ellipsis, ..PolicyParts::default() };
        let short = |short| PolicyParts { short, ..PolicyParts::default() };
        let mut written = Vec::new();
        let mut read_width = |key: &'static str, default: usize| {
            let given = table.read(key, |value| whole(value, 0..=MAX_WIDTH));
            let width = given.as_ref().map_or(default, |given| given.value);
            written.extend(given);
            width
        };
        let first = read_width("first", default.first);
        let last = read_width("last", default.last);
        let min_hidden = read_width("min_hidden", default.min_hidden);
        let parts = PolicyParts {
            first,
            last,
            min_hidden,
            ellipsis: table.read_or("ellipsis", default.ellipsis, |value| {
                text(value).and_then(|filler| policy(ellipsis(filler))).map(|policy| policy.parts().ellipsis.clone())
            }),
            short: table.read_or("short", default.short, |value| {
                text(value).and_then(|filler| policy(short(filler))).map(|policy| policy.parts().short.clone())
            }),
        };
        (parts, written)
    }
}

/// Characters that a secret has at least, ordinarily.
const USUAL_SECRET: usize = 20;

/// Warns of what shows whole values, or most of one. Both are meant by some: an old console cuts what it shows to 23 characters, and
/// the API's own rule may hide nothing of a short secret.
fn judge(table: &Table<'_>, given: &Located<usize>, parts: &PolicyParts) {
    let PolicyParts { first, last, min_hidden, .. } = parts;
    let shown = first + last;
    // The shortest secret of which a part is shown, which is the one that most is seen of.
    let length = USUAL_SECRET.max(shown + min_hidden);
    if shown > 0 && *min_hidden == 0 {
        table.warn(given, format!("min_hidden = 0 shows a secret of {shown} characters whole: write min_hidden = 8"));
    } else if shown * 2 >= length {
        table.warn(
            given,
            format!("shows {shown} of the {length} characters of a secret, half or more: write smaller `first` and `last`, such as 5 and 4"),
        );
    }
}

/// With fillers that make every masked value as wide, whatever was hidden: an old front end cuts what it shows at fixed places.
fn filled(parts: &PolicyParts, width: usize) -> Result<PolicyParts, String> {
    if width == 0 {
        return Ok(parts.clone());
    }
    let shown = parts.first + parts.last;
    let room = width.checked_sub(shown).filter(|&room| room > 0);
    let room = room.ok_or_else(|| {
        format!(
            "`width` = {width} leaves nothing hidden beside {shown} characters that are shown: write {} or more",
            shown + 1
        )
    })?;
    let repeated = |filler: &str, count: usize| filler.chars().cycle().take(count).collect::<String>();
    let short = if parts.short.is_empty() { &parts.ellipsis } else { &parts.short };
    Ok(PolicyParts { ellipsis: repeated(&parts.ellipsis, room), short: repeated(short, width), ..parts.clone() })
}

fn policy(parts: PolicyParts) -> Result<Policy, String> {
    Policy::new(parts).map_err(|error| error.to_string())
}
