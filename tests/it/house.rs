//! The rules of the house that no compiler checks: who may import whom, and what may be in the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The module table of the architecture: what each module may import. `clock`, `draw`, `lookout` and
/// `secret` hold nothing of ours and may be imported by everybody.
pub(super) const TABLE: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("draw", &[]),
    ("lookout", &[]),
    ("secret", &[]),
    ("core", &[]),
    ("http", &["core"]),
    ("source", &["core", "http"]),
    ("connector", &["core", "http"]),
    ("sandbox", &["core", "http"]),
    ("probe", &["core", "http", "connector"]),
    ("store", &["core"]),
    ("engine", &["core", "source", "connector", "store"]),
    ("config", &["core", "http", "source", "connector", "store"]),
    (
        "show",
        &[
            "core",
            "connector",
            "source",
            "probe",
            "store",
            "engine",
            "config",
        ],
    ),
    (
        "installation",
        &[
            "core",
            "http",
            "source",
            "connector",
            "sandbox",
            "store",
            "engine",
            "config",
            "show",
        ],
    ),
    (
        "daemon",
        &[
            "core",
            "http",
            "source",
            "connector",
            "store",
            "engine",
            "config",
            "show",
            "installation",
        ],
    ),
    (
        "cli",
        &[
            "daemon",
            "installation",
            "core",
            "http",
            "source",
            "connector",
            "sandbox",
            "probe",
            "store",
            "engine",
            "config",
            "show",
        ],
    ),
];

const FREE: &[&str] = &["clock", "draw", "lookout", "secret"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Modules that a text names after `crate::`, also inside `use crate::{…}`.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let end = list.find("};").unwrap_or(list.len());
            for part in list[..end].split(',') {
                found.insert(first_word(part.trim()));
            }
        } else {
            found.insert(first_word(rest));
        }
    }
    found
}

fn first_word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The part of a file before its tests: tests may look anywhere.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

