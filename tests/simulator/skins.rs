//! Skins for the groups of one app: the same stories before apps whose groups are unlike.
//!
//! Promises that a seed without a skin is as it always was. Leaves the laws to themselves.

/// What the groups of `wiki` may be like, as keys of its `override:`.
pub const GROUPS: [&str; 7] = [
    "groups: { chunk: 2 }",
    "groups: { members_readable: false }",
    "groups: { update: put }",
    "groups: { remove: list, chunk: 2 }",
    "groups: { inline_members: 3, verify: count }",
    "groups: { hides_inactive: true, member_display: true, add: object, remove: object }",
    "groups: { model: fixed }",
];

/// Rates that a small company feels.
const RATES: &str = "rates: { concurrency: 3, buckets: [{ limit: 20, per: 1s, burst: 20 }, \
                     { methods: [PATCH], resource: groups, limit: 5, per: 1s, burst: 2 }] }";

/// The config with the groups of `wiki` like that, and with rates.
pub fn dressed(config: &str, skin: &str) -> String {
    let plain = "rates: { buckets: [] } }";
    assert!(config.contains(plain), "the config has a place for a skin");
    config.replacen(plain, &format!("{RATES}, {skin} }}"), 1)
}
