//! What a person reads when a secret is not where it should be, or where it should not be.
//!
//! Promises that no secret is ever repeated, and that one which others may read is not used. Leaves
//! apps that refuse a secret to [`super::refusing_apps`].

use insta::assert_snapshot;

use super::program::Folder;
use super::wiki::with;

/// What `sync` says with `auth` in place of the right one.
fn told(auth: &str) -> String {
    let folder = with("{ bearer: { file: token } }", auth);
    folder.rollcall("sync --config config.yaml").told()
}

#[test]
fn a_secret_in_the_clear_is_never_repeated() {
    for clear in [
        "{ bearer: hunter2-hunter2 }",
        "{ bearer: { token: hunter2-hunter2 } }",
        "{ oauth2: { token_url: http://127.0.0.1:9/token, client_id: { env: ID }, client_secret: \
         hunter2-hunter2 } }",
        // Cut off: there is no tree to find the secret in.
        "{ bearer: hunter2-hunter2",
        "{ token: hunter2-hunter2 }",
        "{ bearer: [{ file: token }, hunter2-hunter2] }",
        "{ basic: { username: { env: ME }, password: hunter2-hunter2 } }",
        "{ header: { name: X-Api-Key, value: hunter2-hunter2 } }",
        "{ oauth2: { grant: password, token_url: http://127.0.0.1:9/token, client_id: { env: ID }, \
         username: { env: ME }, password: hunter2-hunter2 } }",
        "hunter2-hunter2",
        "'hunter2-hunter2'",
    ] {
        for command in ["sync", "sync --format json", "check", "status"] {
            let folder = with("{ bearer: { file: token } }", clear);
            let ended = folder.rollcall(&format!("{command} --config config.yaml"));
            assert_eq!(ended.code, Some(1), "{}", ended.told());
            let said = ended.out + &ended.err;
            assert!(!said.contains("hunter2"), "{command}, {clear}:\n{said}");
        }
    }
    assert_snapshot!(told("{ bearer: hunter2 }"), @r#"
    -- stderr
    error: targets.wiki.auth.bearer: a secret stands here in the clear
     --> config.yaml:9:21
      |
    9 |     auth: { bearer: «secret» }
      |                     ^^^^^^^^
      |
      = help: keep it elsewhere and write where: { file: PATH }, a file that only its owner may read, { credential: NAME } under systemd, or { env: NAME }; and have it replaced, since it was in this file

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
    assert_snapshot!(told("hunter2"), @r#"
    -- stderr
    error: targets.wiki.auth: expected a block, found a text
     --> config.yaml:9:11
      |
    9 |     auth: «secret»
      |           ^^^^^^^^
      |
      = help: the keys here are: bearer, basic, header, oauth2, expires

    error: the config has 1 problem; nothing was done
    -- exit 1
    "#);
}

fn secret(prepare: impl FnOnce(&Folder)) -> (String, String) {
    let folder = with("people.yaml", "people.yaml");
    prepare(&folder);
    let told = |command: &str| {
        let ended = folder.rollcall(&format!("{command} --config config.yaml"));
        assert_eq!(ended.code, Some(1), "{}", ended.told());
        assert!(!ended.told().contains("t0ken"), "{}", ended.told());
        ended.told()
    };
    (told("check"), told("sync"))
}

#[test]
fn the_secret_is_not_there() {
    let (check, sync) = secret(|folder| {
        std::fs::remove_file(folder.path("token")).expect("it was there");
    });
    assert_snapshot!(check, @r#"
    ok config  1 source, 1 target
    !! wiki
    error: the secret file token cannot be read
      because: No such file or directory (os error 2)
      hint: put the secret into that file, and let only its owner read it (chmod 600)
    ok hq  2 users, 1 group
    1 problem
    -- exit 1
    "#);
    assert_snapshot!(sync, @r#"
    hq  2 users, 1 group

    wiki  not planned: nothing was changed in this app
    error: the target cannot be used: the secret file token cannot be read: No such file or directory (os error 2)
      hint: set that right, and run it again

    -- exit 1
    "#);
}

#[test]
fn the_secret_can_be_read_by_others() {
    let (check, sync) = secret(|folder| folder.allow("token", 0o644));
    assert_snapshot!(check, @r#"
    ok config  1 source, 1 target
    !! wiki
    error: the secret file token can be read by others (mode 0644); run: chmod 600 token
    ok hq  2 users, 1 group
    1 problem
    -- exit 1
    "#);
    assert_snapshot!(sync, @r#"
    hq  2 users, 1 group

    wiki  not planned: nothing was changed in this app
    error: the target cannot be used: the secret file token can be read by others (mode 0644); run: chmod 600 token
      hint: set that right, and run it again

    -- exit 1
    "#);
}

#[test]
fn the_secret_is_empty_or_kept_where_nothing_is() {
    let (check, _) = secret(|folder| folder.keep("token", "\n"));
    assert_snapshot!(check, @r#"
    ok config  1 source, 1 target
    !! wiki
    error: the secret file token is empty
      hint: put the secret there
    ok hq  2 users, 1 group
    1 problem
    -- exit 1
    "#);
    for (reference, problem) in [
        (
            "{ env: WIKI_TOKEN }",
            "error: the environment variable WIKI_TOKEN is not set\n  hint: set it, or keep the \
             secret in a file and write { file: PATH }\n",
        ),
        (
            "{ credential: wiki }",
            "error: the credential wiki cannot be read: $CREDENTIALS_DIRECTORY is not set; run \
             under systemd with LoadCredential=wiki:…, or use { file: … }\n",
        ),
    ] {
        let folder = with("{ file: token }", reference);
        let ended = folder.rollcall("check --config config.yaml");
        assert!(ended.out.contains(problem), "{}", ended.told());
    }
}
