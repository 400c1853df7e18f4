//! The units of `systemd/` against the real tools of systemd, and the program under what they allow.
//!
//! Promises that the units are sound, that their exposure is at most 1.1, and that a whole import and
//! the run after it work in the same cage. Leaves a running systemd (watchdog, credentials) to the
//! stories of the daemon.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cage::caged;
use super::markdown::file;
use super::program::Folder;

fn units() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd");
    let mut units: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    units.sort();
    assert_eq!(units.len(), 5);
    units
}

fn name(unit: &Path) -> &str {
    unit.file_name()
        .and_then(|name| name.to_str())
        .expect("files have names")
}

/// What a tool said, and whether it was content.
fn said(command: &mut Command) -> (bool, String) {
    let done = command.output().expect("the tool runs");
    let text = [done.stdout, done.stderr].concat();
    (
        done.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// What the units say.
mod units {
    use super::*;

    #[test]
    #[ignore = "needs systemd-analyze; tests/run installs it"]
    fn the_units_are_sound() {
        let folder = Folder::new();
        for unit in units() {
            let text = std::fs::read_to_string(&unit).expect("text");
            folder.write(
                name(&unit),
                &text.replace("/usr/bin/rollcall", env!("CARGO_BIN_EXE_rollcall")),
            );
        }
        let all = units().into_iter().map(|unit| folder.path(name(&unit)));
        let (sound, told) = said(
            Command::new("systemd-analyze")
                .args(["verify", "--man=no"])
                .args(all),
        );
        assert!(sound && told.is_empty(), "{told}");
    }

    #[test]
    #[ignore = "needs systemd-analyze; tests/run installs it"]
    fn the_services_are_exposed_as_little_as_can_be() {
        let services = units()
            .into_iter()
            .filter(|unit| name(unit).ends_with(".service"));
        for unit in services {
            let mut tool = Command::new("systemd-analyze");
            tool.args(["security", "--offline=true", "--threshold=11", "--no-pager"]);
            let (good, told) = said(tool.arg(&unit));
            assert!(good, "{}\n{told}", unit.display());
            assert!(told.contains("Overall exposure level"), "{told}");
        }
    }
}

/// The program in the cage of its unit, where a machine can make one.
mod caged {
    use super::*;

    #[test]
    #[ignore = "needs bwrap and systemd-analyze; tests/run installs them"]
    fn the_program_works_in_the_cage_of_its_unit() {
        let folder = Folder::new();
        folder.write(
            "people.csv",
            "key,uid,mail,givenName,sn\n1,asilva,ana@example.com,Ana,Silva\n2,bkaya,berk@example.com,Berk,Kaya\n",
        );
        folder.write(
            "config.yaml",
            "sources: { hq: { file: { users: people.csv } } }\ntargets:\n  wiki: { connector: scim, \
             base_url: 'http://127.0.0.1:9', assign: everyone, auth: { bearer: { env: T } } }\n",
        );
        let served = folder.serve("config.yaml");
        let state = folder.path("state");
        let mut told = String::new();
        for _ in 0..2 {
            let mut cage = caged("systemd/rollcall.service", &folder.path("."), &state);
            cage.args([env!("CARGO_BIN_EXE_rollcall"), "sync", "--config"])
                .arg(folder.path("config.yaml"))
                .arg("--state")
                .arg(&state)
                .arg(format!("--sandbox={}", served.root));
            let (well, text) = said(&mut cage);
            assert!(well, "{text}");
            told = text;
        }
        assert!(told.contains("in line"), "{told}");
        let made = served.ask("/_sandbox/wiki/requests");
        assert_eq!(
            made["counts"]["write"], 2,
            "two people, two creates: {made}"
        );
    }

    #[test]
    #[ignore = "needs bwrap and systemd-analyze; tests/run installs them"]
    fn the_cage_holds() {
        let folder = Folder::new();
        let inside = |script: &str| {
            let mut cage = caged(
                "systemd/rollcall.service",
                &folder.path("."),
                &folder.path("state"),
            );
            said(cage.args(["sh", "-c", script]))
        };
        let (works, told) = inside("echo yes > state/file && cat state/file; true");
        assert!(works, "{told}");
        for (script, refusal) in [
            ("echo no > /etc/rollcall-was-here", "Read-only file system"),
            ("/usr/sbin/chroot / true", "Operation not permitted"),
            ("nice -n 5 true", "Operation not permitted"),
        ] {
            let (_, told) = inside(script);
            assert!(told.contains(refusal), "{script}: {told}");
        }
    }
}

#[test]
fn one_shot_services_are_caged_like_the_daemon() {
    let caged = |unit: &str| {
        let text = file(unit);
        let start = text
            .find("# Nothing but the network")
            .expect("the cage has a head");
        let end = text[start..]
            .find("\n\n")
            .map_or(text.len(), |end| start + end);
        text[start..end].trim_end().to_owned()
    };
    let daemon = caged("systemd/rollcall.service");
    assert!(
        daemon.contains("SystemCallFilter=@system-service"),
        "{daemon}"
    );
    for unit in [
        "systemd/rollcall-sync.service",
        "systemd/rollcall-sync-quick.service",
    ] {
        assert_eq!(caged(unit), daemon, "{unit}");
    }
}
