//! From rows to groups: names, members, groups in groups.
//!
//! Promises that a group is read as a whole or the file is refused: a group decides about many
//! users, and one that is short of members takes accounts away from people. Leaves it to the engine
//! what a member means.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::FileConfig;
use super::flaw::{Flaw, place};
use super::known::Known;
use super::rows::Row;
use super::users::EXAMPLES;
use crate::core::key::{GroupKey, SourceName};
use crate::core::members::Members;
use crate::core::text::nearest;
use crate::core::user::Group;
use crate::source::dn;
use crate::source::nested::{self, Children};

/// The field that a group is called by.
pub(super) const NAME: &str = "name";
/// The fields that hold keys of users.
pub(super) const MEMBERS: [&str; 2] = ["members", "member"];
/// The fields that hold keys or names of groups.
pub(super) const NESTED: [&str; 2] = ["groups", "group"];
/// The attributes that hold members in LDIF: two of DNs, one of logins (RFC 4519, RFC 2307).
pub(super) const LDAP_MEMBERS: [&str; 3] = ["member", "uniqueMember", "memberUid"];

/// What came of the rows.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The groups, sorted by key.
    pub(super) groups: Vec<Group>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

/// Makes groups of rows.
///
/// # Errors
/// When any row cannot be used, a key stands twice, or a group is named by a name that two have.
pub(super) fn assemble(
    rows: Vec<Row>,
    path: &Path,
    source: &SourceName,
    config: &FileConfig,
    known: &Known,
) -> Result<Groups, Flaw> {
    let (titles, rows): (Vec<Title>, Vec<Row>) = titles(rows, config)?.into_iter().unzip();
    let index = Index::of(&titles);
    let mut notes = Vec::new();
    let mut direct = Vec::with_capacity(titles.len());
    let mut children = Children::with_capacity(titles.len());
    for (title, row) in titles.iter().zip(rows) {
        let content = content(title, &row, known, &index)?;
        notes.extend(content.note(title, path));
        direct.push(content.members);
        children.push(content.groups);
    }
    let circles = nested::circles(&children);
    notes.extend(circles.iter().map(|circle| circle_note(circle, &titles)));
    let groups = titles.iter().enumerate().map(|(at, title)| Group {
        key: GroupKey {
            source: source.clone(),
            id: Arc::clone(&title.key),
        },
        name: Arc::clone(&title.name),
        members: Members::at(known.keys(), flatten(at, &direct, &children)),
    });
    Ok(Groups {
        groups: groups.collect(),
        notes,
    })
}

/// What a group is known by.
struct Title {
    key: Arc<str>,
    name: Arc<str>,
    /// Only groups of LDIF have one.
    dn: Option<String>,
    line: usize,
}

/// The groups sorted by key, each with its row.
fn titles(rows: Vec<Row>, config: &FileConfig) -> Result<Vec<(Title, Row)>, Flaw> {
    let titles: Result<Vec<_>, Flaw> = rows.into_iter().map(|row| title(row, config)).collect();
    let mut titles = titles?;
    titles.sort_by(|(one, _), (other, _)| one.key.cmp(&other.key));
    let twins = titles.windows(2).find_map(|pair| match pair {
        [(one, _), (other, _)] if one.key == other.key => Some((one, other)),
        _ => None,
    });
    match twins {
        None => Ok(titles),
        Some((one, other)) => {
            let (key, earlier) = (&one.key, one.line);
            let problem = format!(
                "the group's `{}` {key} stands in line {earlier} too",
                config.group_key
            );
            Err(Flaw::at(other.line, problem).hint("give each group a key of its own"))
        }
    }
}

fn title(mut row: Row, config: &FileConfig) -> Result<(Title, Row), Flaw> {
    let hint = "a group that cannot be read stops the reading, so that nobody loses access by it";
    let refuse =
        |problem| Flaw::at(row.line, format!("this group cannot be used: {problem}")).hint(hint);
    if let Some(problem) = row.problem.take() {
        return Err(refuse(problem));
    }
    let name_field = if row.dn.is_some() { "cn" } else { NAME };
    let key = row.key(&config.group_key).map_err(refuse)?;
    let name = row.first(name_field);
    let name = name.ok_or_else(|| refuse(format!("has no `{name_field}`")))?;
    if row.dn.is_none() {
        refuse_misspelled(&row, config)?;
    }
    let title = Title {
        key: Arc::from(key),
        name: Arc::from(name),
        dn: row.dn.take(),
        line: row.line,
    };
    Ok((title, row))
}

