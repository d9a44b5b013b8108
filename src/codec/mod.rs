//! Content codings: parses, undoes, applies and negotiates them.
//!
//! Sans-IO. Memory is bounded for any body. A body that does not decode to its very end is an
//! error, never a shorter body.
//!
//! ```
//! use bytes::BytesMut;
//! use last4::codec::{Codings, Decoder, Encoder, Progress};
//!
//! let codings = Codings::parse([&b"gzip, br"[..]])?;
//!
//! let mut encoded = BytesMut::new();
//! let mut encoder = Encoder::new(&codings)?;
//! encoder.write(b"{\"token\":\"app-...\"}", &mut encoded)?;
//! encoder.finish(&mut encoded)?;
//!
//! let mut decoder = Decoder::new(&codings, Some(1024));
//! decoder.feed(encoded.freeze());
//! decoder.finish();
//! let mut plain = Vec::new();
//! while let Progress::Data(data) = decoder.next()? {
//!     plain.extend_from_slice(data);
//! }
//! assert_eq!(plain, b"{\"token\":\"app-...\"}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod coding;
mod decode;
mod encode;
mod negotiate;

pub use coding::{Coding, Codings, UnknownCoding};
pub use decode::{DecodeError, Decoder, Progress};
pub use encode::{EncodeError, Encoder};
pub use negotiate::AcceptEncoding;
