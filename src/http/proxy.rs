//! Which proxy a request goes through, if through any.
//!
//! Promises that loopback is never asked for through a proxy unless the target names one, and that
//! the password of a proxy never prints. Leaves connecting to the client.

use std::net::IpAddr;

use url::{Host, Url};

use crate::secret::Secret;

/// How a target's proxy is chosen.
#[derive(Clone, Debug, Default)]
pub enum ProxyChoice {
    /// By `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, but never for loopback.
    #[default]
    Environment,
    /// None, whatever the environment says.
    Direct,
    /// This one, always.
    Through(Proxy),
}

/// A proxy that speaks HTTP.
#[derive(Clone)]
pub struct Proxy {
    url: Url,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.address())
    }
}

impl Proxy {
    /// The proxy at `url`, which wants to know who we are if there is a `login`: user name and
    /// password.
    #[must_use]
    pub fn new(mut url: Url, login: Option<(&Secret, &Secret)>) -> Self {
        if let Some((username, password)) = login {
            // An address with a host takes both.
            let _ = url.set_username(username.expose());
            let _ = url.set_password(Some(password.expose()));
        }
        Self { url }
    }

    /// Host and port, for people.
    #[must_use]
    pub fn address(&self) -> String {
        let host = self.url.host_str().unwrap_or("no host");
        match self.url.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The address with its login, for the client alone.
    pub(super) fn url(&self) -> Url {
        self.url.clone()
    }
}

/// The proxies of one target, as they were found.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    https: Option<Proxy>,
    http: Option<Proxy>,
    exempt: Vec<Exempt>,
    for_loopback: bool,
}

impl Routes {
    /// The routes of a choice; `variable` looks into the environment.
    pub(super) fn new(choice: &ProxyChoice, variable: impl Fn(&str) -> Option<String>) -> Self {
        match choice {
            ProxyChoice::Direct => Self::default(),
            ProxyChoice::Through(proxy) => Self {
                https: Some(proxy.clone()),
                http: Some(proxy.clone()),
                exempt: Vec::new(),
                for_loopback: true,
            },
            ProxyChoice::Environment => {
                let find = |name: &str| {
                    [name.to_owned(), name.to_lowercase()]
                        .iter()
                        .filter_map(|name| variable(name))
                        .find(|value| !value.trim().is_empty())
                };
                let of = |name: &str| {
                    let text = find(name).or_else(|| find("ALL_PROXY"))?;
                    read(&text)
                };
                Self {
                    https: of("HTTPS_PROXY"),
                    http: of("HTTP_PROXY"),
                    exempt: find("NO_PROXY")
                        .map(|list| exempt(&list))
                        .unwrap_or_default(),
                    for_loopback: false,
                }
            }
        }
    }

    /// The proxy that leads to `url`; none: it is asked directly.
    pub(super) fn of(&self, url: &Url) -> Option<&Proxy> {
        let host = url.host()?;
        if !self.for_loopback && is_loopback(&host) || self.exempt.iter().any(|it| it.covers(&host))
        {
            return None;
        }
        match url.scheme() {
            "https" => self.https.as_ref(),
            _ => self.http.as_ref(),
        }
    }
}

/// A proxy as the environment has it; `http://` may be left out. One that is no address, or speaks no
/// HTTP, is none.
fn read(text: &str) -> Option<Proxy> {
    let text = text.trim();
    let text = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url = Url::parse(&text).ok()?;
    let speaks = matches!(url.scheme(), "http" | "https") && url.has_host();
    speaks.then(|| Proxy::new(url, None))
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// An entry of `NO_PROXY`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exempt {
    Everything,
    /// A name and all names below it.
    Domain(String),
    /// A network, and how many bits of it count.
    Network(IpAddr, u32),
}

fn exempt(list: &str) -> Vec<Exempt> {
    let entries = list.split([',', ' ']).map(str::trim);
    entries
        .filter(|entry| !entry.is_empty())
        .map(|entry| match entry {
            "*" => Exempt::Everything,
            _ => network(entry).unwrap_or_else(|| {
                let name = entry.trim_start_matches("*.").trim_matches('.');
                Exempt::Domain(name.to_lowercase())
            }),
        })
        .collect()
}

