//! The `[masking]` table, whose keys each route can override.

use crate::config::read::table::{FindingTarget, Located, Table};
use crate::config::read::value::{integer, text};
use crate::layer::{DEFAULT_HOLD_BYTES, DEFAULT_MAX_BODY_BYTES};
use crate::mask::{DEFAULT_MAX_DEPTH, MAX_WIDTH, Policy, PolicyParts};

/// The largest `max_depth`. Each level of nesting takes a few bytes of memory per answer.
const MAX_DEPTH: usize = 100_000;

/// The largest `hold_bytes`. Held bytes are buffered in memory, for each answer.
const MAX_HOLD_BYTES: usize = 64 << 20;

/// The largest `width`, in characters.
const MAX_PADDED_WIDTH: usize = 128;

/// Most secrets have at least this many characters. [`check_shown`] assumes no shorter secret.
const USUAL_SECRET: usize = 20;

/// The keys of `[masking]`.
#[derive(Clone, Debug)]
pub(in crate::config) struct Masking {
    /// The policy's keys as in the file, before padding.
    parts: PolicyParts,
    /// Masked values are padded to this many characters. 0 means no padding.
    width: usize,
    /// The compiled policy: `parts`, padded to `width`.
    pub(in crate::config) policy: Policy,
    pub(in crate::config) max_depth: usize,
    pub(in crate::config) hold_bytes: usize,
    /// The largest body that is masked, in bytes after decoding. `None` means no limit, which the
    /// file writes as 0.
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
    /// Whether every masked value is the same text, which an API may take for "unchanged".
    pub(in crate::config) fn is_sentinel(&self) -> bool {
        let PolicyParts { first, last, ellipsis, short, .. } = self.policy.parts();
        *first == 0 && *last == 0 && ellipsis == short
    }

    /// Reads the keys of `table`. A key that is not set keeps its value from `self`.
    pub(in crate::config) fn overridden(&self, table: &mut Table<'_>) -> Self {
        let max_body_bytes = table.read("max_body_bytes", |value| integer(value, 0..=i64::MAX as u64));
        let parts = self.parts(table);
        let width = table.read_or("width", self.width, |value| integer(value, 0..=MAX_PADDED_WIDTH));
        let policy = padded(&parts, width).and_then(policy).and_then(|policy| match width {
            0 => Ok(policy),
            // Values that the API masked itself are padded too.
            _ => policy.with_unfilled(&parts.ellipsis, &parts.short).map_err(|error| error.to_string()),
        });
        let policy = policy.unwrap_or_else(|message| {
            table.error(FindingTarget::Table, message);
            self.policy.clone()
        });
        Self {
            parts,
            width,
            policy,
            max_depth: table.read_or("max_depth", self.max_depth, |value| integer(value, 1..=MAX_DEPTH)),
            hold_bytes: table.read_or("hold_bytes", self.hold_bytes, |value| integer(value, 0..=MAX_HOLD_BYTES)),
            max_body_bytes: max_body_bytes
                .map_or(self.max_body_bytes, |limit| Some(limit.value).filter(|limit| *limit > 0)),
        }
    }

    fn parts(&self, table: &mut Table<'_>) -> PolicyParts {
        let default = self.parts.clone();
        let [first, last, min_hidden] =
            ["first", "last", "min_hidden"].map(|key| table.read(key, |value| integer(value, 0..=MAX_WIDTH)));
        let or = |count: &Option<Located<usize>>, default| count.as_ref().map_or(default, |count| count.value);
        // `ellipsis` and `short` are compiled one at a time, so that an error is reported at the
        // key that has it.
        let ellipsis = |ellipsis| PolicyParts { ellipsis, ..PolicyParts::default() };
        let short = |short| PolicyParts { short, ..PolicyParts::default() };
        let parts = PolicyParts {
            first: or(&first, default.first),
            last: or(&last, default.last),
            min_hidden: or(&min_hidden, default.min_hidden),
            ellipsis: table.read_or("ellipsis", default.ellipsis, |value| {
                text(value).and_then(|filler| policy(ellipsis(filler))).map(|policy| policy.parts().ellipsis.clone())
            }),
            short: table.read_or("short", default.short, |value| {
                text(value).and_then(|filler| policy(short(filler))).map(|policy| policy.parts().short.clone())
            }),
        };
        // Checked only if this table sets a count. Inherited counts were checked in `[masking]`.
        if let Some(count) = min_hidden.or(last).or(first) {
            check_shown(table, &count, &parts);
        }
        parts
    }
}

/// Warns of a policy that shows whole secrets, or at least half of a secret. This is not an error,
/// because some set-ups need it: an old console may cut values to 23 characters, and an API's own
/// masking may hide nothing of a short secret.
fn check_shown(table: &Table<'_>, count: &Located<usize>, parts: &PolicyParts) {
    let PolicyParts { first, last, min_hidden, .. } = parts;
    let shown = first + last;
    // The shortest secret that is shown in part. No other secret shows a larger share.
    let length = USUAL_SECRET.max(shown + min_hidden);
    if shown > 0 && *min_hidden == 0 {
        table.warn(count, format!("min_hidden = 0 shows a secret of {shown} characters whole: write min_hidden = 8"));
    } else if shown * 2 >= length {
        let message = "characters of a secret, half or more: write smaller `first` and `last`, such as 5 and 4";
        table.warn(count, format!("shows {shown} of the {length} {message}"));
    }
}

/// Repeats `ellipsis` and `short` so that all masked values are `width` characters long. An old
/// front end may cut values at fixed positions.
fn padded(parts: &PolicyParts, width: usize) -> Result<PolicyParts, String> {
    if width == 0 {
        return Ok(parts.clone());
    }
    let shown = parts.first + parts.last;
    let hidden = width.checked_sub(shown).filter(|&hidden| hidden > 0);
    let hidden = hidden.ok_or_else(|| {
        let least = shown + 1;
        format!(
            "`width` = {width} leaves nothing hidden beside {shown} characters that are shown: write {least} or more"
        )
    })?;
    let repeated = |filler: &str, count: usize| filler.chars().cycle().take(count).collect::<String>();
    let short = if parts.short.is_empty() { &parts.ellipsis } else { &parts.short };
    Ok(PolicyParts { ellipsis: repeated(&parts.ellipsis, hidden), short: repeated(short, width), ..parts.clone() })
}

fn policy(parts: PolicyParts) -> Result<Policy, String> {
    Policy::new(parts).map_err(|error| error.to_string())
}
