//! The units of `systemd/` against the real tools of systemd, and the program under what they allow.
//!
//! Promises that the units are sound, that their exposure is at most 1.1, that a whole import and
//! the run after it work in the same cage, and that the service does what it should under a systemd
//! that runs. Leaves making these to [`super::cage`] and [`super::manager`].

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

/// The service under a systemd that runs.
mod running {
    use rollcall::core::key::TargetName;
    use rollcall::sandbox::credentials;

    use super::super::daemon::process::eventually;
    use super::super::manager::Manager;
    use super::super::program::Served;
    use super::super::wiki::{CONFIG, PEOPLE, with};
    use super::*;

    /// What a site adds to the unit: where its secret is, and a log that the story can read. The watchdog
    /// is quicker than a person would have it.
    const SITE: &str = "[Service]
LoadCredential=wiki-token:/etc/rollcall/token
WatchdogSec=20s
RestartSec=100ms
StandardOutput=append:/run/rollcall.log
StandardError=append:/run/rollcall.log
";

    fn config(app: &Served) -> String {
        let at = format!("{}/wiki/", app.root.trim_end_matches('/'));
        CONFIG
            .replace(
                "state: { dir: state }",
                "control: { socket: /run/rollcall/control }",
            )
            .replace("http://127.0.0.1:9/", &at)
            .replace("{ file: token }", "{ credential: wiki-token }")
    }

    fn manager(app: &Served) -> Manager {
        let token = credentials(&TargetName::new("wiki")).token;
        let manager = Manager::start(&[
            (
                "etc/systemd/system/rollcall.service",
                file("systemd/rollcall.service"),
            ),
            (
                "etc/systemd/system/rollcall.service.d/site.conf",
                SITE.into(),
            ),
            (
                "usr/lib/sysusers.d/rollcall.conf",
                file("packaging/debian/rollcall.sysusers"),
            ),
            ("etc/rollcall/config.yaml", config(app)),
            ("etc/rollcall/people.yaml", PEOPLE.into()),
            ("etc/rollcall/token", token.expose().into()),
        ]);
        manager.told("chmod 600 /etc/rollcall/token");
        manager.told("systemd-sysusers && systemctl daemon-reload");
        manager
    }

    #[test]
    #[ignore = "needs root and name spaces for a systemd; tests/run says where there are none"]
    fn the_service_starts_reloads_is_watched_and_stops() {
        let folder = with("people.yaml", "people.yaml");
        let app = folder.serve("config.yaml");
        let manager = manager(&app);
        let log = || manager.told("cat /run/rollcall.log");
        let (_, told) = manager.run("systemctl start rollcall; systemctl status rollcall");
        assert_eq!(manager.shows("ActiveState"), "active", "{told}\n{}", log());
        // The credential that only root and the service can read.
        eventually("two accounts", || {
            let dump = app.ask("/_sandbox/wiki/dump");
            dump["users"]
                .as_array()
                .is_some_and(|users| users.len() == 2)
        });
        eventually("one line says how it is", || {
            manager.shows("StatusText") == "1 target, nothing due"
        });

        // A user that systemd has made, who alone sees the state.
        let process = manager.shows("MainPID");
        let uid = manager.told(&format!(
            "awk '/^Uid/ {{ print $2 }}' /proc/{process}/status"
        ));
        assert_ne!(uid.trim(), "0");
        let state = manager.told("stat -c '%a %u' /var/lib/private/rollcall");
        assert_eq!(state.trim(), format!("700 {}", uid.trim()));

        // Who is at the socket: somebody of the group, whom the service cannot see, and root.
        let member = "setpriv --reuid 4242 --regid rollcall-admin --clear-groups rollcall";
        manager.told(&format!("{member} ignore --user ana wiki --because badge"));
        manager.told("rollcall ignore --user ana wiki --undo --because badge");
        let told = manager.told("rollcall history ana");
        for by in [
            "by unknown (says to be uid 4242): badge",
            "by root (uid 0): badge",
        ] {
            assert!(told.contains(by), "{by}\n{told}");
        }

        manager.write(
            "/etc/rollcall/config.yaml",
            &config(&app).replace("    assign:", "    every: 5m\n    assign:"),
        );
        manager.told("systemctl reload rollcall");
        eventually("the new config is in force", || {
            log().contains("reloaded: target wiki changed")
        });

        manager.told(&format!("kill -STOP {process}"));
        eventually("it is started anew", || {
            manager.shows("MainPID") != process && manager.shows("ActiveState") == "active"
        });
        assert_eq!(manager.shows("NRestarts"), "1", "{}", log());
        manager.told("rollcall status");

        manager.told("systemctl stop rollcall");
        assert_eq!(manager.shows("Result"), "success");
        assert_eq!(manager.shows("ExecMainStatus"), "0");
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