fn network(entry: &str) -> Option<Exempt> {
    let (address, bits) = match entry.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse().ok()?)),
        None => (entry, None),
    };
    let address: IpAddr = address.trim_matches(['[', ']']).parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    Some(Exempt::Network(address, bits.unwrap_or(all).min(all)))
}

impl Exempt {
    fn covers(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Self::Everything, _) => true,
            (Self::Domain(name), Host::Domain(host)) => host
                .strip_suffix(name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
            (Self::Network(IpAddr::V4(net), bits), Host::Ipv4(address)) => {
                let differ = u32::from(*net) ^ u32::from(*address);
                differ.leading_zeros() >= *bits
            }
            (Self::Network(IpAddr::V6(net), bits), Host::Ipv6(address)) => {
                let differ = u128::from(*net) ^ u128::from(*address);
                differ.leading_zeros() >= *bits
            }
            (Self::Domain(_) | Self::Network(..), _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(variables: &[(&str, &str)]) -> Routes {
        Routes::new(&ProxyChoice::Environment, |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn route(routes: &Routes, url: &str) -> Option<String> {
        let url = Url::parse(url).expect("a URL");
        routes.of(&url).map(Proxy::address)
    }

    #[test]
    fn the_environment_says_which_way() {
        let all = routes(&[
            ("https_proxy", "proxy.corp:3128"),
            ("ALL_PROXY", "http://me:s3cret@all.corp"),
            (
                "NO_PROXY",
                "internal.corp, .lan,10.0.0.0/8 fd00::/8,192.0.2.7",
            ),
        ]);
        for (url, proxy) in [
            ("https://app.example.com/", Some("proxy.corp:3128")),
            ("http://app.example.com/", Some("all.corp:80")),
            ("https://internal.corp/", None),
            ("https://scim.internal.corp/", None),
            ("https://notinternal.corp/", Some("proxy.corp:3128")),
            ("https://a.lan/", None),
            ("https://10.1.2.3/", None),
            ("https://11.1.2.3/", Some("proxy.corp:3128")),
            ("https://[fd12::1]/", None),
            ("https://[fe80::1]/", Some("proxy.corp:3128")),
            ("https://192.0.2.7/", None),
            ("https://192.0.2.8/", Some("proxy.corp:3128")),
            ("https://127.0.0.1/", None),
            ("https://[::1]/", None),
            ("http://localhost:8080/", None),
        ] {
            assert_eq!(route(&all, url).as_deref(), proxy, "{url}");
        }
        assert!(!format!("{all:?}").contains("s3cret"));
        assert_eq!(route(&routes(&[]), "https://app.example.com/"), None);
        let none = routes(&[("HTTPS_PROXY", "p:1"), ("no_proxy", "*")]);
        assert_eq!(route(&none, "https://app.example.com/"), None);
        let socks = routes(&[("HTTPS_PROXY", "socks5://p:1080")]);
        assert_eq!(route(&socks, "https://app.example.com/"), None);
    }

    #[test]
    fn the_config_goes_over_the_environment() {
        let variable = |_: &str| Some("http://other.corp:1".to_owned());
        let url = Url::parse("http://proxy.corp:8080").expect("a URL");
        let login = [Secret::new("me"), Secret::new("s3cret/@")];
        let proxy = Proxy::new(url, Some((&login[0], &login[1])));
        assert_eq!(proxy.url().password(), Some("s3cret%2F%40"));
        let through = Routes::new(&ProxyChoice::Through(proxy), variable);
        assert_eq!(
            route(&through, "https://127.0.0.1/").as_deref(),
            Some("proxy.corp:8080")
        );
        assert!(!format!("{through:?}").contains("s3cret"));
        let direct = Routes::new(&ProxyChoice::Direct, variable);
        assert_eq!(route(&direct, "https://app.example.com/"), None);
    }
}
