//! The changelog: a version byte, then a customer as the engine packs it, or one of the other records in postcard (a
//! published format of varints). Reading back gives the very same state, bit for bit.

use serde::{Deserialize, Serialize};

/// The version that this release writes, and the only one that it reads.
pub const VERSION: u8 = 4;

/// Why bytes of the changelog cannot be read. The partition must stop: guessing would misread a customer.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ChangelogFault {
    /// Written by another release.
    #[error(
        "the changelog holds {what} of version {found}, this release reads version {VERSION}: start the release that wrote it, or run `churnwatch rebuild`"
    )]
    Other {
        /// What kind of record.
        what: &'static str,
        /// Its version.
        found: u8,
    },
    /// Damaged or foreign.
    #[error("the changelog holds {what} that cannot be read: run `churnwatch rebuild` to make it anew from the events")]
    Broken {
        /// What kind of record.
        what: &'static str,
    },
}

/// Appends a customer, as the engine packed it, behind the version.
pub fn write_customer(record: &[u8], out: &mut Vec<u8>) {
    out.push(VERSION);
    out.extend_from_slice(record);
}

/// The packed customer in a record.
pub fn read_customer(bytes: &[u8]) -> Result<&[u8], ChangelogFault> {
    body(bytes, "a profile")
}

/// Writes a record behind its version; `out` is cleared first and may be reused.
///
/// Writing to memory cannot fail; should it ever, the empty record would be refused at restore rather than misread.
pub fn write_versioned<T: Serialize + ?Sized>(record: &T, out: &mut Vec<u8>) {
    out.clear();
    out.push(VERSION);
    *out = postcard::to_extend(record, std::mem::take(out)).unwrap_or_default();
}

/// Reads a record behind its version.
pub fn read_versioned<'a, T: Deserialize<'a>>(bytes: &'a [u8], what: &'static str) -> Result<T, ChangelogFault> {
    postcard::from_bytes(body(bytes, what)?).map_err(|_| ChangelogFault::Broken { what })
}

fn body<'a>(bytes: &'a [u8], what: &'static str) -> Result<&'a [u8], ChangelogFault> {
    match bytes.split_first() {
        Some((&VERSION, body)) => Ok(body),
        Some((&found, _)) => Err(ChangelogFault::Other { what, found }),
        None => Err(ChangelogFault::Broken { what }),
    }
}
