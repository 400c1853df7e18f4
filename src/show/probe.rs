//! What a probe found, as a connector file or as JSON, and what it asks before it writes.
//!
//! Promises that the file loads as it is, that a key equal to the default stands only in a comment,
//! and that every key says how sure it is. Leaves finding out to [`crate::probe`].

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::civil::Date;
use serde_json::{Map, Value as Json, json};

use super::{BOLD, DIM, MINUS, styled};
use crate::core::attribute::AttrName;
use crate::core::profile::{AttributeRule, AuthKind};
use crate::probe::{Certainty, Finding, GROUPS, Kind, Left, Report, USERS};

/// The connector that a probed one begins from, unless the app takes fewer attributes.
const BASE: &str = "scim";

/// A node of the file that is written.
#[derive(Debug)]
enum Node {
    Block(BTreeMap<String, Node>),
    Value(Json, Option<String>),
}

/// What is asked before anything is written.
#[must_use]
pub fn question(host: &str, marker: &str, chunk_users: usize) -> String {
    let users = USERS + chunk_users;
    format!(
        "This makes users and groups at {host}, at most {users} users and {GROUPS} groups at once, named\n\
         {marker}-…, changes them, and removes them again. Nothing else is touched. An app may send\n\
         mail to a new user, or count a seat.\n"
    )
}

/// What could not be removed.
#[must_use]
pub fn left(left: &[Left]) -> String {
    let mut text = String::new();
    for one in left {
        let kind = kind(one.kind);
        let id = match &one.id {
            Some(id) => format!("id {id}"),
            None => "id unknown".to_owned(),
        };
        let _ = writeln!(
            text,
            "{} the {kind} {} ({id}) is still there: {}; remove it by hand",
            styled(MINUS.bold(), "left behind:"),
            one.name,
            one.why
        );
    }
    text
}

/// Every finding with the requests that showed it.
#[must_use]
pub fn told(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let value = written(&finding.value);
        let key = styled(BOLD, finding.key.join("."));
        let _ = writeln!(
            text,
            "{key}: {value} ({}: {})",
            certainty(finding.certainty),
            finding.says
        );
        for by in &finding.shown_by {
            let line = format!("{} {} → {}", by.method, by.path, by.status);
            let _ = writeln!(text, "    {}", styled(DIM, line));
        }
    }
    text
}

/// The connector file.
#[must_use]
pub fn yaml(report: &Report, today: Date) -> String {
    let mut text = format!(
        "# Probed at {} on {today} with {} requests. Save it in the folder that `connectors:` names.\n",
        report.host, report.requests
    );
    write_block(&mut text, &file(report, today), 0);
    let rest = report
        .findings
        .iter()
        .filter(|finding| !is_told(report, finding));
    for finding in rest {
        let key = finding.key.join(".");
        let value = match finding.certainty {
            Certainty::NotProbed => String::new(),
            Certainty::SeenTwice | Certainty::SeenOnce | Certainty::Contradictory => {
                format!(" {}", written(&finding.value))
            }
        };
        let _ = writeln!(
            text,
            "# {key}:{value}  # {}: {}",
            certainty(finding.certainty),
            finding.says
        );
    }
    text
}

/// The same, for programs.
#[must_use]
pub fn to_json(report: &Report, today: Date) -> String {
    let findings: Vec<Json> = report
        .findings
        .iter()
        .map(|finding| {
            let shown_by: Vec<Json> = finding
                .shown_by
                .iter()
                .map(|by| json!({"method": by.method, "path": by.path, "status": by.status}))
                .collect();
            json!({
                "key": finding.key.join("."),
                "value": finding.value,
                "certainty": certainty(finding.certainty).replace(' ', "_"),
                "says": finding.says,
                "shown_by": shown_by,
            })
        })
        .collect();
    let left: Vec<Json> = report
        .left
        .iter()
        .map(|one| json!({"kind": kind(one.kind), "id": one.id, "name": one.name, "why": one.why}))
        .collect();
    let profile = plain(&Node::Block(file(report, today)));
    let whole = json!({
        "host": report.host,
        "requests": report.requests,
        "findings": findings,
        "notes": report.notes,
        "left": left,
        "profile": profile,
    });
    format!("{whole:#}\n")
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user",
        Kind::Group => "group",
    }
}

fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::SeenTwice => "seen twice",
        Certainty::SeenOnce => "seen once",
        Certainty::Contradictory => "contradictory",
        Certainty::NotProbed => "not probed",
    }
}

/// Does a finding stand in the file as a key?
fn is_told(report: &Report, finding: &Finding) -> bool {
    let sure = match finding.certainty {
        Certainty::SeenTwice | Certainty::SeenOnce => true,
        Certainty::Contradictory | Certainty::NotProbed => false,
    };
    let base = serde_json::to_value(&report.profile).expect("a profile is plain data");
    let usual = finding.key.iter().try_fold(&base, |at, key| at.get(key));
    let dropped = match finding.key.as_slice() {
        [first, name, ..] if first == "attributes" => report.refused.contains(&AttrName::new(name)),
        _ => false,
    };
    sure && !dropped && usual != Some(&finding.value) && !finding.value.is_null()
}

fn file(report: &Report, today: Date) -> BTreeMap<String, Node> {
    let mut top = BTreeMap::new();
    for finding in report
        .findings
        .iter()
        .filter(|finding| is_told(report, finding))
    {
        let comment = format!("{}: {}", certainty(finding.certainty), finding.says);
        put(
            &mut top,
            &finding.key,
            Node::Value(finding.value.clone(), Some(comment)),
        );
    }
    for (name, value) in &report.profile.http.headers {
        let place = ["http", "headers", name].map(str::to_owned);
        put(&mut top, &place, Node::Value(value.as_str().into(), None));
    }
    let mut quirks: Vec<String> = Vec::new();
    for (key, node) in &top {
        keys(key, node, &mut quirks);
    }
    if report.refused.is_empty() {
        top.insert("extends".into(), Node::Value(BASE.into(), None));
    } else {
        fewer(report, &mut top);
        quirks.push("attributes".into());
    }
    quirks.sort();
    quirks.dedup();
    if !quirks.is_empty() {
        let known = quirks
            .into_iter()
            .map(|key| (key, Node::Value("probe".into(), None)));
        top.insert("quirks".into(), Node::Block(known.collect()));
    }
    let page = format!("probe of {}", report.host);
    let auth = match report.auth {
        AuthKind::Bearer => "bearer",
        AuthKind::Basic => "basic",
        AuthKind::Header => "header",
        AuthKind::Oauth2 => "oauth2",
    };
    for (key, value) in [
        ("title", json!(report.host)),
        ("evidence", json!(evidence(report))),
        (
            "sources",
            json!({"probe": {"page": page, "checked": today.to_string()}}),
        ),
        ("auth", json!([auth])),
    ] {
        top.insert(key.into(), Node::Value(value, None));
    }
    if !report.notes.is_empty() {
        top.insert("notes".into(), Node::Value(json!(report.notes), None));
    }
    top
}

/// What happens to somebody who leaves has to have been seen; else nothing may be deleted.
fn evidence(report: &Report) -> &'static str {
    let seen = |head: &[&str]| {
        report.findings.iter().any(|finding| {
            finding.certainty <= Certainty::SeenOnce
                && finding.key.len() >= head.len()
                && finding.key.iter().zip(head).all(|(key, head)| key == head)
        })
    };
    if seen(&["users", "delete"]) && seen(&["users", "deactivate"]) {
        "probed"
    } else {
        "inferred"
    }
}

/// The keys under which findings stand; of attributes only that there are some.
fn keys(path: &str, node: &Node, found: &mut Vec<String>) {
    match node {
        Node::Value(..) => found.push(path.to_owned()),
        Node::Block(_) if path == "attributes" => found.push(path.to_owned()),
        Node::Block(block) => {
            for (key, node) in block {
                keys(&format!("{path}.{key}"), node, found);
            }
        }
    }
}

