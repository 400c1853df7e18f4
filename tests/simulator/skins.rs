//! What one app of the simulation is like: the same stories before apps that are unlike.
//!
//! Promises that each seed has its skin, and that the first one does what the RFCs say. Leaves the laws
//! to themselves.

/// A skin of the wiki.
pub struct Skin {
    /// What it is called.
    pub name: &'static str,
    /// Keys of the target's `override:`.
    keys: &'static str,
    /// Rates that a small company feels; else there are none.
    has_rates: bool,
}

impl Skin {
    const fn of((name, keys): (&'static str, &'static str)) -> Self {
        Self {
            name,
            keys,
            has_rates: false,
        }
    }

    const fn of_groups((name, keys): (&'static str, &'static str)) -> Self {
        Self {
            name,
            keys,
            has_rates: true,
        }
    }

    /// The keys of the target's `override:`.
    pub fn over(&self) -> String {
        let rates = if self.has_rates {
            "rates: { concurrency: 3, buckets: [{ limit: 20, per: 1s, burst: 20 }, { methods: \
             [PATCH], resource: groups, limit: 5, per: 1s, burst: 2 }] }"
        } else {
            "rates: { buckets: [] }"
        };
        format!("{}, {rates}", self.keys)
    }

    /// May it spare a request that a plan counts: a PUT that would change nothing?
    pub fn spares_requests(&self) -> bool {
        self.has_rates
    }
}

/// The skin that a seed chooses.
pub fn of(seed: u64) -> &'static Skin {
    let at = seed % SKINS.len() as u64;
    &SKINS[usize::try_from(at).expect("there are few skins")]
}

/// All of them, plain first.
pub static SKINS: [Skin; 22] = [
    Skin::of(("plain", "attributes: { userName: { unique: false } }")),
    Skin::of((
        "cursor",
        "users: { paging: cursor, page: 3 }, groups: { paging: cursor, page: 2 }",
    )),
    Skin::of((
        "hiding",
        "users: { hides: [inactive, foreign], filters: [externalId, userName, emails] }, attributes: \
         { userName: { unique: false } }",
    )),
    Skin::of((
        "overflow",
        "users: { hides: [overflow], page: 4, filters: [externalId, userName, emails] }",
    )),
    Skin::of((
        "activate first",
        "users: { reactivate: activate_first, update: put, put_absent: kept }",
    )),
    Skin::of(("post", "users: { reactivate: post }")),
    Skin::of(("renames", "users: { deactivate: { effect: renames } }")),
    Skin::of((
        "delete to switch off",
        "users: { deactivate: { by: delete }, delete: soft }",
    )),
    Skin::of((
        "versions",
        "http: { etags: required }, users: { update: put }",
    )),
    Skin::of((
        "unlinks",
        "users: { deactivate: { effect: unlinks }, reactivate: post, delete: soft }",
    )),
    Skin::of(("new ids", "users: { id_changes: true }")),
    Skin::of((
        "dialect",
        "users: { paging: offset, sort: userName, page: 3, patch: { form: object_each, op_case: \
         title, booleans: text, extension_paths: dot, valued_paths: false } }",
    )),
    // Apps that take a second account of the same name without a word.
    Skin::of_groups((
        "small portions",
        "attributes: { userName: { unique: false } }, groups: { chunk: 2 }",
    )),
    Skin::of_groups((
        "hidden members",
        "attributes: { userName: { unique: false } }, groups: { members_readable: false }",
    )),
    Skin::of_groups((
        "groups by PUT",
        "attributes: { userName: { unique: false } }, groups: { update: put }",
    )),
    Skin::of_groups((
        "removal by list",
        "attributes: { userName: { unique: false } }, groups: { remove: list, chunk: 2 }",
    )),
    Skin::of_groups((
        "members at once",
        "attributes: { userName: { unique: false } }, groups: { inline_members: 3, verify: count }",
    )),
    Skin::of_groups((
        "members as objects",
        "attributes: { userName: { unique: false } }, groups: { hides_inactive: true, \
         member_display: true, add: object, remove: object }",
    )),
    Skin::of_groups((
        "fixed groups",
        "attributes: { userName: { unique: false } }, groups: { model: fixed }",
    )),
    Skin::of((
        "new ids by PUT",
        "users: { id_changes: true, update: put, put_absent: kept, reactivate: activate_first }",
    )),
    Skin::of((
        "new ids unseen",
        "users: { id_changes: true, hides: [overflow, inactive], page: 4, filters: [externalId, \
         userName, emails] }",
    )),
    Skin::of((
        "new ids when off",
        "users: { id_changes: true, deactivate: { effect: renames } }",
    )),
];
