use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::core::key::SourceName;

fn key(id: &str) -> UserKey {
    UserKey::new(&SourceName::new("hq"), id)
}

fn user(id: &str) -> User {
    User {
        key: key(id),
        label: id.into(),
        attributes: BTreeMap::from([(Arc::from("mail"), vec![format!("{id}@example.com").into()])]),
        disabled: false,
        manager: None,
    }
}

fn anybody() -> impl Strategy<Value = User> {
    let values = prop::collection::vec(".{0,40}", 1..4);
    let attributes = prop::collection::btree_map("[a-f]{1,3}", values, 0..6);
    let manager = prop::option::of(("(hq|eu)", "[a-z0-9]{1,3}"));
    (
        "(hq|eu)",
        "[a-z0-9]{1,3}",
        ".{0,20}",
        attributes,
        manager,
        any::<bool>(),
    )
        .prop_map(|(source, id, label, attributes, manager, disabled)| User {
            key: UserKey::new(&SourceName::new(source), id),
            label: label.as_str().into(),
            attributes: attributes
                .into_iter()
                .map(|(name, values)| {
                    let values = values.iter().map(|value| Arc::from(value.as_str()));
                    (Arc::from(name), values.collect())
                })
                .collect(),
            disabled,
            manager: manager.map(|(source, id)| UserKey::new(&SourceName::new(source), id)),
        })
}

proptest! {
    #[test]
    fn whoever_was_packed_comes_out_the_same(users in prop::collection::vec(anybody(), 0..60)) {
        let mut expected: BTreeMap<UserKey, User> = BTreeMap::new();
        let mut packer = Packer::default();
        for user in users {
            packer.push(&user);
            expected.entry(user.key.clone()).or_insert(user);
        }
        let people = packer.finish();
        prop_assert!(people.iter().eq(expected.values().cloned()));
        for (place, (key, user)) in expected.iter().enumerate() {
            prop_assert_eq!(people.get(key), Some(user.clone()));
            prop_assert_eq!(people.at(place), Some(user.clone()));
            prop_assert_eq!(people.keys().place(key), Some(place));
        }
        prop_assert!(people.get(&key("none of them")).is_none());
        prop_assert!(people.at(expected.len()).is_none());
    }
}

#[test]
fn many_pages_are_deflated_and_read_in_any_order() {
    let all: Vec<User> = (0..100_000)
        .map(|number| user(&format!("p-{number:06}")))
        .collect();
    let people = People::from(all.clone());
    assert!(
        people.pages.deflated() > 0,
        "there are enough to deflate some"
    );
    assert!(people.iter().eq(all.iter().cloned()));
    for place in [99_999, 0, 50_000, 99_998, 49_999] {
        assert_eq!(people.at(place).as_ref(), all.get(place));
        assert_eq!(people.get(&all[place].key).as_ref(), all.get(place));
    }
}

#[test]
fn of_two_with_one_key_the_first_counts() {
    let mut other = user("a");
    other.disabled = true;
    let people: People = [user("b"), user("a"), other].into_iter().collect();
    assert_eq!(people.iter().collect::<Vec<_>>(), [user("a"), user("b")]);
}

#[test]
fn whoever_comes_out_of_order_is_sorted_run_by_run() {
    let number = |place: usize| place * 7919 % 9973;
    let all = (0..9973).map(|place| user(&format!("p-{:04}", number(place))));
    let people: People = all.collect();
    let sorted = (0..9973).map(|place| user(&format!("p-{place:04}")));
    assert!(people.iter().eq(sorted));
}
