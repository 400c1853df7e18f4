//! The URLs of apps and token services.
//!
//! Promises that no token can travel in the clear and no credential sits in a URL. Leaves whether
//! anybody answers there to `check`.

use url::{Host, Url};

use super::findings::Findings;
use super::place::Place;
use crate::core::profile::Profile;

/// What a profile says of the base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaseUrl<'p> {
    /// Every app of this kind is there.
    Fixed(&'p str),
    /// It looks like this, with `{names}` for what differs.
    Form {
        /// The app's name.
        title: &'p str,
        /// The form.
        form: &'p str,
    },
}

impl<'p> BaseUrl<'p> {
    /// What `profile` says, if anything.
    #[must_use]
    pub fn of(profile: &'p Profile) -> Option<Self> {
        let form = profile.base_url.as_deref()?;
        Some(if form.contains('{') {
            let title = &profile.title;
            Self::Form { title, form }
        } else {
            Self::Fixed(form)
        })
    }

    /// The form in words, if it is one.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        match self {
            Self::Fixed(_) => None,
            Self::Form { title, form } => Some(format!("{title}'s looks like {form}")),
        }
    }

    /// Does `url` fit? A `{name}` stands for one or more characters that are no `/`.
    #[must_use]
    pub fn fits(&self, url: &Url) -> bool {
        let form = match self {
            Self::Fixed(form) | Self::Form { form, .. } => form.trim_end_matches('/'),
        };
        let mut pattern = String::from("^(?i)");
        for (at, part) in form.split(['{', '}']).enumerate() {
            if at % 2 == 0 {
                pattern.push_str(&regex::escape(part));
            } else {
                pattern.push_str("[^/]+");
            }
        }
        pattern.push('$');
        regex::Regex::new(&pattern).is_ok_and(|pattern| pattern.is_match(&normal(url)))
    }
}

/// Reads the URL at `place`; anything wrong with it is told without quoting it.
pub fn read(text: &str, place: &Place, findings: &mut Findings<'_>) -> Option<Url> {
    read_base(text, None, place, findings)
}

/// Reads the base URL at `place`, which should have this form.
pub fn read_base(
    text: &str,
    form: Option<&BaseUrl<'_>>,
    place: &Place,
    findings: &mut Findings<'_>,
) -> Option<Url> {
    match parse(text) {
        Ok(url) => Some(url),
        Err((message, hint)) => {
            let hint = match form.and_then(BaseUrl::shown) {
                Some(shown) => format!("{hint}; {shown}"),
                None => hint.into(),
            };
            findings.value(place, message, Some(hint));
            None
        }
    }
}

/// Reads the address of a proxy at `place`.
pub fn proxy(text: &str, place: &Place, findings: &mut Findings<'_>) -> Option<Url> {
    let hint =
        "write it like http://proxy.example.com:3128; user name and password stand beside it";
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if url.is_none() {
        let message = "this is no address of a proxy that speaks HTTP";
        findings.value(place, message, Some(hint.into()));
    }
    url
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
    fn a_url_fits_the_form_that_the_vendor_writes() {
        let profile = |form: &str| Profile {
            title: "AWS".into(),
            base_url: Some(form.into()),
            ..Profile::default()
        };
        let aws = profile("https://scim.{region}.amazonaws.com/{tenant}/scim/v2/");
        let slack = profile("https://api.slack.com/scim/v2");
        for (profile, url, fits) in [
            (
                &aws,
                "https://scim.eu-central-1.amazonaws.com/abc-1/scim/v2",
                true,
            ),
            (
                &aws,
                "https://scim.eu-central-1.amazonaws.com/abc-1/scim/v2/",
                true,
            ),
            (
                &aws,
                "https://scim.eu-central-1.amazonaws.com/a/b/scim/v2",
                false,
            ),
            (
                &aws,
                "https://scimXeu-central-1.amazonaws.com/a/scim/v2",
                false,
            ),
            (&aws, "https://scim..amazonaws.com/a/scim/v2", false),
            (&slack, "https://api.slack.com/scim/v2", true),
            (&slack, "https://api.slack.com/scim/v1", false),
        ] {
            let url = Url::parse(url).expect("a URL");
            let form = BaseUrl::of(profile).expect("a form");
            assert_eq!(form.fits(&url), fits, "{url}");
        }
        let shown = BaseUrl::of(&aws).and_then(|form| form.shown());
        let wanted = "AWS's looks like https://scim.{region}.amazonaws.com/{tenant}/scim/v2/";
        assert_eq!(shown.as_deref(), Some(wanted));
        assert_eq!(BaseUrl::of(&slack).and_then(|form| form.shown()), None);
    }

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
