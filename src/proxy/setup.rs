//! What the proxy serves by, and how workers learn of another.

use super::settings::Settings;
use crate::layer::MaskLayer;
use std::sync::Arc;

/// What the proxy serves by: settings and routes of one reading of the configuration. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Upstream, limits, headers.
    pub settings: Arc<Settings>,
    /// The masked routes.
    pub layer: MaskLayer,
}

impl Setup {
    /// Settings and routes that belong together.
    pub fn new(settings: impl Into<Arc<Settings>>, layer: MaskLayer) -> Self {
        Self { settings: settings.into(), layer }
    }
}
