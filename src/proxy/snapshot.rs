//! What the proxy serves by, and how workers learn of another.

use super::settings::Settings;
use crate::layer::MaskLayer;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// What the proxy serves by: settings and routes of one reading of the configuration. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Upstream, limits, headers.
    pub settings: Arc<Settings>,
    /// The masked routes.
    pub layer: MaskLayer,
}

impl Snapshot {
    /// Settings and routes that belong together.
    pub fn new(settings: impl Into<Arc<Settings>>, layer: MaskLayer) -> Self {
        Self { settings: settings.into(), layer }
    }

    /// What one of so many workers serves by: what all of them may do together is shared out evenly, so that they need not ask each
    /// other about every request.
    pub(crate) fn share_of(mut self, workers: NonZeroUsize) -> Self {
        let limits = &mut Arc::make_mut(&mut self.settings).limits;
        limits.max_requests = limits.max_requests.div_ceil(workers.get());
        self
    }
}
