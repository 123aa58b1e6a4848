//! Tarballs: the bytes of `npm pack`, and what identifies them.
//!
//! [`write_archive`] turns a packlist into npm's tar stream, a gzip writer
//! compresses it, [`DigestWriter`] takes the digests as the bytes leave, and
//! [`Spool`] keeps them for an upload. Everything here is `Read` and `Write`:
//! no async, no network.

mod archive;
mod compression;
mod deflate;
mod digest;
pub mod entries;
mod gzip;
mod header;
mod level;
mod path;
mod pool;
pub mod read;
mod spool;

pub use archive::{PackedFile, TarballError, write_archive};
pub use compression::{Compression, Gzip};
pub use digest::{DigestReader, DigestWriter, Digests, Integrity, NotAnIntegrity, Shasum};
pub use gzip::NpmGzip;
pub use level::LevelGzip;
pub use spool::{Spool, SpoolReader, Spooled};
