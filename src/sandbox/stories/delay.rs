//! An app that shows its writes only after a while.

use std::time::Duration;

use serde_json::json;

use super::super::fixture::{ask, new_user, patch, profile, slow};

#[tokio::test(start_paused = true)]
async fn readers_see_an_app_as_it_was_so_long_ago() {
    let (sandbox, clock) = slow(profile(), Duration::from_mins(50));
    assert_eq!(ask(&sandbox, "POST", "/Users", new_user("ana")).0, 201);
    assert_eq!(ask(&sandbox, "GET", "/Users/u-000001", None).0, 404);
    let found = "/Users?filter=userName%20eq%20%22ana%22";
    assert_eq!(ask(&sandbox, "GET", found, None).1["totalResults"], 0);
    assert_eq!(ask(&sandbox, "POST", "/Users", new_user("ana")).0, 409);

    clock.sleep(Duration::from_mins(49)).await;
    let title = patch(json!([{"op": "add", "path": "title", "value": "Lead"}]));
    let (status, user) = ask(&sandbox, "PATCH", "/Users/u-000001", title);
    assert_eq!((status, &user["title"]), (200, &json!("Lead")));
    clock.sleep(Duration::from_mins(1)).await;
    let (status, user) = ask(&sandbox, "GET", "/Users/u-000001", None);
    assert_eq!((status, user.get("title")), (200, None));
    assert_eq!(ask(&sandbox, "GET", found, None).1["totalResults"], 1);

    clock.sleep(Duration::from_mins(49)).await;
    let user = ask(&sandbox, "GET", "/Users/u-000001", None).1;
    assert_eq!(user["title"], "Lead");
    assert_eq!(ask(&sandbox, "DELETE", "/Users/u-000001", None).0, 204);
    assert_eq!(ask(&sandbox, "GET", "/Users/u-000001", None).0, 200);
    clock.sleep(Duration::from_mins(50)).await;
    assert_eq!(ask(&sandbox, "GET", "/Users/u-000001", None).0, 404);
}
