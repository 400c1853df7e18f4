//! The token cache: what outlives a run about the credentials of each target.
//!
//! Promises that a refresh token is on disk when [`TokenCache::keep`] returns, also in a dry run: a
//! server that rotates them has made the old one void (RFC 6749, 6), and a lost one means asking
//! an admin for consent again. Remembers when credentials were last refused, by a keyed mark from
//! which nobody can guess them. The file is for its owner alone, and a daemon and a dry run beside it
//! take turns. Access tokens are never here. Leaves fetching tokens to the client.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::attribute::{AttrName, Value};
use crate::core::cooldown::Refusals;
use crate::core::fingerprint::FingerprintKey;
use crate::core::key::TargetName;
use crate::draw;
use crate::secret::Secret;

use super::{StateKind, StoreError, private};
use crate::core::hex;

/// Refusals are forgotten so long after the last one.
const KEPT_FOR: Duration = Duration::from_hours(7 * 24);

/// The cache of all targets.
#[derive(Debug)]
pub struct TokenCache {
    home: Home,
}

/// Where it is kept.
#[derive(Debug)]
enum Home {
    File { dir: PathBuf, name: &'static str },
    Memory(Mutex<Kept>),
}

/// Held while one program uses the refresh token of a target.
#[derive(Debug)]
pub struct TokenTurn(#[expect(dead_code, reason = "the lock ends with it")] Option<File>);

impl TokenCache {
    /// The cache of a state directory; sandbox copies have one of their own. Makes nothing until
    /// there is something to keep.
    ///
    /// # Errors
    /// When the file is there and cannot be read, is damaged, or can be read by others.
    pub fn open(dir: &Path, kind: StateKind) -> Result<Self, StoreError> {
        let name = match kind {
            StateKind::Real => "tokens",
            StateKind::Sandbox => "tokens.sandbox",
        };
        Kept::read(&dir.join(name))?;
        let home = Home::File {
            dir: dir.into(),
            name,
        };
        Ok(Self { home })
    }

    /// A cache that ends with this process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            home: Home::Memory(Mutex::default()),
        }
    }

    /// The right to use the refresh token of a target, unless another program has it now.
    ///
    /// # Errors
    /// When it cannot be asked for.
    pub fn try_turn(&self, target: &TargetName) -> Result<Option<TokenTurn>, StoreError> {
        let Home::File { dir, name } = &self.home else {
            return Ok(Some(TokenTurn(None)));
        };
        private::make_directory(dir)?;
        let path = dir.join(format!("{name}.{target}.lock"));
        let file = private::open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(TokenTurn(Some(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => {
                Err(private::failed(&path, "cannot be locked", cause))
            }
        }
    }

    /// The refresh token of a target: the one on disk now, since another process may have had a newer
    /// one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn refresh_token(&self, target: &TargetName) -> Result<Option<Secret>, StoreError> {
        let find = |kept: &Kept| kept.refresh.get(target).map(|token| Secret::new(&*token.0));
        self.look(find)
    }

    /// Keeps the refresh token of a target. When this returns, it survives a crash.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn keep(&self, target: &TargetName, token: &Secret) -> Result<(), StoreError> {
        self.change(|kept| {
            let token = Hidden(token.expose().into());
            kept.refresh.insert(target.clone(), token);
        })
    }

    /// Forgets the refresh token of a target, once the server has refused it.
    ///
    /// # Errors
    /// When the file could not be written.
    pub fn forget(&self, target: &TargetName) -> Result<(), StoreError> {
        self.change(|kept| {
            kept.refresh.remove(target);
        })
    }