/// `memebers:` would be a group without members.
fn refuse_misspelled(row: &Row, config: &FileConfig) -> Result<(), Flaw> {
    let known = [
        &[NAME, "memberOf", &*config.group_key],
        &MEMBERS[..],
        &NESTED[..],
    ]
    .concat();
    for field in &row.fields {
        if known.contains(&&*field.name) {
            continue;
        }
        let meant = nearest(&field.name, MEMBERS.into_iter().chain(NESTED));
        if let Some(meant) = meant {
            let problem = format!("`{}` is not known in a group", field.name);
            let hint = format!("did you mean `{meant}`?");
            return Err(Flaw::at(row.line, problem).hint(hint));
        }
    }
    Ok(())
}

/// The groups by what they are called in each other.
struct Index<'a> {
    keys: HashMap<&'a str, usize>,
    names: HashMap<&'a str, Vec<usize>>,
    dns: HashMap<&'a str, usize>,
}

impl<'a> Index<'a> {
    fn of(titles: &'a [Title]) -> Self {
        let (mut keys, mut dns) = (HashMap::new(), HashMap::new());
        let mut names: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, title) in titles.iter().enumerate() {
            keys.insert(&*title.key, at);
            names.entry(&*title.name).or_default().push(at);
            if let Some(dn) = &title.dn {
                dns.insert(dn.as_str(), at);
            }
        }
        Self { keys, names, dns }
    }

    fn find(&self, called: &str, line: usize) -> Result<Option<usize>, Flaw> {
        if let Some(at) = self.keys.get(called) {
            return Ok(Some(*at));
        }
        match self.names.get(called).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([at]) => Ok(Some(*at)),
            Some([..]) => Err(
                Flaw::at(line, format!("several groups are called “{called}”"))
                    .hint("name the one that is meant by its key"),
            ),
        }
    }

    fn by_dn(&self, name: &str) -> Option<usize> {
        self.dns.get(dn::normal(name)?.as_str()).copied()
    }
}

/// What stands in a group directly.
#[derive(Default)]
struct Content {
    members: Vec<u32>,
    groups: BTreeSet<usize>,
    /// How many members nobody knows.
    strangers: usize,
    /// The first of them.
    examples: Vec<String>,
}

fn content(title: &Title, row: &Row, known: &Known, index: &Index<'_>) -> Result<Content, Flaw> {
    let mut content = Content::default();
    if title.dn.is_some() {
        content.take_ldap(row, known, index);
    } else {
        content.take(row, known, index)?;
    }
    content.members.shrink_to_fit();
    Ok(content)
}

impl Content {
    fn take(&mut self, row: &Row, known: &Known, index: &Index<'_>) -> Result<(), Flaw> {
        for member in MEMBERS.into_iter().flat_map(|field| row.all(field)) {
            self.take_user(known.by_key(member), member);
        }
        for called in NESTED.into_iter().flat_map(|field| row.all(field)) {
            match index.find(called, row.line)? {
                Some(group) => {
                    self.groups.insert(group);
                }
                None => self.take_stranger(called),
            }
        }
        Ok(())
    }

    fn take_ldap(&mut self, row: &Row, known: &Known, index: &Index<'_>) {
        let [member, unique_member, member_uid] = LDAP_MEMBERS;
        for uid in row.all(member_uid) {
            self.take_user(known.by_uid(uid), uid);
        }
        for value in row.all(member).chain(row.all(unique_member)) {
            let name = dn::without_uid(value);
            match index.by_dn(name) {
                Some(group) => {
                    self.groups.insert(group);
                }
                None => self.take_user(known.by_dn(name), value),
            }
        }
    }

    fn take_user(&mut self, user: Option<u32>, called: &str) {
        match user {
            Some(user) => self.members.push(user),
            None => self.take_stranger(called),
        }
    }

    fn take_stranger(&mut self, called: &str) {
        self.strangers += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(called.to_owned());
        }
    }

    fn note(&self, title: &Title, path: &Path) -> Option<String> {
        let count = self.strangers;
        let members = if count == 1 { "member" } else { "members" };
        let more = if count > EXAMPLES { ", …" } else { "" };
        (count > 0).then(|| {
            format!(
                "{}: group {} names {count} {members} nobody knows: {}{more}",
                place(path, Some(title.line)),
                title.name,
                self.examples.join(", ")
            )
        })
    }
}

fn flatten(at: usize, direct: &[Vec<u32>], children: &Children) -> Vec<u32> {
    let groups = nested::reach(children, at).into_iter();
    groups
        .flat_map(|group| direct[group].iter().copied())
        .collect()
}

