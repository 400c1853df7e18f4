//! What a person reads when the directory is not as it should be.
//!
//! Promises that a directory which cannot be read whole changes nobody. Leaves the config itself to
//! [`super::bad_config`], and secrets to [`super::secrets`].

use insta::assert_snapshot;

use super::wiki::{PEOPLE, with};

/// What `sync` says of a directory in `file` with this text.
fn told(file: &str, text: &str) -> String {
    let folder = with("people.yaml", file);
    folder.write(file, text);
    let ended = folder.rollcall("sync --config config.yaml --sandbox");
    assert_eq!(ended.code, Some(3), "{}", ended.told());
    ended.told()
}

#[test]
fn the_file_is_not_there() {
    let folder = with("people.yaml", "gone.yaml");
    assert_snapshot!(folder.rollcall("sync --config config.yaml --sandbox").told(), @r#"
    -- stderr
    refused: source hq was not read, so it changes nobody
    error: gone.yaml: cannot be read
      because: No such file or directory (os error 2)
      hint: check that the file is there and that the account rollcall runs as may read it
    -- exit 3
    "#);
    assert_snapshot!(folder.rollcall("check --config config.yaml --offline").told(), @r#"
    ok config  1 source, 1 target
    !! hq
    error: gone.yaml: cannot be read
      because: No such file or directory (os error 2)
      hint: check that the file is there and that the account rollcall runs as may read it
    1 problem
    -- exit 1
    "#);
    assert_snapshot!(folder.rollcall("explain ana --config config.yaml --sandbox").told(), @r#"
    -- stderr
    error: gone.yaml: cannot be read
      because: No such file or directory (os error 2)
      hint: check that the file is there and that the account rollcall runs as may read it
    -- exit 1
    "#);
}

#[test]
fn the_file_is_empty() {
    assert_snapshot!(told("empty.yaml", ""), @r#"
    -- stderr
    refused: source hq was not read, so it changes nobody
    error: empty.yaml: is empty, which is never taken for an empty directory
      hint: write the file under another name and rename it when it is complete
    -- exit 3
    "#);
    assert_snapshot!(told("empty.csv", "key,uid\n"), @r#"
    -- stderr
    refused: source hq was not read, so it changes nobody
    error: empty.csv: holds no users, which is never taken for an empty directory
      hint: write the file under another name and rename it when it is complete
    -- exit 3
    "#);
}

#[test]
fn the_file_was_cut_off() {
    assert_snapshot!(told("cut.json", r#"{"users": [{"key": "p-1", "uid": "ana"}, {"key": "p-2", "#), @r#"
    -- stderr
    refused: source hq was not read, so it changes nobody
    error: cut.json:1: the file ends too early
      hint: write the file under another name and rename it when it is complete
    -- exit 3
    "#);
    let half = &PEOPLE[..PEOPLE.find("bob@").expect("bob has mail")];
    assert_snapshot!(told("cut.yaml", half), @r#"
    -- stderr
    refused: source hq was not read, so it changes nobody
    error: cut.yaml:3: is no YAML
      because: unclosed bracket '{' at char 83 line 3 column 3
      hint: set it right; if the file was cut off, write the file under another name and rename it when it is complete
    -- exit 3
    "#);
    assert_snapshot!(told("cut.csv", "key,uid,sn\np-1,ana,Lima\np-2,bob,\"Sto"), @r#"
    -- stderr
    refused: source hq was not read, so it changes nobody
    error: cut.csv:3: the quotes opened here are never closed
      hint: close them; if the file was cut off, write the file under another name and rename it when it is complete
    -- exit 3
    "#);
}

#[test]
fn the_file_is_no_utf8() {
    let told = |bytes: &[u8]| {
        let folder = with("people.yaml", "people.csv");
        std::fs::write(folder.path("people.csv"), bytes).expect("room on the disk");
        let ended = folder.rollcall("sync --config config.yaml --sandbox");
        assert_eq!(ended.code, Some(3), "{}", ended.told());
        ended.told()
    };
    // Wherever it stands, and whatever is wrong with the rows before it.
    let rows = "p-1,\"Lima\" x\n".repeat(10_000);
    let late = [b"key,sn\n", rows.as_bytes(), b"p-2,M\xfcller\n"].concat();
    assert_snapshot!(told(&late), @r#"
    -- stderr
    refused: source hq was not read, so it changes nobody
    error: people.csv:10002: is not UTF-8
      hint: save the file as UTF-8
    -- exit 3
    "#);
    assert_snapshot!(told(b"\xff\xfek\0e\0y\0\n\0"), @r#"
    -- stderr
    refused: source hq was not read, so it changes nobody
    error: people.csv: is UTF-16, not UTF-8
      hint: save the file as UTF-8
    -- exit 3
    "#);
}

#[test]
fn the_file_is_something_else() {
    assert_snapshot!(told("page.json", "<html>Sign in</html>\n"), @r#"
    -- stderr
    refused: source hq was not read, so it changes nobody
    error: page.json:1: is no JSON
      because: expected value at line 1 column 1
      hint: set it right; if the file was cut off, write the file under another name and rename it when it is complete
    -- exit 3
    "#);
    assert_snapshot!(told("list.json", r#"{"people": []}"#), @r#"
    -- stderr
    refused: source hq was not read, so it changes nobody
    error: list.json:1: is not of the shape of a directory
      because: unknown field `people`, expected `users` or `groups` at line 1 column 9
      hint: write {"users": [{…}], "groups": [{…}]}
    -- exit 3
    "#);
}

#[test]
fn a_refused_source_says_so_in_json_too() {
    let folder = with("people.yaml", "gone.yaml");
    let ended = folder.rollcall("sync --config config.yaml --sandbox --format json");
    assert_eq!(ended.code, Some(3));
    let answer = ended.json();
    assert_eq!(answer["targets"], serde_json::json!([]));
    assert_eq!(answer["refused"][0]["source"], "hq");
    assert_eq!(answer["refused"][0]["problem"], "gone.yaml: cannot be read");
}

/// Rows that are wrong on their own: the others go on, and nobody counts as missing.
#[test]
fn broken_rows_are_held_back() {
    let folder = with("{ groups: [staff] }", "everyone");
    let config = std::fs::read_to_string(folder.path("config.yaml")).expect("it is there");
    let config = config.replace("people.yaml", "people.csv");
    folder.write("config.yaml", &config);
    folder.write(
        "people.csv",
        "\
key,uid,mail,givenName,sn
p-1,ana,ana@example.com,Ana,Lima
p-2,bob,bob@example.com,Bob
p-3,cy,cy@example.com,Cy,Row
p-3,cyrus,cyrus@example.com,Cyrus,Row
,dan,dan@example.com,Dan,Roe
",
    );
    assert_snapshot!(folder.rollcall("sync --config config.yaml --sandbox").told(), @r#"
    hq  1 user, 0 groups
      ! people.csv:3: has 4 columns where the header has 5 (held back)
      ! people.csv:4: `key` p-3 stands in lines 4 and 5; a key belongs to one user only (held back)
      ! people.csv:5: `key` p-3 stands in lines 4 and 5; a key belongs to one user only (held back)
      ! people.csv:6: has no `key` (held back)
      · people.csv:6: 1 row does not say whose it is; until that is set right, nobody counts as missing

    wiki  plan ID, compared with the app

      joiners
        + create         ana  everyone is assigned
            displayName Ana Lima · emails ana@example.com · externalId p-1 · name.familyName Lima
            name.givenName Ana · userName ana

      to do: 1 create
      this run may send up to 1 mail: the vendor does not say

    wiki  1 done, 0 not; requests: 2 read, 1 write, 0 token

    wiki  second plan: empty
    -- exit 4
    "#);
    let looked = folder.rollcall("sync --config config.yaml --sandbox --dry-run --format json");
    assert_eq!(looked.code, Some(4), "{}", looked.told());
    assert_eq!(
        looked.json()["broken"][0],
        serde_json::json!({
            "source": "hq",
            "place": "people.csv:3",
            "problem": "has 4 columns where the header has 5"
        })
    );
    assert_snapshot!(folder.rollcall("check --config config.yaml --offline").told(), @r#"
    ok config  1 source, 1 target
    !! hq
    error: people.csv:3: has 4 columns where the header has 5
    !! hq
    error: people.csv:4: `key` p-3 stands in lines 4 and 5; a key belongs to one user only
    !! hq
    error: people.csv:5: `key` p-3 stands in lines 4 and 5; a key belongs to one user only
    !! hq
    error: people.csv:6: has no `key`
    4 problems
    -- exit 1
    "#);
}