    /// How often these credentials were refused since they last worked.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn refusals(
        &self,
        target: &TargetName,
        credentials: &Secret,
    ) -> Result<Refusals, StoreError> {
        self.look(|kept| {
            let known = kept.refused.get(target);
            let found = known.and_then(|known| known.get(&kept.mark(credentials)?));
            found.cloned().unwrap_or_default()
        })
    }

    /// Remembers a refusal of these credentials.
    ///
    /// # Errors
    /// When the file could not be written.
    pub fn refuse(
        &self,
        target: &TargetName,
        credentials: &Secret,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.change(|kept| {
            kept.key
                .get_or_insert_with(|| Hidden(hex::encode(&draw::key())));
            let Some(mark) = kept.mark(credentials) else {
                return;
            };
            let known = kept.refused.entry(target.clone()).or_default();
            known.retain(|_, refusals| refusals.last().is_some_and(|last| last + KEPT_FOR > at));
            known.entry(mark).or_default().add(at);
        })
    }

    /// These credentials work: their refusals are forgotten.
    ///
    /// # Errors
    /// When the file could not be written.
    pub fn accept(&self, target: &TargetName, credentials: &Secret) -> Result<(), StoreError> {
        if self.refusals(target, credentials)?.count == 0 {
            return Ok(());
        }
        self.change(|kept| {
            let mark = kept.mark(credentials).unwrap_or_default();
            if let Some(known) = kept.refused.get_mut(target) {
                known.remove(&mark);
            }
            kept.refused.retain(|_, known| !known.is_empty());
        })
    }

    fn look<T>(&self, look: impl FnOnce(&Kept) -> T) -> Result<T, StoreError> {
        match &self.home {
            Home::File { dir, name } => Ok(look(&Kept::read(&dir.join(name))?)),
            Home::Memory(kept) => Ok(look(&locked(kept))),
        }
    }

    /// Reads, changes and writes while no other process does.
    fn change(&self, change: impl FnOnce(&mut Kept)) -> Result<(), StoreError> {
        let (dir, name) = match &self.home {
            Home::File { dir, name } => (dir, name),
            Home::Memory(kept) => {
                change(&mut locked(kept));
                return Ok(());
            }
        };
        private::make_directory(dir)?;
        let _turn = wait_for_turn(&dir.join(format!("{name}.lock")))?;
        let path = dir.join(name);
        let mut kept = Kept::read(&path)?;
        change(&mut kept);
        kept.write(&path)
    }
}

fn locked(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until no other process writes; its turn takes no longer than one small file.
fn wait_for_turn(path: &Path) -> Result<File, StoreError> {
    let file = private::open(path)?;
    file.lock()
        .map_err(|cause| private::failed(path, "cannot be locked", cause))?;
    Ok(file)
}

/// What stands in the file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Kept {
    /// Refresh tokens.
    refresh: BTreeMap<TargetName, Hidden>,
    /// Refusals, by the mark of what was refused.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    refused: BTreeMap<TargetName, BTreeMap<String, Refusals>>,
    /// The key of the marks.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Hidden>,
}

