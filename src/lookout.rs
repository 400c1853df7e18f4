//! Files that may change under us: a directory of users, the config, a secret.
//!
//! Promises to tell of changed content and not of touched files, however an editor writes, and of
//! every change within seconds also where the system tells of none (NFS, a folder that came later, no
//! inotify left). Leaves reading them to their owners.
//!
//! The folders are watched, since most editors and programs write another file and rename it. What the
//! system tells is a hint to look at once; besides, the files are looked at every two seconds, by size
//! and times first and by content where those differ. In simulated time only the latter is done.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::hash::Hasher;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::clock::Clock;

/// How often the files are looked at when the system tells of nothing.
const EVERY: Duration = Duration::from_secs(2);

/// How long it has to be quiet before a change counts: programs write in several steps.
const QUIET: Duration = Duration::from_millis(200);

/// How often the quiet is waited for before a file that never rests is looked at all the same.
const PATIENCE: usize = 10;

/// So much of a file is read at a time.
const PIECE: usize = 64 * 1024;

/// Looks after some files.
#[derive(Debug)]
pub struct Lookout {
    clock: Clock,
    known: BTreeMap<PathBuf, Known>,
    ear: Option<Ear>,
    /// The system has told of something that was not looked at yet.
    is_told: bool,
}

/// What a file was like when it was last looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    outside: Option<Outside>,
    content: Option<u64>,
    /// It had changed when it was last looked at: one that changes twice within the grain of its times
    /// looks the same from outside.
    is_fresh: bool,
}

/// What a file looks like without being read: device, inode, size, and both times with their
/// nanoseconds.
type Outside = (u64, u64, u64, (i64, i64), (i64, i64));

impl Lookout {
    /// Looks after `files` from now on; a file that is not there yet may come.
    #[must_use]
    pub fn over(files: impl IntoIterator<Item = PathBuf>, clock: Clock) -> Self {
        let files: BTreeSet<PathBuf> = files.into_iter().collect();
        let ear = match clock {
            Clock::System => Ear::over(&files),
            Clock::Simulated { .. } => None,
        };
        let known = files.into_iter().map(|file| {
            let mut known = Known::default();
            known.look(&file, true);
            (file, known)
        });
        Self {
            clock,
            known: known.collect(),
            ear,
            is_told: false,
        }
    }

    /// Waits until the content of some differs from what it was, and names them. Nothing is lost
    /// when the future is dropped before its end.
    pub async fn changed(&mut self) -> Vec<PathBuf> {
        loop {
            self.wait().await;
            let is_told = std::mem::take(&mut self.is_told);
            let changed: Vec<PathBuf> = self
                .known
                .iter_mut()
                .filter_map(|(file, known)| known.look(file, is_told).then(|| file.clone()))
                .collect();
            if !changed.is_empty() {
                return changed;
            }
        }
    }

    /// Waits until it is time to look: when the system has told of something and is quiet again, or
    /// after a while.
    async fn wait(&mut self) {
        let Some(ear) = &self.ear else {
            return self.clock.sleep(EVERY).await;
        };
        if !self.is_told {
            tokio::select! {
                () = ear.rings.notified() => self.is_told = true,
                () = self.clock.sleep(EVERY) => return,
            }
        }
        for _ in 0..PATIENCE {
            tokio::select! {
                () = ear.rings.notified() => {}
                () = self.clock.sleep(QUIET) => return,
            }
        }
    }
}

impl Known {
    /// Looks at the file: has its content changed since? It is read where it looks different from
    /// outside, or in any case.
    fn look(&mut self, file: &Path, in_any_case: bool) -> bool {
        let outside = std::fs::metadata(file).ok().as_ref().map(outside);
        if outside == self.outside && !self.is_fresh && !in_any_case {
            return false;
        }
        let content = content(file).ok();
        let has_changed = content != self.content;
        self.is_fresh = outside != self.outside || has_changed;
        self.outside = outside;
        self.content = content;
        has_changed
    }
}

fn outside(file: &Metadata) -> Outside {
    (
        file.dev(),
        file.ino(),
        file.size(),
        (file.mtime(), file.mtime_nsec()),
        (file.ctime(), file.ctime_nsec()),
    )
}

