//! References that go back with a PUT, in an app where a write changes ids.
//!
//! Promises that nobody is named by an id that another write of the same run has changed, whoever is
//! written first. Leaves ids that change between two runs to [`super::returns`].

use rollcall::core::plan::Basis;
use serde_json::{Value as Json, json};

use super::site::{Site, target};

const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Ana is the manager of Bob, and her account will get its name, and so another id, with the next run
/// that reads the app.
async fn company() -> Site {
    let site = Site::new(
        "{ users: { id_changes: true, update: put, put_absent: kept }, rates: { buckets: [] } }",
    );
    let old = json!({
        "userName": "ana.old", "active": true,
        "emails": [{"value": "ana@example.com", "type": "work", "primary": true}]
    });
    let Json::Object(old) = old else {
        panic!("it is an object");
    };
    site.sandbox.put_user(&target(), old);
    for key in ["ana", "bob"] {
        site.directory.hire(key);
    }
    site.directory.report("bob", "ana");
    site.run(Basis::Remembered, Box::new(|_, _| None)).await;
    let manager = manager_of(&site, "bob");
    assert_eq!(manager, site.account("ana.old").as_str());
    site
}

fn manager_of(site: &Site, name: &str) -> String {
    let user = site.sandbox.user(&target(), &site.account(name));
    let user = user.expect("it is there");
    let manager = user[MANAGER]["manager"]["value"].as_str();
    manager.unwrap_or_default().to_owned()
}

#[tokio::test(start_paused = true)]
async fn an_id_that_has_changed_since_the_read_does_not_go_back() {
    for basis in [Basis::Observed, Basis::Remembered] {
        let site = company().await;
        site.directory.rename("bob");
        let ran = site.run(basis, Box::new(|_, _| None)).await;
        let ids = [site.account("ana"), site.account("bob")];
        let old = ids[0].as_str().split('.').next().expect("a root");
        assert_eq!(
            ran.writes(),
            [
                format!("PUT /Users/{old} 200"),
                format!("PUT /Users/{} 200", ids[1])
            ],
            "{basis:?} {:?}",
            ran.trouble()
        );
        assert_eq!(manager_of(&site, "bob"), ids[0].as_str());
        let proof = site.sync().await;
        assert!(
            proof.is_in_line(),
            "{basis:?} {:?} {:?}",
            proof.plan.changes,
            proof.trouble()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn two_who_refer_to_each_other_and_both_get_another_id_do_not_wait_for_ever() {
    let site = company().await;
    site.directory.report("ana", "bob");
    site.directory.rename("bob");
    let ran = site.sync().await;
    assert_eq!(ran.trouble(), Vec::<String>::new());
    assert_eq!(manager_of(&site, "ana"), site.account("bob").as_str());
    assert_eq!(manager_of(&site, "bob"), site.account("ana").as_str());
    let proof = site.sync().await;
    assert!(proof.is_in_line(), "{:?}", proof.plan.changes);
}
