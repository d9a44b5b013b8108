//! The legacy API of the demo.
