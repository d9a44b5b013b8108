//! The rule of a masked route: all that the layer needs to know besides the path.

use crate::mask::{Program, Reveal, Rules, SelectorError};
use http::Method;
use std::sync::Arc;

/// Default of [`MaskRule::with_hold_bytes`].
pub const DEFAULT_HOLD_BYTES: usize = 64 * 1024;

/// Default of [`MaskRule::with_max_body_bytes`].
pub const DEFAULT_MAX_BODY_BYTES: u64 = 64 * 1024 * 1024;

/// Whether a route masks, or only reports what masking would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Answers are masked. This holds wherever no mode is given.
    #[default]
    Enforce,
    /// Answers and requests pass as they came. **Secrets pass too.**
    Observe,
}

/// Whether a route refuses requests that hold a masked value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteBack {
    /// Requests that hold a masked value are refused: the API would store the mask, or look for a
    /// secret by it. This holds if nothing else is configured.
    #[default]
    Refuse,
    /// Requests pass. For a mask that the API takes for "unchanged".
    Pass,
}

/// The rule of one masked route.
///
/// ```
/// use http::Method;
/// use last4::layer::MaskRule;
/// use last4::mask::{Reveal, Rules, Selectors};
///
/// let rules = Rules::new(Selectors::compile(["token"], false).unwrap());
/// let rule = MaskRule::new(rules).with_reveal([Method::POST], Reveal::TopLevel);
/// assert!(rule.may_reveal(&Method::POST) && !rule.may_reveal(&Method::GET));
/// ```
#[derive(Clone, Debug)]
pub struct MaskRule {
    pub(super) masking: Arc<Program>,
    pub(super) revealing: Arc<Program>,
    /// Finds masked values in requests. `None` if they pass.
    guarding: Option<Arc<Program>>,
    reveal: Vec<Method>,
    pub(super) hold_bytes: usize,
    pub(super) max_body_bytes: Option<u64>,
    mode: Mode,
}

impl MaskRule {
    /// Creates a rule that masks every answer and reveals nothing.
    pub fn new(rules: Rules) -> Self {
        let masking: Arc<Program> = rules.with_reveal(Reveal::Nothing).into();
        Self {
            revealing: Arc::clone(&masking),
            guarding: Some(guarding(&masking)),
            masking,
            reveal: Vec::new(),
            hold_bytes: DEFAULT_HOLD_BYTES,
            max_body_bytes: Some(DEFAULT_MAX_BODY_BYTES),
            mode: Mode::Enforce,
        }
    }

    /// The same rule, with methods whose successful answers may show the fields that `reveal`
    /// names. Methods are case-sensitive (RFC 9110 9.1): `post` reveals nothing.
    #[must_use]
    pub fn with_reveal(self, methods: impl IntoIterator<Item = Method>, reveal: Reveal) -> Self {
        let revealing = self.masking.rules().clone().with_reveal(reveal).into();
        Self { revealing, reveal: methods.into_iter().collect(), ..self }
    }

    /// The same rule, with another size of the hold: this many bytes of masked output, before any
    /// content coding, are held back before the head is sent. An answer that ends within the hold
    /// gets an exact length, and a clean error if it cannot be masked.
    #[must_use]
    pub fn with_hold_bytes(self, hold_bytes: usize) -> Self {
        Self { hold_bytes, ..self }
    }

    /// The same rule, with another limit of the decoded bytes of a body. `None` means no limit.
    #[must_use]
    pub fn with_max_body_bytes(self, max_body_bytes: Option<u64>) -> Self {
        Self { max_body_bytes, ..self }
    }

    /// The same rule in another mode. In [`Mode::Observe`] every secret passes, and the layer
    /// reports what enforcing would do.
    #[must_use]
    pub fn with_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Whether the route masks or only reports.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The same rule, which refuses requests that hold a masked value, or lets them pass.
    #[must_use]
    pub fn with_write_back(self, write_back: WriteBack) -> Self {
        let refuses = write_back == WriteBack::Refuse;
        Self { guarding: refuses.then(|| guarding(&self.masking)), ..self }
    }

    /// Whether the rule refuses requests that hold a masked value.
    pub fn write_back(&self) -> WriteBack {
        if self.guarding.is_some() { WriteBack::Refuse } else { WriteBack::Pass }
    }

    /// Finds masked values in requests. `None` if they pass.
    pub(super) fn guarding(&self) -> Option<&Arc<Program>> {
        self.guarding.as_ref()
    }

    /// Whether the successful answers of a method may show a secret.
    pub fn may_reveal(&self, method: &Method) -> bool {
        self.reveal.contains(method)
    }

    /// The methods that may reveal.
    pub fn reveal_methods(&self) -> &[Method] {
        &self.reveal
    }

    /// Returns the rule for a request that is on both routes, by different readings of its path.
    /// What either rule masks is masked, only what both reveal is revealed, and the tighter limits
    /// apply.
    ///
    /// # Errors
    /// See [`Rules::union`].
    pub(super) fn union(&self, other: &Self) -> Result<Self, SelectorError> {
        let max_body_bytes = match (self.max_body_bytes, other.max_body_bytes) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        let masking: Arc<Program> = self.masking.rules().union(other.masking.rules())?.into();
        Ok(Self {
            guarding: self.guarding.as_ref().or(other.guarding.as_ref()).map(|_| guarding(&masking)),
            masking,
            revealing: self.revealing.rules().union(other.revealing.rules())?.into(),
            reveal: self.reveal.iter().filter(|method| other.may_reveal(method)).cloned().collect(),
            hold_bytes: self.hold_bytes.max(other.hold_bytes),
            max_body_bytes,
            mode: if self.mode == other.mode { self.mode } else { Mode::Enforce },
        })
    }
}

/// Compiles the rules that find masked values in requests: in any number of JSON values, and
/// without a mark, which would make the engine slower.
fn guarding(masking: &Program) -> Arc<Program> {
    masking.rules().clone().with_ndjson(true).without_mark().into()
}
