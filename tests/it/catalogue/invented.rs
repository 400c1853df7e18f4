//! An app that nobody has heard of: one YAML file, written while the tests run, and no Rust.

use std::fs;

use super::story::Story;

const PIGEON: &str = r#"
title: Pigeon Post
extends: scim-basic
evidence: documented
sources: { handbook: { page: "Pigeon Post: the handbook", checked: 2026-11-22 } }
quirks: { users: handbook, groups: handbook }
auth: [bearer]
users:
  path: /Pigeons
  matching: [userName]
  filters: []
  page: 3
  update: put
  reactivate: activate
  delete: none
groups:
  path: /Flocks
  remove: list
  chunk: 2
  external_id: false
attributes:
  nickName: { required: always, max_length: 12 }
mapping:
  nickName: user.sn.lower()
"#;

#[tokio::test(start_paused = true)]
async fn an_app_takes_one_file_and_no_rust() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("pigeon.yaml"), PIGEON).expect("written");
    let told = Story::of("pigeon", Some(folder.path())).tell().await;
    assert_eq!(told.map(|costs| costs.len()), Ok(8));
}
