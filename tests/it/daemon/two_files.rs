//! `rollcall run` over users in one file and groups in another.

use std::fs;

use super::process::{Service, eventually};
use crate::wiki::{CONFIG, with};

const USERS: &str = "key,uid,mail,givenName,sn\n\
                     p-1,ana,ana@example.com,Ana,Lima\n\
                     p-2,bob,bob@example.com,Bob,Stone\n";

fn groups(members: &str) -> String {
    format!("groups:\n- {{ key: g-1, name: staff, members: [{members}] }}\n")
}

/// The next run on the clock is a quarter of an hour away.
#[test]
fn a_change_of_the_groups_alone_is_heard() {
    assert!(!CONFIG.contains("every:"));
    let folder = with("people.yaml", "users.csv, groups: groups.yaml");
    folder.write("users.csv", USERS);
    folder.write("groups.yaml", &groups("p-1"));
    let served = folder.serve("config.yaml");
    let run = format!("run --config config.yaml --sandbox={}", served.root);
    let service = Service::start(&folder, "one", &run, &[]);
    let accounts = || {
        let dump = served.ask("/_sandbox/wiki/dump");
        let users = dump["users"].as_array().cloned().unwrap_or_default();
        users.len()
    };
    eventually("an account", || accounts() == 1);
    folder.write("next.yaml", &groups("p-1, p-2"));
    fs::rename(folder.path("next.yaml"), folder.path("groups.yaml")).expect("renamed");
    eventually("another one", || accounts() == 2);
    assert_eq!(service.stop(), Some(0));
}