fn circle_note(circle: &[usize], titles: &[Title]) -> String {
    let names = circle.iter().chain(circle.first());
    let names: Vec<&str> = names.map(|at| &*titles[*at].name).collect();
    format!("groups {} form a cycle", names.join(" → "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::file::{users, yaml};

    const USERS: &str = "users: [{key: a}, {key: b}, {key: c, disabled: maybe}, {key: d}]\n";

    fn read(groups: &str) -> Result<Groups, String> {
        let config = FileConfig::default_for("d.yaml".into());
        let (path, source) = (Path::new("d.yaml"), SourceName::new("hq"));
        let table = yaml::read(&format!("{USERS}{groups}"));
        let table = table.expect("readable");
        let users = users::assemble(table.users, path, &source, &config).expect("usable");
        let groups = assemble(table.groups, path, &source, &config, &users.known);
        groups.map_err(|flaw| {
            let error = flaw.in_file(path);
            format!("{}; {}", error.problem, error.hint.unwrap_or_default())
        })
    }

    fn members(groups: &Groups) -> Vec<String> {
        let shown = |group: &Group| {
            let members = group.members.iter().map(|member| member.id.to_string());
            let members: Vec<String> = members.collect();
            format!("{} {}: {}", group.key.id, group.name, members.join(" "))
        };
        groups.groups.iter().map(shown).collect()
    }

    #[test]
    fn nested_groups_are_flattened_by_key_or_name() {
        let groups = read(
            "groups:\n- {key: g3, name: staff, groups: [g1, ops], members: d}\n\
             - {key: g1, name: eng, members: [a, b]}\n- {key: g2, name: ops, members: [b]}\n",
        )
        .expect("usable");
        assert_eq!(
            members(&groups),
            ["g1 eng: a b", "g2 ops: b", "g3 staff: a b d"]
        );
        assert_eq!(groups.notes, [""; 0]);
    }

    #[test]
    fn a_user_who_is_held_back_stays_a_member() {
        let groups = read("groups: [{key: g1, name: eng, members: [a, c]}]").expect("usable");
        assert_eq!(members(&groups), ["g1 eng: a c"]);
    }

    #[test]
    fn a_cycle_is_noted_once_and_its_groups_have_the_same_members() {
        let groups = read(
            "groups:\n- {key: g1, name: eng, members: [a], groups: [backend]}\n\
             - {key: g2, name: backend, members: [b], groups: [eng]}\n",
        )
        .expect("usable");
        assert_eq!(members(&groups), ["g1 eng: a b", "g2 backend: a b"]);
        assert_eq!(groups.notes, ["groups eng → backend → eng form a cycle"]);
    }

    #[test]
    fn members_nobody_knows_are_counted_for_each_group() {
        let groups = read(
            "groups:\n- {key: g1, name: eng, members: [a, w, x, y], groups: [z]}\n\
             - {key: g2, name: ops, members: [v]}\n",
        )
        .expect("usable");
        assert_eq!(members(&groups), ["g1 eng: a", "g2 ops: "]);
        assert_eq!(
            groups.notes,
            [
                "d.yaml:3: group eng names 4 members nobody knows: w, x, y, …",
                "d.yaml:4: group ops names 1 member nobody knows: v",
            ]
        );
    }

    #[test]
    fn a_group_that_cannot_be_read_refuses_the_file() {
        let why =
            "a group that cannot be read stops the reading, so that nobody loses access by it";
        let refused = |groups: &str| read(groups).expect_err("refused");
        assert_eq!(
            refused("groups:\n- {name: eng}"),
            format!("d.yaml:3: this group cannot be used: has no `key`; {why}")
        );
        assert_eq!(
            refused("groups:\n- {key: g1}"),
            format!("d.yaml:3: this group cannot be used: has no `name`; {why}")
        );
        assert_eq!(
            refused("groups:\n- {key: g1, name: a, members: {b: c}}"),
            format!(
                "d.yaml:3: this group cannot be used: `members` is neither a value nor a list of values; {why}"
            )
        );
        assert_eq!(
            refused("groups:\n- {key: g1, name: a}\n- {key: g1, name: b}"),
            "d.yaml:4: the group's `key` g1 stands in line 3 too; give each group a key of its own"
        );
        assert_eq!(
            refused("groups:\n- {key: g1, name: a, memebers: [a]}"),
            "d.yaml:3: `memebers` is not known in a group; did you mean `members`?"
        );
        assert_eq!(
            refused(
                "groups:\n- {key: g1, name: a}\n- {key: g2, name: a}\n- {key: g3, name: b, groups: [a]}"
            ),
            "d.yaml:5: several groups are called “a”; name the one that is meant by its key"
        );
    }
}