#[test]
fn every_module_imports_only_what_the_table_allows() {
    let table: BTreeMap<&str, &[&str]> = TABLE.iter().copied().collect();
    let known: BTreeSet<&str> = table.keys().copied().collect();
    let source = root().join("src");
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let inside = file.strip_prefix(&source).expect("it is below src");
        let module = inside
            .components()
            .next()
            .and_then(|part| Path::new(part.as_os_str()).file_stem())
            .and_then(|stem| stem.to_str())
            .expect("files have names");
        if module == "lib" || module == "main" || is_test_file(inside) {
            continue;
        }
        let allowed = table
            .get(module)
            .unwrap_or_else(|| panic!("{module} is not in the table"));
        let text = fs::read_to_string(&file).expect("it can be read");
        for import in imports(without_tests(&text)) {
            let own = import == module || FREE.contains(&import.as_str());
            if known.contains(import.as_str()) && !own && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{} imports {import}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files that are compiled for tests only.
fn is_test_file(path: &Path) -> bool {
    const NAMES: &[&str] = &[
        "tests",
        "script",
        "conformance",
        "example",
        "directory",
        "fixture",
        "fixtures",
    ];
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .is_some_and(|stem| NAMES.contains(&stem))
}

#[test]
fn the_test_of_imports_can_fail() {
    assert_eq!(
        imports("use crate::core::key;\nuse crate::{engine, show::plan};"),
        BTreeSet::from(["core".to_owned(), "engine".to_owned(), "show".to_owned()])
    );
}

#[test]
fn main_is_thin() {
    let text = fs::read_to_string(root().join("src/main.rs")).expect("main.rs");
    assert!(text.lines().count() < 60);
}

/// One package of the lock file.
struct Package {
    name: String,
    source: Option<String>,
}

fn packages() -> Vec<Package> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    lock.split("[[package]]")
        .skip(1)
        .map(|block| {
            let value = |key: &str| {
                block
                    .lines()
                    .find_map(|line| line.strip_prefix(key)?.trim().strip_prefix("= "))
                    .map(|text| text.trim_matches('"').to_owned())
            };
            Package {
                name: value("name").expect("a package has a name"),
                source: value("source"),
            }
        })
        .collect()
}

/// A package that is built here: name, version and licence.
type Built = (String, String, String);

/// What is built for this platform. The lock file names more: packages that only features which are
/// off would need, and those of other platforms, which nobody may have fetched.
fn tree() -> BTreeSet<Built> {
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--prefix", "none"])
        .args(["--edges", "normal,build,dev", "--format", "{p}|{l}"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&tree.stdout);
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let built: BTreeSet<Built> = text
        .lines()
        .filter_map(|line| line.trim_end_matches(" (*)").split_once('|'))
        .filter_map(|(package, licence)| {
            let mut words = package.split(' ').map(str::to_owned);
            Some((words.next()?, words.next()?, licence.to_owned()))
        })
        .collect();
    assert!(built.len() > 100, "only {} packages", built.len());
    built
}

#[test]
fn the_tree_has_one_tls_and_nothing_dead() {
    const BANNED: &[(&str, &str)] = &[
        ("openssl-sys", "rustls is the one TLS"),
        ("native-tls", "rustls is the one TLS"),
        ("ring", "aws-lc-rs is the one provider of cryptography"),
        ("backoff", "unmaintained; backon is in its place"),
        ("serde_yml", "unsound"),
        (
            "unsafe-libyaml",
            "serde_yaml here is serde-saphyr, which has no unsafe code",
        ),
        ("instant", "unmaintained"),
    ];
    let tree = tree();
    let count = |wanted: &str| tree.iter().filter(|(name, ..)| name == wanted).count();
    for (banned, why) in BANNED {
        assert_eq!(count(banned), 0, "{banned} is in the tree: {why}");
    }
    for one in ["reqwest", "rustls", "hyper", "h2", "rusqlite"] {
        assert_eq!(count(one), 1, "versions of {one} in the tree");
    }
}

#[test]
fn every_package_comes_from_the_registry() {
    for package in packages() {
        if package.name == "rollcall" {
            assert_eq!(package.source, None);
            continue;
        }
        let source = package.source.unwrap_or_default();
        assert!(
            source.starts_with("registry+"),
            "{} comes from {source}",
            package.name
        );
    }
}

#[test]
fn every_licence_is_allowed() {
    const ALLOWED: &[&str] = &[
        "MIT",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "Zlib",
        "Unicode-3.0",
        "Unlicense",
        "CC0-1.0",
        "0BSD",
        "MIT-0",
        "BSL-1.0",
        "CDLA-Permissive-2.0",
        "OpenSSL",
    ];
    for (name, _, licence) in tree() {
        assert!(allows(&licence, ALLOWED), "{name} is licensed {licence:?}");
    }
}

/// `A OR B` needs one of them, `A AND B` both.
fn allows(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression.replace('/', " OR ");
    !expression.is_empty()
        && expression.split(" AND ").all(|part| {
            part.trim_matches(|c| c == '(' || c == ')' || c == ' ')
                .split(" OR ")
                .any(|one| {
                    allowed.contains(&one.trim_matches(|c| c == '(' || c == ')' || c == ' '))
                })
        })
}

#[test]
fn the_licence_rule_can_fail() {
    assert!(allows("MIT OR GPL-3.0", &["MIT"]));
    assert!(allows("(MIT OR Apache-2.0) AND ISC", &["MIT", "ISC"]));
    assert!(!allows("MIT AND GPL-3.0", &["MIT"]));
    assert!(!allows("", &["MIT"]));
}

#[test]
fn no_file_is_a_drawer() {
    const DRAWERS: &[&str] = &[
        "utils", "util", "helpers", "helper", "common", "manager", "misc",
    ];
    for file in rust_files(&root().join("src")) {
        let stem = file
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        assert!(!DRAWERS.contains(&stem), "{}", file.display());
    }
}
