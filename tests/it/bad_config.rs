//! What a person reads when the config is wrong: each time what, where, and what to do.
//!
//! Promises that nothing is done as long as anything in it is wrong. Leaves secrets
//! to [`super::secrets`], and the directory to [`super::bad_input`].

use insta::assert_snapshot;

use super::program::Folder;
use super::wiki::{PEOPLE, with};

/// What `sync` says to a config that is wrong; it must have left nothing behind.
fn told(old: &str, new: &str) -> String {
    let folder = with(old, new);
    let ended = folder.rollcall("sync --config config.yaml");
    assert!(!folder.path("state").exists(), "a state was made");
    assert_eq!(ended.out, "", "a wrong config is told on standard error");
    ended.told()
}

#[test]
fn a_typo_in_the_yaml() {
    assert_snapshot!(told("targets:\n", "targets\n"), @r#"
    -- stderr
    error: this is no YAML: simple key expected ':'
     --> config.yaml:5:1
      |
    5 | targets
      | ^
      |
      = help: write `key: value`, with a space after the colon

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
}

#[test]
fn a_block_that_is_not_closed() {
    assert_snapshot!(told("{ file: token } }", "{ file: token }"), @r#"
    -- stderr
    error: this is no YAML: while parsing a flow mapping, did not find expected ',' or '}'
      --> config.yaml:10:5
       |
    10 |     assign: { groups: [staff] }
       |     ^

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
}

#[test]
fn a_value_of_the_wrong_type() {
    assert_snapshot!(told("{ groups: [staff] }", "[staff]"), @r#"
    -- stderr
    error: targets.wiki.assign: expected `everyone` or a block, found a list
      --> config.yaml:10:5
       |
    10 |     assign: [staff]
       |     ^^^^^^

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
    assert_snapshot!(told("[staff] }", "[staff] }\n    guard: { leavers: few }"), @r#"
    -- stderr
    error: targets.wiki.guard.leavers: `few` is no share
      --> config.yaml:11:23
       |
    11 |     guard: { leavers: few }
       |                       ^^^
       |
       = help: write it like 5%, from 0% to 100%

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
}

#[test]
fn whom_a_broken_expression_is_to_protect() {
    let protected = |when: &str| {
        let key = format!("[staff] }}\n    protected: [root, {{ when: '{when}' }}]");
        told("[staff] }", &key)
    };
    assert_snapshot!(protected("user.employeeType =="), @r#"
    -- stderr
    error: targets.wiki.protected[1].when: the expression ends too early
      --> config.yaml:11:52
       |
    11 |     protected: [root, { when: 'user.employeeType ==' }]
       |                                                    ^

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
    assert_snapshot!(protected("user.uid"), @r#"
    -- stderr
    error: targets.wiki.protected[1].when: a condition must be true or false, and this is a text
      --> config.yaml:11:32
       |
    11 |     protected: [root, { when: 'user.uid' }]
       |                                ^^^^^^^^
       |
       = help: compare it, as `user.title == "Chief"`

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
    assert_snapshot!(protected("usr.uid == \"root\""), @r#"
    -- stderr
    error: targets.wiki.protected[1].when: `usr` is not known here
      --> config.yaml:11:32
       |
    11 |     protected: [root, { when: 'usr.uid == "root"' }]
       |                                ^^^
       |
       = help: did you mean `user`?

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
}

#[test]
fn an_unknown_key() {
    assert_snapshot!(told("base_url", "base_ulr"), @r#"
    -- stderr
    error: targets.wiki.base_ulr: unknown key `base_ulr`
     --> config.yaml:8:5
      |
    8 |     base_ulr: http://127.0.0.1:PORT/scim/v2
      |     ^^^^^^^^
      |
      = help: did you mean `base_url`?

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
}

#[test]
fn a_key_that_stands_twice() {
    assert_snapshot!(told("[staff] }", "[staff] }\n    assign: everyone"), @r#"
    -- stderr
    error: targets.wiki.assign: the key `assign` stands here twice
      --> config.yaml:11:5
       |
    11 |     assign: everyone
       |     ^^^^^^
       |
       = help: the first is on line 10; keep one of them

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
}

#[test]
fn an_unknown_connector() {
    assert_snapshot!(told("connector: scim", "connector: scimm"), @r#"
    -- stderr
    error: targets.wiki.connector: unknown connector `scimm`
     --> config.yaml:7:16
      |
    7 |     connector: scimm
      |                ^^^^^
      |
      = help: did you mean `scim`?

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
    assert_snapshot!(told("connector: scim", "connector: payroll"), @r#"
    -- stderr
    error: targets.wiki.connector: unknown connector `payroll`
     --> config.yaml:7:16
      |
    7 |     connector: payroll
      |                ^^^^^^^
      |
      = help: `rollcall connectors` lists all 42; `scim` is any plain SCIM 2.0 app

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
}

#[test]
fn an_expression_that_is_wrong() {
    let mapped = |expression: &str| {
        let mapping = format!("[staff] }}\n    mapping: {{ displayName: '{expression}' }}");
        told("[staff] }", &mapping)
    };
    assert_snapshot!(mapped("user.givenName + "), @r#"
    -- stderr
    error: targets.wiki.mapping.displayName: the expression ends too early
      --> config.yaml:11:46
       |
    11 |     mapping: { displayName: 'user.givenName + ' }
       |                                              ^

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
    assert_snapshot!(mapped("user.givenNam + user.sn"), @r#"
    -- stderr
    error: targets.wiki.mapping.displayName: users have no attribute `givenNam`
      --> config.yaml:11:35
       |
    11 |     mapping: { displayName: 'user.givenNam + user.sn' }
       |                                   ^^^^^^^^
       |
       = help: did you mean `givenName`?

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
    assert_snapshot!(mapped("user.givenName + 1"), @r#"
    -- stderr
    error: targets.wiki.mapping.displayName: `+` does not work on a text and a number
      --> config.yaml:11:45
       |
    11 |     mapping: { displayName: 'user.givenName + 1' }
       |                                             ^
       |
       = help: make a text of it with `string(…)`

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
    assert_snapshot!(told("[staff] }", "[staff], when: user.sn }"), @r#"
    -- stderr
    error: targets.wiki.assign.when: a condition must be true or false, and this is a text
      --> config.yaml:10:38
       |
    10 |     assign: { groups: [staff], when: user.sn }
       |                                      ^^^^^^^
       |
       = help: compare it, as `user.title == "Chief"`

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
}

#[test]
fn several_problems_are_told_at_once_in_the_order_of_the_file() {
    let folder = Folder::new();
    folder.write("people.yaml", PEOPLE);
    folder.write(
        "config.yaml",
        "\
sources:
  hq:
    file: { users: people.yaml, labl: uid }
targets:
  wiki:
    connector: scimm
    base_url: http://wiki.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: { groups: [staff], when: user.staff }
  chat:
    connector: trotto
    base_url: https://chat.example.com/scim/v2
    assign: everyone
    groups: { push: [staff] }
",
    );
    let ended = folder.rollcall("check --config config.yaml");
    assert_snapshot!(ended.told(), @r#"
    -- stderr
    error: sources.hq.file.labl: unknown key `labl`
     --> config.yaml:3:33
      |
    3 |     file: { users: people.yaml, labl: uid }
      |                                 ^^^^
      |
      = help: did you mean `label`?

    error: targets.wiki.connector: unknown connector `scimm`
     --> config.yaml:6:16
      |
    6 |     connector: scimm
      |                ^^^^^
      |
      = help: did you mean `scim`?

    error: targets.wiki.base_url: over http the token could be read on the way
     --> config.yaml:7:15
      |
    7 |     base_url: http://wiki.example.com/scim/v2
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write https://; http is for loopback and sandbox addresses

    error: targets.wiki.assign.when: users have no attribute `staff`
     --> config.yaml:9:43
      |
    9 |     assign: { groups: [staff], when: user.staff }
      |                                           ^^^^^
      |
      = help: known are `givenName`, `key`, `mail`, `sn`, `uid`

    error: targets.chat: `auth` is missing
      --> config.yaml:10:3
       |
    10 |   chat:
       |   ^^^^
       |
       = help: write auth: { bearer: { file: PATH } } or auth: { oauth2: { … } }

    error: targets.chat.groups.push: the connector `trotto` has no groups
      --> config.yaml:14:15
       |
    14 |     groups: { push: [staff] }
       |               ^^^^
       |
       = help: take `groups` out

    error: the config has 6 problems; nothing was done
    -- exit 1
    "#);
}

#[test]
fn no_config_at_all() {
    let folder = Folder::new();
    assert_snapshot!(folder.rollcall("sync --config config.yaml").told(), @r#"
    -- stderr
    error: config.yaml: the file cannot be read: No such file or directory (os error 2)
     |
     = help: name the config with --config FILE or in $ROLLCALL_CONFIG

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
    folder.write("config.yaml", "");
    assert_snapshot!(folder.rollcall("sync --config config.yaml").told(), @r#"
    -- stderr
    error: sources: no sources: nobody says who is there
     --> config.yaml:1:1
      |
    1 |
      | ^
      |
      = help: write sources: { hq: { file: { users: directory.yaml } } }

    error: targets: no targets: there is nothing to keep in line
     --> config.yaml:1:1
      |
    1 |
      | ^
      |
      = help: write targets: { NAME: { connector: …, base_url: …, auth: …, assign: … } }

    error: the config has 2 problems; nothing was done
    -- exit 1
    "#);
}

#[test]
fn a_command_line_that_makes_no_sense() {
    let folder = Folder::new();
    for (arguments, word) in [
        ("sync --dryrun", "a similar argument exists: '--dry-run'"),
        ("sink", "unrecognized subcommand 'sink'"),
        ("sync --format yaml", "[possible values: text, json]"),
        ("approve H-1", "--because <TEXT>"),
        ("explain", "<USER>"),
    ] {
        let ended = folder.rollcall(arguments);
        assert_eq!(ended.code, Some(64), "{}", ended.told());
        assert_eq!(ended.out, "");
        assert!(ended.err.contains(word), "{}", ended.told());
    }
    assert_snapshot!(folder.rollcall("sync --dryrun").told(), @r#"
    -- stderr
    error: unexpected argument '--dryrun' found

      tip: a similar argument exists: '--dry-run'

    Usage: rollcall sync --dry-run

    For more information, try '--help'.
    -- exit 64
    "#);
}
