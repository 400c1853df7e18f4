//! The token cache: what an `OAuth2` server gave us, kept so that it is not lost.
//!
//! Promises that a refresh token is on disk when [`TokenCache::save`] returns, also in a dry run: a
//! server that rotates them has made the old one void (RFC 6749, 6), and a lost one means asking
//! an admin for consent again. Access tokens live in memory only. The file is for its owner alone,
//! and a daemon and a dry run beside it take turns. Leaves fetching tokens to the client.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::key::TargetName;
use crate::secret::Secret;

use super::{StoreError, private};

const FILE: &str = "tokens";
const LOCK: &str = "tokens.lock";

/// The tokens of one target.
#[derive(Clone, Debug, Default)]
pub struct CachedToken {
    /// What requests are sent with; never on disk.
    pub access: Option<AccessToken>,
    /// What the next access token is had with.
    pub refresh: Option<Secret>,
}

/// What requests are sent with.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token.
    pub token: Secret,
    /// Not to be sent from then on.
    pub expires_at: Timestamp,
}

/// The tokens of all targets.
#[derive(Debug)]
pub struct TokenCache {
    /// Where refresh tokens are kept; in memory only, if nowhere.
    dir: Option<PathBuf>,
    tokens: Mutex<BTreeMap<TargetName, CachedToken>>,
}