/// All attributes but those that the app refuses or drops, with their rules and mapping.
fn fewer(report: &Report, top: &mut BTreeMap<String, Node>) {
    let base = &report.profile;
    let kept = |name: &&AttrName| !report.refused.contains(*name);
    for name in base.attributes.keys().filter(kept) {
        let place = ["attributes", name.as_str()].map(str::to_owned);
        for (key, value) in own_keys(&base.attributes[name]) {
            let place = [&place[..], &[key]].concat();
            if !holds(top, &place) {
                put(top, &place, Node::Value(value, None));
            }
        }
        if !holds(top, &place) {
            put(top, &place, Node::Value(json!({}), None));
        }
    }
    for (name, expression) in &base.mapping {
        if kept(&name) {
            let place = ["mapping", name.as_str()].map(str::to_owned);
            put(top, &place, Node::Value(expression.as_str().into(), None));
        }
    }
    let matching: Vec<&str> = base
        .users
        .matching
        .iter()
        .filter(kept)
        .map(AttrName::as_str)
        .collect();
    if matching.len() < base.users.matching.len() {
        let place = ["users", "matching"].map(str::to_owned);
        put(top, &place, Node::Value(json!(matching), None));
    }
}

/// What a rule says otherwise than the default.
fn own_keys(rule: &AttributeRule) -> Map<String, Json> {
    let usual = serde_json::to_value(AttributeRule::default()).expect("a rule is plain data");
    match serde_json::to_value(rule).expect("a rule is plain data") {
        Json::Object(mut keys) => {
            keys.retain(|key, value| usual.get(key) != Some(value));
            keys
        }
        other => Map::from_iter([("kind".to_owned(), other)]),
    }
}

fn holds(top: &BTreeMap<String, Node>, place: &[String]) -> bool {
    let Some((first, rest)) = place.split_first() else {
        return true;
    };
    match top.get(first) {
        None => false,
        Some(Node::Value(..)) => true,
        Some(Node::Block(block)) => holds(block, rest),
    }
}

fn put(top: &mut BTreeMap<String, Node>, place: &[String], node: Node) {
    let Some((first, rest)) = place.split_first() else {
        return;
    };
    if rest.is_empty() {
        top.insert(first.clone(), node);
        return;
    }
    let below = top
        .entry(first.clone())
        .or_insert_with(|| Node::Block(BTreeMap::new()));
    if let Node::Value(..) = below {
        *below = Node::Block(BTreeMap::new());
    }
    if let Node::Block(block) = below {
        put(block, rest, node);
    }
}

fn plain(node: &Node) -> Json {
    match node {
        Node::Value(value, _) => value.clone(),
        Node::Block(block) => block
            .iter()
            .map(|(key, node)| (key.clone(), plain(node)))
            .collect(),
    }
}

/// The first keys of a file; the others follow in the order of the alphabet.
const FIRST: [&str; 7] = [
    "title", "extends", "evidence", "sources", "quirks", "notes", "auth",
];

fn write_block(text: &mut String, block: &BTreeMap<String, Node>, depth: usize) {
    let first = FIRST
        .iter()
        .filter_map(|key| block.get_key_value(*key))
        .filter(|_| depth == 0);
    let rest = block
        .iter()
        .filter(|(key, _)| depth > 0 || !FIRST.contains(&key.as_str()));
    for (key, node) in first.chain(rest) {
        let margin = "  ".repeat(depth);
        let key = word(key);
        match node {
            Node::Value(Json::Array(items), None) if key == "notes" => {
                let _ = writeln!(text, "{margin}{key}:");
                for item in items {
                    let _ = writeln!(text, "{margin}  - {}", written(item));
                }
            }
            Node::Value(value, comment) => {
                let comment = comment
                    .as_ref()
                    .map(|text| format!("  # {text}"))
                    .unwrap_or_default();
                let _ = writeln!(text, "{margin}{key}: {}{comment}", written(value));
            }
            Node::Block(block) => {
                let _ = writeln!(text, "{margin}{key}:");
                write_block(text, block, depth + 1);
            }
        }
    }
}

/// A value on one line of YAML.
fn written(value: &Json) -> String {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => value.to_string(),
        Json::String(text) => word(text),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(fields) if fields.is_empty() => "{}".into(),
        Json::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{}: {}", word(key), written(value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

/// A text as a plain word where YAML cannot take it for anything else.
fn word(text: &str) -> String {
    const OTHERWISE: [&str; 8] = ["true", "false", "null", "yes", "no", "on", "off", "y"];
    let mut signs = text.chars();
    let plain = signs.next().is_some_and(char::is_alphabetic)
        && signs.all(|sign| sign.is_ascii_alphanumeric() || "._-".contains(sign))
        && !OTHERWISE.contains(&text.to_lowercase().as_str());
    if plain {
        text.to_owned()
    } else {
        serde_json::to_string(text).expect("a text is always JSON")
    }
}
