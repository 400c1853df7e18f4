//! What the documentation says is so: its commands run, its tables are whole, its links lead
//! somewhere.
//!
//! Promises that a key, a function, a command or an exit code which comes or goes fails here until
//! the documentation follows. Leaves good sentences to people.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use regex::Regex;
use rollcall::cli::Exit;
use rollcall::config::profile;
use rollcall::config::schema::{connector_schema, json_schema};
use rollcall::core::expression::FUNCTIONS;
use serde_json::Value as Json;

use super::excerpt::stranger;
use super::house;
use super::markdown::{anchors, block, code, file, links, rows, section};
use super::schema::{is_leaf, keys};

/// Runs the program in `folder`: exit code and standard output.
fn rollcall(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("ROLLCALL_CONFIG")
        .output()
        .expect("the program runs");
    let text = String::from_utf8(done.stdout).expect("it writes UTF-8");
    (done.status.code(), text)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_two_commands_stand_in_the_readme() {
    let readme = file("README.md");
    let commands = block(&readme, "## Try it");
    assert_eq!(
        commands,
        "cargo run --release -- sync --config config.example.yaml --sandbox\n./tests/run\n"
    );
    assert!(root().join("tests/run").is_file());
}

#[test]
fn every_real_server_has_its_row_and_is_started() {
    let guide = file("CONTRIBUTING.md");
    let told: BTreeMap<String, String> = rows(section(&guide, "## Real servers"))
        .into_iter()
        .map(|row| (code(&row[3]).to_owned(), row[0].clone()))
        .collect();
    let stories: BTreeSet<String> = std::fs::read_dir(root().join("tests/it"))
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| entry.file_name().to_str().map(ToOwned::to_owned))
        .filter(|name| name.starts_with("peer_"))
        .map(|name| format!("tests/it/{name}"))
        .collect();
    assert_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), stories);
    let run = file("tests/run");
    for (story, server) in told {
        let module = Path::new(&story).file_stem().and_then(|stem| stem.to_str());
        let module = module.expect("a file of Rust");
        assert!(run.contains(module), "tests/run does not run {module}");
        assert!(
            run.contains(&format!("\"{server}: ")),
            "{server} cannot be skipped by name"
        );
    }
}

#[test]
fn the_plan_in_the_readme_is_a_real_one() {
    let readme = file("README.md");
    let excerpt = block(&readme, "From what the first one prints");
    let (code, real) = rollcall(
        root(),
        &["sync", "--config", "config.example.yaml", "--sandbox"],
    );
    assert!(matches!(code, Some(0 | 4)), "{code:?}\n{real}");
    assert_eq!(stranger(excerpt, &real), None, "{real}");
}