impl TokenCache {
    /// The cache of a state directory. Makes nothing until there is a token to keep.
    ///
    /// # Errors
    /// When the file is there and cannot be read, is damaged, or can be read by others.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let cache = Self {
            dir: Some(dir.into()),
            tokens: Mutex::default(),
        };
        Kept::read(&dir.join(FILE))?;
        Ok(cache)
    }

    /// A cache that ends with this process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            dir: None,
            tokens: Mutex::default(),
        }
    }

    /// The tokens of a target. The refresh token is the one on disk now, since another process may
    /// have had a newer one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn load(&self, target: &TargetName) -> Result<Option<CachedToken>, StoreError> {
        let mut found = self.locked().get(target).cloned();
        if let Some(dir) = &self.dir
            && let Some(refresh) = Kept::read(&dir.join(FILE))?.refresh.remove(target)
        {
            found.get_or_insert_default().refresh = Some(Secret::new(refresh.0));
        }
        Ok(found)
    }

    /// Keeps the tokens of a target. Without a refresh token the one that is kept stays, as RFC
    /// 6749, 6 has it for an answer that brings none. When this returns, it survives a crash.
    ///
    /// # Errors
    /// When it could not be written: the refresh token is then in memory only.
    pub fn save(&self, target: &TargetName, token: CachedToken) -> Result<(), StoreError> {
        let refresh = token.refresh.clone();
        {
            let mut tokens = self.locked();
            let known = tokens.entry(target.clone()).or_default();
            known.access = token.access;
            if token.refresh.is_some() {
                known.refresh = token.refresh;
            }
        }
        match (&self.dir, refresh) {
            (Some(dir), Some(refresh)) => change(dir, |kept| {
                kept.refresh
                    .insert(target.clone(), Hidden(refresh.expose().into()));
            }),
            (None, _) | (_, None) => Ok(()),
        }
    }

    /// Forgets the tokens of a target, once the server has refused them.
    ///
    /// # Errors
    /// When the file could not be written.
    pub fn forget(&self, target: &TargetName) -> Result<(), StoreError> {
        self.locked().remove(target);
        match &self.dir {
            Some(dir) if dir.join(FILE).exists() => change(dir, |kept| {
                kept.refresh.remove(target);
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<TargetName, CachedToken>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads, changes and writes the file while no other process does.
fn change(dir: &Path, change: impl FnOnce(&mut Kept)) -> Result<(), StoreError> {
    private::make_directory(dir)?;
    let _turn = wait_for_turn(&dir.join(LOCK))?;
    let path = dir.join(FILE);
    let mut kept = Kept::read(&path)?;
    change(&mut kept);
    kept.write(&path)
}

/// Waits until no other process writes; its turn takes no longer than one small file.
fn wait_for_turn(path: &Path) -> Result<File, StoreError> {
    let file = private::open(path)?;
    file.lock()
        .map_err(|cause| private::failed(path, "cannot be locked", cause))?;
    Ok(file)
}

/// What stands in the file.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    refresh: BTreeMap<TargetName, Hidden>,
}

/// A token on its way to or from the file.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Hidden(String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Kept {
    fn read(path: &Path) -> Result<Self, StoreError> {
        let Some(text) = private::read(path, "token file")? else {
            return Ok(Self::default());
        };
        // The parser's own error may quote the text, which is secret: only its place is told.
        serde_json::from_str(&text).map_err(|error| {
            let (path, line, column) = (path.display(), error.line(), error.column());
            StoreError::new(
                format!("the token file {path} is damaged at line {line}, column {column}"),
                "remove the file, and give consent again (rollcall authorize) where an app needs it",
            )
        })
    }

    fn write(&self, path: &Path) -> Result<(), StoreError> {
        let text = serde_json::to_string_pretty(self).expect("texts under texts are JSON");
        private::write(path, &(text + "\n"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn both(access: &str, refresh: &str) -> CachedToken {
        CachedToken {
            access: Some(AccessToken {
                token: Secret::new(access),
                expires_at: "2027-03-01T09:00:00Z".parse().expect("a time"),
            }),
            refresh: Some(Secret::new(refresh)),
        }
    }

    fn refresh(cache: &TokenCache, target: &str) -> Option<String> {
        let token = cache.load(&TargetName::new(target)).expect("readable")?;
        token.refresh.map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn only_refresh_tokens_are_on_disk_and_only_for_their_owner() {
        let home = tempfile::tempdir().expect("a directory");
        let dir = home.path().join("state");
        let cache = TokenCache::open(&dir).expect("nothing there");
        assert!(!dir.exists());
        let target = TargetName::new("tracktik");
        cache
            .save(&target, both("acc-1", "ref-1"))
            .expect("written");

        let text = fs::read_to_string(dir.join(FILE)).expect("readable");
        assert_eq!(
            text,
            "{\n  \"refresh\": {\n    \"tracktik\": \"ref-1\"\n  }\n}\n"
        );
        let mode = fs::metadata(dir.join(FILE))
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);

        let again = TokenCache::open(&dir).expect("readable");
        assert_eq!(refresh(&again, "tracktik").as_deref(), Some("ref-1"));
        let token = again.load(&target).expect("readable").expect("there");
        assert!(token.access.is_none());
        let token = cache.load(&target).expect("readable").expect("there");
        assert_eq!(token.access.expect("in memory").token.expose(), "acc-1");
    }

    #[test]
    fn a_rotated_token_of_another_process_is_seen_and_nobody_elses_is_lost() {
        let dir = tempfile::tempdir().expect("a directory");
        let daemon = TokenCache::open(dir.path()).expect("open");
        let dry_run = TokenCache::open(dir.path()).expect("open");
        let [a, b] = ["a", "b"].map(TargetName::new);
        daemon.save(&a, both("acc", "ref-1")).expect("written");
        dry_run.save(&b, both("acc", "other")).expect("written");
        dry_run.save(&a, both("acc", "ref-2")).expect("written");
        assert_eq!(refresh(&daemon, "a").as_deref(), Some("ref-2"));
        daemon.save(&b, CachedToken::default()).expect("written");
        assert_eq!(refresh(&dry_run, "b").as_deref(), Some("other"));
        daemon.forget(&a).expect("written");
        assert_eq!(refresh(&daemon, "a"), None);
        assert_eq!(refresh(&daemon, "b").as_deref(), Some("other"));
    }

    #[test]
    fn a_cache_in_memory_keeps_both() {
        let cache = TokenCache::in_memory();
        assert_eq!(refresh(&cache, "a"), None);
        cache
            .save(&TargetName::new("a"), both("acc", "ref"))
            .expect("kept");
        assert_eq!(refresh(&cache, "a").as_deref(), Some("ref"));
        cache.forget(&TargetName::new("a")).expect("forgotten");
        assert_eq!(refresh(&cache, "a"), None);
    }

    #[test]
    fn a_damaged_file_is_told_without_its_content() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(FILE);
        private::write(&path, "{\"refresh\": \"s3cret\"}").expect("written");
        let error = TokenCache::open(dir.path()).expect_err("damaged");
        assert_eq!(
            error.problem,
            format!(
                "the token file {} is damaged at line 1, column 20",
                path.display()
            )
        );
        assert!(!format!("{error:?}").contains("s3cret"));
    }

    #[test]
    fn tokens_do_not_print() {
        let shown = format!("{:?} {:?}", both("acc-1", "ref-1"), Hidden("ref-1".into()));
        assert!(
            !shown.contains("acc-1") && !shown.contains("ref-1"),
            "{shown}"
        );
    }
}
