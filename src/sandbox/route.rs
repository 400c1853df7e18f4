//! Which resource an address means.
//!
//! Promises that the paths are those of the profile, below `/<target>/scim/v2`. Leaves methods and
//! permissions to the app.

use std::fmt::Write as _;

use crate::core::profile::Profile;

/// Where the SCIM resources of an app are, below its name.
pub(super) const SCIM: &str = "/scim/v2";
/// Where its tokens are had, below its name.
pub(super) const TOKEN: &str = "/oauth2/token";

/// Where a person consents to them, below its name.
pub(super) const AUTHORIZE: &str = "/oauth2/authorize";

/// What an address means within an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The list of users.
    Users,
    /// A user.
    User(String),
    /// The list of groups.
    Groups,
    /// A group.
    Group(String),
    /// `/ServiceProviderConfig`
    Provider,
    /// `/ResourceTypes`, or one of them.
    ResourceTypes(Option<String>),
    /// `/Schemas`, or one of them.
    Schemas(Option<String>),
    /// Where a query is sent in a body (RFC 7644, 3.4.3).
    Search(Scope),
    /// An address of the RFC that sandbox apps do without.
    Absent(&'static str),
}

/// Among which resources a query looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Users.
    Users,
    /// Groups.
    Groups,
    /// Both.
    All,
}

/// The name of the app and what follows it, decoded and as it is.
pub(super) fn split(path: &str) -> Option<(String, &str)> {
    let path = path.strip_prefix('/')?;
    let end = path.find('/').unwrap_or(path.len());
    Some((decode(&path[..end])?, &path[end..]))
}

/// Where a list is, what its address means, and what one below it means.
type List<'a> = (&'a str, Place, fn(String) -> Place);

/// What `path`, below [`SCIM`], means in an app of this profile.
pub(super) fn place(path: &str, profile: &Profile) -> Option<Place> {
    let lists: [List<'_>; 4] = [
        (&profile.users.path, Place::Users, Place::User),
        (&profile.groups.path, Place::Groups, Place::Group),
        ("/ResourceTypes", Place::ResourceTypes(None), |id| {
            Place::ResourceTypes(Some(id))
        }),
        ("/Schemas", Place::Schemas(None), |id| {
            Place::Schemas(Some(id))
        }),
    ];
    for (at, scope) in [
        (&profile.users.path, Scope::Users),
        (&profile.groups.path, Scope::Groups),
    ] {
        if path.strip_prefix(at.as_str()) == Some("/.search") {
            return Some(Place::Search(scope));
        }
    }
    for (at, list, one) in lists {
        match path.strip_prefix(at) {
            Some("") => return Some(list),
            Some(rest) if rest.starts_with('/') => return segment(&rest[1..]).map(one),
            Some(_) | None => {}
        }
    }
    plain_place(path, profile)
}

/// What an address means that no profile moves.
fn plain_place(path: &str, profile: &Profile) -> Option<Place> {
    match path {
        _ if path == profile.http.discovery => Some(Place::Provider),
        "/.search" => Some(Place::Search(Scope::All)),
        "/Bulk" => Some(Place::Absent("/Bulk")),
        "/Me" => Some(Place::Absent("/Me")),
        _ => None,
    }
}

/// The one segment that `rest` is, decoded.
fn segment(rest: &str) -> Option<String> {
    if rest.is_empty() || rest.contains('/') || rest.starts_with('.') {
        return None;
    }
    decode(rest)
}

/// A segment of a path without percent-encoding; `None` when it is no text.
fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// A text as one segment of a path.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a text cannot fail");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_mean_what_the_profile_says() {
        let mut profile = Profile::default();
        profile.users.path = "/v1/People".into();
        for (path, wanted) in [
            ("/v1/People", Some(Place::Users)),
            ("/v1/People/a%40b%2Fc", Some(Place::User("a@b/c".into()))),
            ("/Groups/g-1", Some(Place::Group("g-1".into()))),
            ("/Schemas/urn:x", Some(Place::Schemas(Some("urn:x".into())))),
            ("/.search", Some(Place::Search(Scope::All))),
            ("/v1/People/.search", Some(Place::Search(Scope::Users))),
            ("/Groups/.search", Some(Place::Search(Scope::Groups))),
            ("/Schemas/.search", None),
            ("/Bulk", Some(Place::Absent("/Bulk"))),
            ("/Users", None),
            ("/Groups/", None),
            ("/Groups/a/b", None),
            ("/GroupsX", None),
            ("/Groups/%zz", None),
        ] {
            assert_eq!(place(path, &profile), wanted, "{path}");
        }
    }

    #[test]
    fn an_id_survives_its_way_into_an_address() {
        assert_eq!(encode("a@b/é"), "a%40b%2F%C3%A9");
        assert_eq!(decode(&encode("a@b/é")), Some("a@b/é".into()));
        assert_eq!(split("/acme/scim/v2"), Some(("acme".into(), "/scim/v2")));
        assert_eq!(split("/acme"), Some(("acme".into(), "")));
    }
}
