//! The URLs of apps and token services.
//!
//! Promises that no token can travel in the clear and no credential sits in a URL. Leaves whether
//! anybody answers there to `check`.

use url::{Host, Url};

use super::findings::Findings;
use super::place::Place;

/// Reads the URL at `place`; anything wrong with it is told without quoting it.
pub fn read(text: &str, place: &Place, findings: &mut Findings<'_>) -> Option<Url> {
    match parse(text) {
        Ok(url) => Some(url),
        Err((message, hint)) => {
            findings.value(place, message, Some(hint.into()));
            None
        }
    }
}

/// Two URLs that lead to the same service are the same text.
#[must_use]
pub fn normal(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// Reads a URL; says what is wrong with it, and what to write.
///
/// # Errors
/// What is wrong, without quoting it.
pub fn parse(text: &str) -> Result<Url, (String, &'static str)> {
    let url = Url::parse(text).map_err(|error| {
        let hint = "write it like https://app.example.com/scim/v2";
        (format!("this is no URL: {error}"), hint)
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        let hint = "take it out of the URL; `auth:` says how rollcall proves who it is";
        return Err(("a user name or password stands in this URL".into(), hint));
    }
    if url.query().is_some() || url.fragment().is_some() {
        let hint = "end the URL before the `?` or `#`";
        return Err(("this URL has a query or a fragment".into(), hint));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_private(&url) => Ok(url),
        "http" => Err((
            "over http the token could be read on the way".into(),
            "write https://; http is for loopback and sandbox addresses",
        )),
        other => Err((
            format!("`{other}` is no way to speak SCIM"),
            "write https://",
        )),
    }
}

/// Loopback, or a host that calls itself a sandbox.
fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || name.ends_with(".localhost") || name.starts_with("sandbox")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_would_show_the_token_is_refused() {
        for (text, wanted) in [
            ("https://a.example/scim", None),
            ("http://127.0.0.1:8080/", None),
            ("http://[::1]/", None),
            ("http://localhost/", None),
            ("http://sandbox.invalid/trotto", None),
            (
                "http://a.example/",
                Some("over http the token could be read on the way"),
            ),
            (
                "https://me:pw@a.example/",
                Some("a user name or password stands in this URL"),
            ),
            (
                "https://a.example/?token=x",
                Some("this URL has a query or a fragment"),
            ),
            ("ftp://a.example/", Some("`ftp` is no way to speak SCIM")),
            (
                "a.example/scim",
                Some("this is no URL: relative URL without a base"),
            ),
        ] {
            let told = parse(text).err().map(|(message, _)| message);
            assert_eq!(told.as_deref(), wanted, "{text}");
        }
    }
}