/// What tells one content from another.
fn content(file: &Path) -> io::Result<u64> {
    let mut file = File::open(file)?;
    let mut hasher = DefaultHasher::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(length) => hasher.write(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// An ear at the folders of the files.
#[derive(Debug)]
struct Ear {
    rings: Arc<Notify>,
    /// Listens for as long as it lives.
    _watcher: RecommendedWatcher,
}

impl Ear {
    /// `None` where the system has no ear for us: then looking has to do.
    fn over(files: &BTreeSet<PathBuf>) -> Option<Self> {
        let rings = Arc::new(Notify::new());
        let (bell, names) = (Arc::clone(&rings), names(files));
        let hear = move |event: notify::Result<Event>| {
            if event.map_or(true, |event| concerns(&event, names.as_ref())) {
                bell.notify_one();
            }
        };
        let mut watcher = notify::recommended_watcher(hear).ok()?;
        for folder in folders(files) {
            // One that cannot be heard is looked at.
            let _ = watcher.watch(&folder, RecursiveMode::NonRecursive);
        }
        Some(Self {
            rings,
            _watcher: watcher,
        })
    }
}

/// The names that an event has to be about; `None`: any, since a file that is a link to another may
/// change by a link on the way.
fn names(files: &BTreeSet<PathBuf>) -> Option<BTreeSet<OsString>> {
    let is_link = |file: &PathBuf| file.is_symlink();
    if files.iter().any(is_link) {
        return None;
    }
    let names = files.iter().filter_map(|file| file.file_name());
    Some(names.map(ToOwned::to_owned).collect())
}

/// Where the files are, and where those are that they link to.
fn folders(files: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let real = files.iter().filter_map(|file| file.canonicalize().ok());
    let all = files.iter().cloned().chain(real);
    all.filter_map(|file| {
        let folder = file.parent()?;
        let here = folder.as_os_str().is_empty();
        Some(if here {
            PathBuf::from(".")
        } else {
            folder.to_owned()
        })
    })
    .collect()
}

/// Does the event say that one of the files may have changed? Reading them is no change.
fn concerns(event: &Event, names: Option<&BTreeSet<OsString>>) -> bool {
    if matches!(event.kind, EventKind::Access(_)) {
        return false;
    }
    let is_ours = |path: &PathBuf| {
        let name = path.file_name();
        names.is_none_or(|names| name.is_some_and(|name| names.contains(name)))
    };
    event.paths.is_empty() || event.paths.iter().any(is_ours)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::Timestamp;

    use super::*;

    /// Longer than any look may take on a busy machine.
    const LONG: Duration = Duration::from_secs(20);

    struct Story {
        folder: tempfile::TempDir,
        lookout: Lookout,
    }

    impl Story {
        /// A file with some content that is looked after; `system`: in the machine's own time.
        fn new(system: bool) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("users.csv");
            fs::write(&file, "key\n1\n").expect("written");
            let clock = if system {
                Clock::System
            } else {
                Clock::simulated(Timestamp::UNIX_EPOCH)
            };
            let lookout = Lookout::over([file], clock);
            Self { folder, lookout }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.path(name), text).expect("written");
        }

        /// The names that changed within the time, `None`: none did.
        async fn heard(&mut self, within: Duration) -> Option<Vec<String>> {
            let changed = tokio::time::timeout(within, self.lookout.changed()).await;
            let names = changed.ok()?.into_iter().map(|file| {
                let name = file.file_name().expect("a name");
                name.to_string_lossy().into_owned()
            });
            Some(names.collect())
        }
    }

    fn ours() -> Vec<String> {
        vec!["users.csv".to_owned()]
    }

    #[tokio::test(start_paused = true)]
    async fn in_simulated_time_a_change_is_seen_at_the_next_look() {
        let mut story = Story::new(false);
        assert_eq!(story.heard(Duration::from_mins(10)).await, None);
        story.write("users.csv", "key\n2\n");
        let before = tokio::time::Instant::now();
        assert_eq!(story.heard(LONG).await, Some(ours()));
        assert_eq!(before.elapsed(), EVERY);
        assert_eq!(story.heard(Duration::from_mins(10)).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_may_go_and_come() {
        let mut story = Story::new(false);
        fs::remove_file(story.path("users.csv")).expect("removed");
        assert_eq!(story.heard(LONG).await, Some(ours()));
        story.write("users.csv", "key\n1\n");
        assert_eq!(story.heard(LONG).await, Some(ours()));
    }

    #[tokio::test(start_paused = true)]
    async fn touching_a_file_is_no_change() {
        let mut story = Story::new(false);
        story.write("users.csv", "key\n1\n");
        assert_eq!(story.heard(Duration::from_mins(1)).await, None);
    }

    #[tokio::test]
    async fn the_system_tells_of_a_rename_long_before_the_next_look() {
        let mut story = Story::new(true);
        assert!(story.lookout.ear.is_some(), "inotify is to be had");
        story.write("next", "key\n3\n");
        fs::rename(story.path("next"), story.path("users.csv")).expect("renamed");
        let began = tokio::time::Instant::now();
        assert_eq!(story.heard(LONG).await, Some(ours()));
        assert!(began.elapsed() >= QUIET, "it waits for quiet");
    }

    #[tokio::test]
    async fn each_of_several_files_is_heard_in_its_own_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = ["users", "groups"].map(|name| {
            let below = folder.path().join(name);
            fs::create_dir(&below).expect("made");
            let file = below.join("hq.yaml");
            fs::write(&file, "1").expect("written");
            file
        });
        let mut lookout = Lookout::over(files.clone(), Clock::System);
        for file in &files {
            let next = folder.path().join("next");
            fs::write(&next, "2").expect("written");
            fs::rename(&next, file).expect("renamed");
            let changed = tokio::time::timeout(LONG, lookout.changed()).await;
            assert_eq!(changed.ok(), Some(vec![file.clone()]));
        }
    }

    /// As on NFS, where the system tells nothing of what another machine has written.
    #[tokio::test]
    async fn what_the_system_does_not_tell_is_seen_at_the_next_look() {
        let mut story = Story::new(true);
        story.lookout.ear = None;
        story.write("users.csv", "key\n6\n");
        let began = tokio::time::Instant::now();
        assert_eq!(story.heard(LONG).await, Some(ours()));
        assert!(began.elapsed() >= EVERY, "nothing was told");
    }

    #[tokio::test]
    async fn what_is_written_twice_is_told_once() {
        let mut story = Story::new(true);
        story.write("users.csv", "");
        story.write("users.csv", "key\n4\n");
        assert_eq!(story.heard(LONG).await, Some(ours()));
        assert_eq!(story.heard(Duration::from_millis(600)).await, None);
    }

    #[tokio::test]
    async fn a_dropped_wait_loses_nothing() {
        let mut story = Story::new(true);
        story.write("users.csv", "key\n5\n");
        for _ in 0..3 {
            assert_eq!(story.heard(Duration::from_millis(40)).await, None);
        }
        assert_eq!(story.heard(LONG).await, Some(ours()));
    }

    #[test]
    fn reading_a_file_and_writing_its_neighbours_concern_nobody() {
        use notify::event::{AccessKind, AccessMode, CreateKind};
        let names = Some(BTreeSet::from([OsString::from("users.csv")]));
        let event = |kind, path: &str| Event::new(kind).add_path(PathBuf::from(path));
        let read = EventKind::Access(AccessKind::Close(AccessMode::Read));
        let made = EventKind::Create(CreateKind::File);
        assert!(!concerns(&event(read, "/d/users.csv"), names.as_ref()));
        assert!(!concerns(&event(made, "/d/state.db-wal"), names.as_ref()));
        assert!(concerns(&event(made, "/d/users.csv"), names.as_ref()));
        assert!(concerns(&event(made, "/d/..data"), None));
        assert!(concerns(&Event::new(EventKind::Other), names.as_ref()));
    }

    #[tokio::test]
    async fn a_link_to_a_file_is_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (real, other) = (folder.path().join("one"), folder.path().join("two"));
        fs::write(&real, "a").expect("written");
        fs::write(&other, "b").expect("written");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&real, &link).expect("linked");
        let mut lookout = Lookout::over([link.clone()], Clock::System);
        let fresh = folder.path().join("fresh");
        std::os::unix::fs::symlink(&other, &fresh).expect("linked");
        fs::rename(&fresh, &link).expect("renamed");
        let changed = tokio::time::timeout(LONG, lookout.changed()).await;
        assert_eq!(changed.ok(), Some(vec![link]));
    }
}