#[test]
fn the_first_target_goes_as_the_readme_tells() {
    let readme = file("README.md");
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["people.csv", "groups.csv", "rollcall.yaml"] {
        let text = block(&readme, &format!("`{name}`:"));
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let with = |arguments: &[&str]| {
        rollcall(
            folder.path(),
            &[arguments, &["--config", "rollcall.yaml"]].concat(),
        )
    };
    let (code, text) = with(&["check", "--offline"]);
    assert_eq!(code, Some(0), "{text}");
    let (code, real) = with(&["sync", "--dry-run", "--sandbox"]);
    let excerpt = block(&readme, "Before you have a token");
    assert_eq!(stranger(excerpt, &real), None, "{real}");
    assert_eq!(code, Some(2));
}

#[test]
fn the_exit_codes_in_the_readme_are_all_there_are() {
    let told: Vec<String> = rows(section(&file("README.md"), "## Exit codes"))
        .iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(told, Exit::ALL.map(|exit| exit.code().to_string()));
}

#[test]
fn the_commands_in_the_readme_are_those_of_the_help() {
    let (_, help) = rollcall(root(), &["--help"]);
    let list = help
        .split("Commands:\n")
        .nth(1)
        .expect("a list of commands");
    let real: Vec<String> = list
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(|name| format!("rollcall {name}"))
        .collect();
    let readme = file("README.md");
    let told: Vec<String> = rows(section(&readme, "## Commands"))
        .iter()
        .map(|row| code(&row[0]).to_owned())
        .collect();
    assert_eq!(told, real);
}

#[test]
fn every_key_of_the_config_is_told() {
    let known = keys(&json_schema());
    let readme = file("README.md");
    let text = section(&readme, "## Config");
    let told: BTreeMap<String, Vec<String>> = rows(text)
        .into_iter()
        .map(|row| (code(&row[0]).to_owned(), row))
        .collect();
    let of_a_row = Regex::new(r"^(\w+|(sources|targets)\.\*\.\w+)$").expect("it is a pattern");
    let rows: BTreeSet<&String> = known
        .keys()
        .filter(|path| of_a_row.is_match(path))
        .collect();
    assert_eq!(told.keys().collect::<BTreeSet<_>>(), rows);
    for (path, row) in &told {
        assert_eq!(row[1] == "needed", known[path].needed, "{path}");
    }
    let everything = format!("{text}\n{}", file("config.example.yaml"));
    for path in known.keys().filter(|path| !path.contains(".override.")) {
        let name = path.rsplit('.').next().unwrap_or_default();
        let word = Regex::new(&format!(r"\b{name}\b")).expect("it is a pattern");
        assert!(word.is_match(&everything), "{path} is told nowhere");
    }
}

/// A default as the reference writes it.
fn written(value: &Json) -> String {
    match value {
        Json::String(text) if !text.is_empty() => text.clone(),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(map) if !map.is_empty() => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{key}: {}", written(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        _ => value.to_string(),
    }
}

#[test]
fn every_key_of_a_connector_is_told_with_its_default_and_its_words() {
    let known = keys(&connector_schema());
    let reference = file("connectors/README.md");
    let mut told = BTreeSet::new();
    for row in rows(section(&reference, "## Keys")) {
        let path = code(&row[0]);
        let key = known
            .get(path)
            .unwrap_or_else(|| panic!("there is no key `{path}`"));
        let default = match (&key.default, key.needed) {
            (_, true) => "needed".to_owned(),
            (Some(value), false) => format!("`{}`", written(value)),
            (None, false) => String::new(),
        };
        assert_eq!(row[1], default, "the default of {path}");
        for word in &key.words {
            assert!(
                row[2].contains(&format!("`{word}`")),
                "{path} takes `{word}`"
            );
        }
        assert!(told.insert(path.to_owned()), "{path} stands twice");
    }
    let missing: Vec<&String> = known
        .keys()
        .filter(|path| is_leaf(&known, path) && !told.contains(*path))
        .collect();
    assert!(missing.is_empty(), "not told: {missing:?}");
}

#[test]
fn every_function_of_expressions_is_told() {
    let reference = file("connectors/README.md");
    let table = section(&reference, "## Expressions")
        .split("| function | gives |")
        .nth(1)
        .expect("a table of functions");
    let told: Vec<(String, String)> = rows(table)
        .into_iter()
        .map(|row| (code(&row[0]).to_owned(), row[1].clone()))
        .collect();
    let real: Vec<(String, String)> = FUNCTIONS
        .iter()
        .map(|function| (function.usage.to_owned(), function.about.to_owned()))
        .collect();
    assert_eq!(told, real);
}

#[test]
fn the_five_lines_of_a_connector_load() {
    let folder = tempfile::tempdir().expect("a folder");
    for (page, label) in [
        ("CONTRIBUTING.md", "An app that speaks SCIM needs no Rust"),
        ("connectors/README.md", "Every key has a default"),
    ] {
        let page = file(page);
        let text = block(&page, label);
        assert_eq!(text.lines().count(), 5);
        std::fs::write(folder.path().join("acme.yaml"), text).expect("written");
        let acme = profile::load("acme", Some(folder.path()), None);
        assert_eq!(acme.expect("it loads").profile.title, "Acme");
    }
}

#[test]
fn the_modules_are_told_as_the_house_has_them() {
    let page = file("CONTRIBUTING.md");
    let told: BTreeMap<String, BTreeSet<String>> = rows(section(&page, "## Who may import whom"))
        .iter()
        .map(|row| {
            let may = row[2].split('`').skip(1).step_by(2);
            (code(&row[0]).to_owned(), may.map(str::to_owned).collect())
        })
        .collect();
    let real: BTreeMap<String, BTreeSet<String>> = house::TABLE
        .iter()
        .map(|(module, may)| {
            let may = may.iter().map(|name| (*name).to_owned());
            let all = *module == "cli";
            ((*module).to_owned(), may.filter(|_| !all).collect())
        })
        .collect();
    assert_eq!(told, real);
}

#[test]
fn the_ldap_source_of_the_readme_loads() {
    let readme = file("README.md");
    let source = block(&readme, "### LDAP");
    let target = "targets: { t: { connector: scim, base_url: https://t.example/scim, assign: everyone, \
                  auth: { bearer: { env: T } } } }\n";
    let all = source
        .replace("# disabled", "disabled")
        .replace("# filter", "filter");
    for text in [source, &all] {
        let loaded = rollcall::config::check(Path::new("c.yaml"), &format!("{text}{target}"));
        loaded.unwrap_or_else(|problems| panic!("{problems}"));
    }
}

#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for page in [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "connectors/README.md",
        "examples/README.md",
    ] {
        let text = file(page);
        let folder = Path::new(page).parent().expect("it is a file");
        for (name, anchor) in links(&text) {
            let path = folder.join(if name.is_empty() { page } else { name });
            assert!(root().join(&path).exists(), "{page} links to {name}");
            let there = anchor.is_empty()
                || anchors(&file(&path.to_string_lossy())).contains(&anchor.to_owned());
            assert!(there, "{page} links to {name}#{anchor}");
            seen += 1;
        }
    }
    assert!(seen > 5, "only {seen} links were found");
}