/// A secret on its way to or from the file.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Hidden(String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Kept {
    /// What these credentials are known again by, once there is a key. Only 32 bits: enough to tell a
    /// new password from the old one, and too few to confirm a guess by.
    fn mark(&self, credentials: &Secret) -> Option<String> {
        let key = hex::decode(&self.key.as_ref()?.0)?;
        let name = AttrName::new("credentials");
        let whole = FingerprintKey::new(&key).of(&name, &Value::text(credentials.expose()));
        Some(format!("{:08x}", whole.0 >> 32))
    }

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
    use crate::core::cooldown::Urgency;

    const FILE: &str = "tokens";

    fn open(dir: &Path) -> TokenCache {
        TokenCache::open(dir, StateKind::Real).expect("readable")
    }

    fn refresh(cache: &TokenCache, target: &str) -> Option<String> {
        let token = cache.refresh_token(&TargetName::new(target));
        let token = token.expect("readable")?;
        Some(token.expose().to_owned())
    }

    fn keep(cache: &TokenCache, target: &str, token: &str) {
        let kept = cache.keep(&TargetName::new(target), &Secret::new(token));
        kept.expect("written");
    }

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().expect("a point in time")
    }

    #[test]
    fn a_refresh_token_is_on_disk_and_only_for_its_owner() {
        let home = tempfile::tempdir().expect("a directory");
        let dir = home.path().join("state");
        let cache = open(&dir);
        assert!(!dir.exists());
        keep(&cache, "tracktik", "ref-1");
        let text = fs::read_to_string(dir.join(FILE)).expect("readable");
        assert_eq!(
            text,
            "{\n  \"refresh\": {\n    \"tracktik\": \"ref-1\"\n  }\n}\n"
        );
        let metadata = fs::metadata(dir.join(FILE)).expect("there");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        assert_eq!(refresh(&open(&dir), "tracktik").as_deref(), Some("ref-1"));
    }

    #[test]
    fn a_rotated_token_of_another_process_is_seen_and_nobody_elses_is_lost() {
        let dir = tempfile::tempdir().expect("a directory");
        let [daemon, dry_run] = [open(dir.path()), open(dir.path())];
        keep(&daemon, "a", "ref-1");
        keep(&dry_run, "b", "other");
        keep(&dry_run, "a", "ref-2");
        assert_eq!(refresh(&daemon, "a").as_deref(), Some("ref-2"));
        daemon.forget(&TargetName::new("a")).expect("written");
        assert_eq!(refresh(&dry_run, "a"), None);
        assert_eq!(refresh(&dry_run, "b").as_deref(), Some("other"));
    }

    #[test]
    fn two_programs_take_turns_with_the_token_of_a_target() {
        let dir = tempfile::tempdir().expect("a directory");
        let [daemon, dry_run] = [open(dir.path()), open(dir.path())];
        let [a, b] = ["a", "b"].map(TargetName::new);
        let turn = daemon.try_turn(&a).expect("asked").expect("free");
        assert!(dry_run.try_turn(&a).expect("asked").is_none());
        assert!(dry_run.try_turn(&b).expect("asked").is_some());
        // Whoever has the turn writes in it.
        keep(&daemon, "a", "ref-1");
        drop(turn);
        assert!(dry_run.try_turn(&a).expect("asked").is_some());
    }

    #[test]
    fn refusals_are_known_to_the_next_process_by_a_mark_that_is_not_the_secret() {
        let dir = tempfile::tempdir().expect("a directory");
        let target = TargetName::new("a");
        let [bad, other] = ["s3cret-password", "another"].map(Secret::new);
        for _ in 0..3 {
            open(dir.path())
                .refuse(&target, &bad, noon())
                .expect("written");
        }
        let cache = open(dir.path());
        let refusals = cache.refusals(&target, &bad).expect("readable");
        assert_eq!(refusals.count, 3);
        assert!(refusals.next_try(Urgency::Scheduled, noon()).is_some());
        assert_eq!(cache.refusals(&target, &other).expect("readable").count, 0);
        let text = fs::read_to_string(dir.path().join(FILE)).expect("readable");
        assert!(!text.contains("s3cret"), "{text}");

        cache.accept(&target, &bad).expect("written");
        assert_eq!(cache.refusals(&target, &bad).expect("readable").count, 0);
        let later = noon() + KEPT_FOR;
        cache.refuse(&target, &bad, noon()).expect("written");
        cache.refuse(&target, &other, later).expect("written");
        assert_eq!(cache.refusals(&target, &bad).expect("readable").count, 0);
    }

    #[test]
    fn sandbox_copies_and_a_process_keep_their_own() {
        let dir = tempfile::tempdir().expect("a directory");
        keep(&open(dir.path()), "a", "real");
        let copies = TokenCache::open(dir.path(), StateKind::Sandbox).expect("readable");
        assert_eq!(refresh(&copies, "a"), None);
        let cache = TokenCache::in_memory();
        assert_eq!(refresh(&cache, "a"), None);
        keep(&cache, "a", "ref");
        assert_eq!(refresh(&cache, "a").as_deref(), Some("ref"));
        cache.forget(&TargetName::new("a")).expect("forgotten");
        assert_eq!(refresh(&cache, "a"), None);
    }

    #[test]
    fn a_damaged_file_is_told_without_its_content() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(FILE);
        private::write(&path, "{\"refresh\": \"s3cret\"}").expect("written");
        let error = TokenCache::open(dir.path(), StateKind::Real).expect_err("damaged");
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
        let cache = TokenCache::in_memory();
        keep(&cache, "a", "ref-1");
        let shown = format!("{cache:?} {:?}", Hidden("ref-1".into()));
        assert!(!shown.contains("ref-1"), "{shown}");
    }
}
