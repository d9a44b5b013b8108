//! The configuration in force, until a reload replaces it.

use super::settings::Settings;
use crate::layer::MaskLayer;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// The settings and routes of one version of the configuration. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The upstream, limits and headers.
    pub settings: Arc<Settings>,
    /// The masked routes.
    pub layer: MaskLayer,
}

impl Snapshot {
    /// Combines settings and routes of one configuration.
    pub fn new(settings: impl Into<Arc<Settings>>, layer: MaskLayer) -> Self {
        Self { settings: settings.into(), layer }
    }

    /// Returns the snapshot for each of this many workers. It has an equal share of
    /// `limits.max_requests`, so that workers need not share a counter.
    pub(crate) fn share_of(mut self, workers: NonZeroUsize) -> Self {
        let limits = &mut Arc::make_mut(&mut self.settings).limits;
        limits.max_requests = limits.max_requests.div_ceil(workers.get());
        self
    }
}
