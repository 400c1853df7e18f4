//! What each command says, with the example that is shipped and with a served sandbox.
//!
//! Promises that the example runs as it is and ends in line, and that JSON has the fields it is
//! documented to have. Leaves what goes wrong to the other stories.

use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value as Json;

use super::program::{Ended, run};
use super::wiki::with;

/// A command with the shipped example, as the README shows it: in the folder of the sources.
fn example(command: &str) -> Ended {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    run(root, &format!("{command} --config config.example.yaml"))
}

#[test]
fn the_example_runs_and_proves_itself() {
    let ended = example("sync --sandbox");
    assert_eq!(ended.code, Some(0), "{}", ended.told());
    assert_snapshot!("example_sync", ended.told());
}

#[test]
fn a_dry_run_of_the_example_shows_the_same_plan_and_does_nothing() {
    let ended = example("sync --dry-run --sandbox");
    assert_eq!(ended.code, Some(2), "{}", ended.told());
    let real = example("sync --sandbox");
    let is_outcome = |line: &&str| {
        line.contains(" done, ") || line.contains("second plan") || line.starts_with("-- exit")
    };
    let plans = |told: &str| -> Vec<String> {
        let lines = told.lines().filter(|line| !is_outcome(line));
        lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(plans(&ended.told()), plans(&real.told()));
    assert!(!ended.told().contains(" done, "), "{}", ended.told());
    let state = Path::new(env!("CARGO_MANIFEST_DIR")).join("rollcall-state");
    assert!(!state.exists(), "a sandbox in the process leaves no state");
}

#[test]
fn one_target_of_the_example() {
    let ended = example("sync --dry-run --sandbox --target trotto");
    assert_eq!(ended.code, Some(2), "{}", ended.told());
    assert!(!ended.out.contains("tracktik"), "{}", ended.told());
    let wrong = example("sync --dry-run --sandbox --target troto");
    assert_snapshot!(wrong.told(), @r#"
    -- stderr
    error: there is no target `troto`
      hint: the config has: tracktik, trotto
    -- exit 1
    "#);
}

/// The changes of one kind that a target lists, members one by one.
fn listed(target: &Json, kind: &str) -> u64 {
    let changes = target["changes"].as_array().expect("a list");
    let sizes = changes.iter().filter(|change| change["action"] == kind);
    let size = |change: &Json| match kind {
        "members_add" | "members_remove" => change["attributes"].as_array().map_or(0, Vec::len),
        _ => 1,
    };
    sizes.map(size).sum::<usize>() as u64
}

#[test]
fn json_has_its_documented_fields_and_its_counts_are_its_changes() {
    let ended = example("sync --sandbox --format json");
    assert_eq!(ended.code, Some(0), "{}", ended.told());
    assert_eq!(ended.err, "");
    let answer = ended.json();
    let targets = answer["targets"].as_array().expect("a list");
    assert_eq!(targets.len(), 2);
    for target in targets {
        let fields: Vec<&str> = target
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            fields,
            [
                "applied", "basis", "changes", "counts", "held", "mails", "orphans", "parked",
                "plan_id", "requests", "skipped", "target", "waiting", "warnings"
            ]
        );
        let counts = target["counts"].as_object().expect("an object");
        for (kind, count) in counts {
            assert_eq!(Some(listed(target, kind)), count.as_u64(), "{kind}");
        }
        let total: u64 = counts.values().filter_map(Json::as_u64).sum();
        assert!(total > 0);
        assert_eq!(target["applied"]["done"].as_u64(), Some(total));
        assert_eq!(target["applied"]["failed"], 0);
    }
    let change = &targets[0]["changes"][0];
    assert_snapshot!(serde_json::to_string(change).expect("JSON"), @r#"
    {"action":"adopt","attributes":[],"key":"hq:p-1027","reason":"is in the app already, by emails","subject":"lortega"}
    "#);
    let update = targets[1]["changes"]
        .as_array()
        .and_then(|changes| changes.iter().find(|change| change["action"] == "update"))
        .expect("somebody moved");
    assert_snapshot!(serde_json::to_string(update).expect("JSON"), @r#"
    {"action":"update","attributes":[{"name":"displayName","new":"Jürgen Müller","old":"Juergen Mueller"}],"key":"hq:p-1005","reason":"the directory or the mapping says so","subject":"jmueller"}
    "#);
}

#[test]
fn a_dry_run_in_json_has_the_same_plan_twice() {
    let first = example("sync --dry-run --sandbox --format json");
    let second = example("sync --dry-run --sandbox --format json");
    assert_eq!(first.code, Some(2));
    assert_eq!(first.out, second.out, "same input, same plan");
    assert_eq!(first.json()["targets"][0]["applied"]["done"], 0);
    assert_eq!(first.json()["targets"][0]["requests"]["write"], 0);
}

#[test]
fn the_example_is_checked() {
    assert_snapshot!(example("check --offline").told(), @r#"
    ok config  1 source, 2 targets
    ok hq  40 users, 8 groups
    everything is as it should be
    -- exit 0
    "#);
    assert_snapshot!(example("check --sandbox").told(), @r#"
    ok config  1 source, 2 targets
    ok hq  40 users, 8 groups
    ok tracktik  answers, and has 8 accounts
    ok trotto  answers, and has 12 accounts
    everything is as it should be
    -- exit 0
    "#);
}

#[test]
fn one_person_is_explained() {
    assert_snapshot!(
        "explain_ecarter",
        example("explain ecarter trotto --sandbox").told()
    );
    let by_mail = example("explain Emily.Carter@example.com trotto --sandbox");
    let by_key = example("explain p-1015 trotto --sandbox");
    assert_eq!(by_mail.told(), by_key.told());
    assert_snapshot!(example("explain ecartr trotto --sandbox").told(), @r#"
    -- stderr
    error: no source has a user `ecartr`
      hint: did you mean `ecarter`?
    -- exit 1
    "#);

    let twojcik = example("explain twojcik tracktik --sandbox");
    assert_eq!(twojcik.code, Some(0));
    assert!(
        twojcik
            .out
            .contains("tracktik  not assigned (`when` is false)"),
        "{}",
        twojcik.told()
    );
    let json = example("explain dvolkov trotto --sandbox --format json").json();
    assert_eq!(json["user"]["disabled"], true);
    assert_eq!(json["targets"][0]["target"], "trotto");
}

#[test]
fn connectors_are_listed_and_shown() {
    assert_snapshot!("connectors", example_free("connectors"));
    assert_snapshot!(
        "connectors_show_trotto",
        example_free("connectors show trotto")
    );
    assert_snapshot!(example_free("connectors show troto"), @r#"
    -- stderr
    error: there is no connector `troto`
      hint: did you mean `trotto`?
    -- exit 1
    "#);
}

#[test]
fn every_key_of_a_connector_is_shown_on_request() {
    let some = example_free("connectors show trotto");
    let all = example_free("connectors show trotto --all");
    let is_page = |line: &&str| line.starts_with("users.page: 100 ") && line.ends_with(" default");
    assert_eq!(all.lines().filter(is_page).count(), 1, "{all}");
    assert!(!all.contains("(--all)"), "{all}");
    let told: Vec<&str> = some.lines().filter(|line| line.contains("[okta")).collect();
    assert!(!told.is_empty());
    for line in told {
        let words = |line: &str| {
            line.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert!(
            all.lines().any(|other| words(other) == words(line)),
            "{line}"
        );
    }
}

#[test]
fn connectors_are_shown_to_programs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = run(root, "connectors --format json").json();
    let trotto = list.as_array().into_iter().flatten();
    let trotto: Vec<&Json> = trotto.filter(|one| one["name"] == "trotto").collect();
    let facts = serde_json::json!({
        "name": "trotto", "app": "Trotto Go Links", "auth": "bearer", "groups": "none",
        "switching_off": "suspends", "evidence": "documented",
    });
    assert_eq!(trotto, [&facts]);
    let shown = run(root, "connectors show trotto --format json").json();
    for (key, value) in facts.as_object().into_iter().flatten() {
        assert_eq!(shown[key], *value, "{key}");
    }
    let keys = shown["keys"].as_array().into_iter().flatten();
    let form: Vec<&Json> = keys
        .filter(|key| key["key"] == "users.patch.form")
        .collect();
    assert_eq!(
        form,
        [&serde_json::json!({
            "key": "users.patch.form", "value": "object", "origin": "trotto", "source": "okta",
            "evidence": "inferred",
        })]
    );
    assert_eq!(shown["sources"]["okta"]["checked"], "2026-11-22");
}

#[test]
fn a_source_speaks_for_its_own_file_only() {
    let figma = example_free("connectors show figma");
    let line = |key: &str| {
        let found = figma.lines().find(|line| line.starts_with(key));
        found.unwrap_or_else(|| panic!("{key}: {figma}")).to_owned()
    };
    assert!(line("attributes.userName.max_length: 100").ends_with("figma  [schemas]"));
    assert!(line("attributes.userName.unique: true").ends_with("scim-basic"));
}

/// A command that needs no config.
fn example_free(command: &str) -> String {
    run(Path::new(env!("CARGO_MANIFEST_DIR")), command).told()
}

#[test]
fn status_before_and_after_the_first_run() {
    let folder = with("people.yaml", "people.yaml");
    assert_snapshot!(folder.rollcall("status --config config.yaml").told(), @r#"
    source hq  never read
    target wiki  0 accounts (0 active), 0 groups
      never run
    -- exit 0
    "#);
    assert!(!folder.path("state").exists(), "looking makes no state");

    let served = folder.serve("config.yaml");
    let sandbox = format!("--config config.yaml --sandbox={}", served.root);
    let first = folder.rollcall(&format!("sync {sandbox}"));
    assert_snapshot!(first.told(), @r#"
    hq  2 users, 1 group

    wiki  plan ID, compared with the app

      joiners
        + create         ana  assigned by group staff
            displayName Ana Lima · emails ana@example.com · externalId p-1 · name.familyName Lima
            name.givenName Ana · userName ana
        + create         bob  assigned by group staff
            displayName Bob Stone · emails bob@example.com · externalId p-2 · name.familyName Stone
            name.givenName Bob · userName bob

      to do: 2 create
      this run may send up to 2 mails: the vendor does not say

    wiki  2 done, 0 not; requests: 2 read, 2 write, 0 token

    -- exit 0
    "#);
    assert_snapshot!(folder.rollcall(&format!("status {sandbox}")).told(), @r#"
    source hq  read HH:MM UTC, AGE ago, 2 users
    target wiki  2 accounts (2 active), 0 groups
      last run HH:MM UTC: in line
    -- exit 0
    "#);
    assert_snapshot!(folder.rollcall(&format!("sync {sandbox}")).told(), @r#"
    hq  2 users, 1 group

    wiki  plan ID, compared with the app

      in line: nothing to change

    wiki  0 done, 0 not; requests: 2 read, 0 write, 0 token

    -- exit 0
    "#);
    assert_snapshot!(folder.rollcall(&format!("sync --quick {sandbox}")).told(), @r#"
    hq  2 users, 1 group

    wiki  plan ID, compared with what the app last acknowledged

      in line: nothing to change

    wiki  0 done, 0 not; requests: 0 read, 0 write, 0 token

    -- exit 0
    "#);
    let explained = folder.rollcall(&format!("explain ana {sandbox}"));
    // Two creates are on their way at once: either may be the first to arrive.
    let ends = ["u-000001", "u-000002"]
        .map(|id| format!("  account {id}, active, made by rollcall\n  nothing is due\n"));
    assert!(
        ends.iter().any(|end| explained.out.contains(end)),
        "{}",
        explained.told()
    );
    let json = folder
        .rollcall(&format!("status {sandbox} --format json"))
        .json();
    assert_eq!(json["targets"][0]["accounts"], 2);
    assert_eq!(json["targets"][0]["last_run"]["outcome"], "in line");
    assert_eq!(json["sources"][0]["users"], 2);
}

#[test]
fn the_schema_is_for_editors() {
    let ended = run(Path::new("/"), "schema");
    assert_eq!(ended.code, Some(0));
    let schema = ended.json();
    assert_eq!(schema["title"], "rollcall config");
    assert_eq!(schema["properties"]["targets"]["type"], "object");
    assert_eq!(
        schema["required"],
        serde_json::json!(["sources", "targets"])
    );
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn help_says_what_there_is() {
    assert_snapshot!(example_free("--help"), @r#"
    Keeps the user list of every app in line with your directory, over SCIM 2.0

    Usage: rollcall <COMMAND>

    Commands:
      sync         Bring the apps in line with the directory, once
      status       Show how every source and target stands, and what a daemon does
      approve      Release what the guard holds
      retry        Let the next run try again what was parked
      link         Say whose an account is
      unlink       Say that an account is not somebody's
      ignore       Leave an account, or the account of a person, alone from now on
      undo         Take a run back: what it switched off is switched on, what it made is switched off
      resend       Switch one person's account off and on again, so that the app sends its mail anew
      reload       Let the daemon that runs take up its config again
      run          Keep the apps in line with the directory from now on
      check        Check the config, and what it needs of the world: sources, secrets, apps
      import       Show an app's accounts beside our users: whose each is, and which wait for a person
      explain      Show one person's way: source, assignment, mapping, account, and what is due
      history      Show what was done, to whom and why, from the journal
      journal      Verify the journal's hash chain, or export the journal
      authorize    Let a person consent to an app that wants it, and keep the refresh token
      connectors   List the kinds of app, or show one with the origin of every key
      probe        Find out what a live SCIM server is like, and print a connector for it
      sandbox      Serve sandbox copies of all targets over HTTP
      schema       Print the JSON Schema of the config, for editors
      completions  Print completions for a shell
      man          Print the manual page
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version
    -- exit 0
    "#);
    assert_snapshot!("help_sync", example_free("sync --help"));
    let ignore = example_free("ignore -h");
    let usage = "Usage: rollcall ignore [OPTIONS] [ACCOUNT-ID] <TARGET>\n";
    assert!(ignore.contains(usage), "{ignore}");
    assert_eq!(example_free("--version"), "rollcall 0.1.0\n-- exit 0\n");
}

/// Every command of the help but `help`.
fn commands() -> Vec<String> {
    let help = example_free("--help");
    let list = help.split("Commands:\n").nth(1).expect("a list");
    list.lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn completions_and_the_manual_page_know_every_command() {
    let man = example_free("man");
    assert!(man.starts_with(".ie"), "{man}");
    for command in commands() {
        let title = format!(".SH rollcall {command}\n").replace('-', "\\-");
        assert!(man.contains(&title), "{command} is not in the manual page");
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = example_free(&format!("completions {shell}"));
        for command in commands() {
            assert!(
                script.contains(&command),
                "{shell} does not complete {command}"
            );
        }
    }
    assert!(example_free("completions tcsh").ends_with("-- exit 64\n"));
}