/// Every metric that is exported.
fn metrics() -> BTreeSet<String> {
    rollcall::daemon::metrics::Metrics::new()
        .families()
        .into_iter()
        .collect()
}

#[test]
fn every_metric_is_told_and_no_other() {
    let readme = file("README.md");
    let told: BTreeSet<String> = rows(section(&readme, "### Monitoring"))
        .iter()
        .map(|row| code(&row[0]).to_owned())
        .filter(|name| name.starts_with("rollcall_"))
        .collect();
    assert_eq!(told, metrics());
}

#[test]
fn alert_rules_and_the_board_name_metrics_that_there_are() {
    let name = Regex::new(r"\brollcall_[a-z_]+\b").expect("it is a pattern");
    let known = metrics();
    for page in [
        "packaging/prometheus/rollcall.rules.yaml",
        "packaging/grafana/rollcall.json",
    ] {
        let text = file(page);
        let named: BTreeSet<&str> = name
            .find_iter(&text)
            .map(|found| found.as_str().trim_end_matches("_bucket"))
            .collect();
        assert!(named.len() > 8, "{page} names only {named:?}");
        for metric in named {
            assert!(known.contains(metric), "{page} names {metric}");
        }
    }
    let board: Json = serde_json::from_str(&file("packaging/grafana/rollcall.json")).expect("JSON");
    assert_eq!(board["title"], "rollcall");
}

#[test]
fn the_notifications_of_the_readme_load() {
    let readme = file("README.md");
    let notify = block(&readme, "### Notifications");
    let rest = "sources: { hq: { file: { users: people.yaml } } }\ntargets: { t: { connector: scim, \
                base_url: https://t.example/scim, assign: everyone, auth: { bearer: { env: T } } } }\n";
    let loaded = rollcall::config::check(Path::new("c.yaml"), &format!("{notify}{rest}"));
    let config = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(config.notify.len(), 2);
}

#[test]
fn the_service_of_the_readme_is_the_one_that_is_shipped() {
    let readme = file("README.md");
    let text = section(&readme, "## Install as a service");
    for unit in [
        "rollcall.service",
        "rollcall-sync-quick.timer",
        "rollcall-sync.timer",
    ] {
        assert!(text.contains(unit), "{unit} is not told");
        assert!(root().join("systemd").join(unit).is_file(), "{unit}");
    }
    let service = file("systemd/rollcall.service");
    let group = file("packaging/debian/rollcall.sysusers");
    for (of_the_text, of_the_unit) in [
        (
            "/etc/rollcall/config.yaml",
            "ExecStart=/usr/bin/rollcall run\n",
        ),
        (
            "/usr/bin/",
            "ExecStartPre=/usr/bin/rollcall check --offline\n",
        ),
        ("rollcall-admin", "Group=rollcall-admin\n"),
        ("/var/lib/rollcall", "StateDirectory=rollcall\n"),
        (
            "LoadCredentialEncrypted=trotto-token:/etc/rollcall/credentials/trotto-token",
            "#   LoadCredentialEncrypted=trotto-token:/etc/rollcall/credentials/trotto-token\n",
        ),
    ] {
        assert!(text.contains(of_the_text), "{of_the_text}");
        assert!(service.contains(of_the_unit), "{of_the_unit}");
    }
    assert!(group.contains("g rollcall-admin "), "{group}");
}

#[test]
fn every_bench_is_told_and_no_other() {
    let guide = file("CONTRIBUTING.md");
    let told: BTreeSet<&str> = section(&guide, "## How fast")
        .lines()
        .filter_map(|line| line.strip_prefix("cargo bench --bench "))
        .filter_map(|rest| rest.split(' ').next())
        .collect();
    let cargo = file("Cargo.toml");
    let real: BTreeSet<&str> = cargo
        .split("[[bench]]\nname = \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(told, real);
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = file("Cargo.toml");
    let mut seen = 0;
    for section in manifest
        .split("\n[")
        .filter(|part| part.contains("dependencies]\n"))
    {
        for line in section.lines().skip(1).filter(|line| line.contains(" = ")) {
            let reason = line.split("  # ").nth(1).unwrap_or_default();
            assert!(reason.len() > 8, "why is this here? {line}");
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} dependencies were found");
}
