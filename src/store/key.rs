//! The key of the fingerprints, in a file beside the state.
//!
//! Promises that it is made once, is never readable by others, and that a state is not used with
//! another key than the one its fingerprints were made with: everything would look changed, and
//! every account would be written anew. Leaves making fingerprints to the core, and what becomes of a
//! state whose key is lost to [`super::identity`].

use std::path::{Path, PathBuf};

use crate::core::attribute::{AttrName, Value};
use crate::core::fingerprint::FingerprintKey;
use crate::core::hex;
use crate::draw;

use super::{StoreError, private};

const FILE: &str = "key";

/// Reads the key of a directory; `None` when there is none.
///
/// # Errors
/// When others may read it, or it is no key.
pub(super) fn read(dir: &Path) -> Result<Option<FingerprintKey>, StoreError> {
    let path = path(dir);
    let Some(text) = private::read(&path, "key file")? else {
        return Ok(None);
    };
    let bytes = hex::decode(text.trim()).ok_or_else(|| {
        StoreError::new(
            format!(
                "the key file {} does not hold 64 hexadecimal digits",
                path.display()
            ),
            REMEDY,
        )
    })?;
    Ok(Some(FingerprintKey::new(&bytes)))
}

/// A key that nobody has yet; gone with this value unless it is kept.
pub(super) struct NewKey([u8; 32]);

impl NewKey {
    /// Draws one.
    pub(super) fn draw() -> Self {
        Self(draw::key())
    }

    /// The key.
    pub(super) fn key(&self) -> FingerprintKey {
        FingerprintKey::new(&self.0)
    }

    /// Keeps it in the directory.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn keep(&self, dir: &Path) -> Result<(), StoreError> {
        private::write(&path(dir), &format!("{}\n", hex::encode(&self.0)))
    }
}

/// What the state keeps of its key, to know it again: a fingerprint like any other.
pub(super) fn check(key: &FingerprintKey) -> String {
    let mark = key.of(
        &AttrName::new("rollcall"),
        &Value::text("the key of this state"),
    );
    format!("{:016x}", mark.0)
}

/// The error for a state that was made with another key.
pub(super) fn wrong(dir: &Path) -> StoreError {
    StoreError::new(
        format!(
            "the key file {} is not the one that the fingerprints in the state were made with",
            path(dir).display()
        ),
        REMEDY,
    )
}

const REMEDY: &str = "put the right file back from a backup; if there is none, remove this one, and \
                      the next sync reads the apps and learns what they hold afresh";

fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_known_again() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(read(dir.path()).expect("nothing there").is_none());
        let new = NewKey::draw();
        new.keep(dir.path()).expect("written");
        let made = new.key();
        let back = read(dir.path()).expect("readable").expect("there");
        assert_eq!(check(&made), check(&back));
        assert_ne!(check(&made), check(&NewKey::draw().key()));
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        let dir = tempfile::tempdir().expect("a directory");
        private::write(&path(dir.path()), "hunter2\n").expect("written");
        let error = read(dir.path()).expect_err("no key");
        assert_eq!(
            error.problem,
            format!(
                "the key file {} does not hold 64 hexadecimal digits",
                path(dir.path()).display()
            )
        );
    }
}
