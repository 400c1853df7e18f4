//! One target that can run: its rules, and the layers of the way to its app.
//!
//! Promises that limits and counts go on when the way is made anew. Leaves where the way leads to
//! [`super::way`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Way;
use crate::clock::Clock;
use crate::config::{ProxyConfig, TargetConfig};
use crate::connector::scim::ScimConnector;
use crate::core::credential::Ending;
use crate::draw::Draw;
use crate::engine::Target;
use crate::http::auth::{Authorized, Remarks};
use crate::http::budget::{Budget, Thrifty};
use crate::http::count::{Counted, Counter, RequestCounts};
use crate::http::limit::{Limited, Limiter, Waits};
use crate::http::redirect::Redirected;
use crate::http::reread::Reread;
use crate::http::ruling::Rulings;
use crate::secret::SecretRef;
use crate::show;
use crate::show::json::RequestsJson;

/// A target that can run.
pub struct Unit {
    /// The target.
    pub target: Target,
    /// What the config says of it.
    pub config: TargetConfig,
    /// Counts its requests.
    pub counter: Counter,
    /// What there is to know about its credentials.
    pub remarks: Remarks,
    /// Lets it read slowly.
    pub budget: Budget,
    pub(super) limiter: Arc<Limiter>,
}

impl Unit {
    /// Requests sent since `before`.
    #[must_use]
    pub fn requests_since(&self, before: RequestCounts) -> RequestsJson {
        let now = self.counter.counts();
        RequestsJson {
            read: now.read - before.read,
            write: now.write - before.write,
            token: now.token - before.token,
        }
    }

    /// What a person should know about its credentials, a line each.
    #[must_use]
    pub fn notes(&self, now: Timestamp) -> Vec<String> {
        let today = now.to_zoned(TimeZone::UTC).date();
        let last = self.config.expires;
        let ending = last.and_then(|last| Some((last, Ending::of(last, today)?)));
        ending
            .map(|(last, ending)| show::credential::ending(last, ending))
            .into_iter()
            .chain(self.remarks.all().iter().map(show::credential::remark))
            .collect()
    }

    /// What its requests had to wait so far.
    #[must_use]
    pub fn waits(&self) -> Waits {
        self.limiter.waits()
    }

    /// How long the app has asked us not to send anything, from now on; `None`: it has not.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        self.limiter.pause()
    }

    /// Files that hold its secrets and certificates: it has to be made anew when they change.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut secrets = self.config.auth.secrets();
        if let ProxyConfig::Through {
            login: Some((user, password)),
            ..
        } = &self.config.proxy
        {
            secrets.extend([user, password]);
        }
        let client = self.config.tls.client.as_ref();
        secrets.extend(client.map(|(_, key)| key));
        let certificates = self
            .config
            .tls
            .ca
            .iter()
            .chain(client.map(|(file, _)| file));
        let files = secrets.into_iter().filter_map(|secret| match secret {
            SecretRef::File(path) => Some(path),
            SecretRef::Credential(_) | SecretRef::Env(_) => None,
        });
        files.chain(certificates).cloned().collect()
    }

    /// Is it what `config` would make?
    pub(super) fn fits(&self, config: &TargetConfig) -> bool {
        format!("{:?}", self.config) == format!("{config:?}")
    }
}

/// Builds the layers of a target, from the network up: counted, limited, authorized, redirected,
/// slow where wanted, read again, SCIM. `draw` is the jitter of what is read again.
#[must_use]
pub fn connect(config: &TargetConfig, way: Way, clock: &Clock, draw: Draw) -> Unit {
    connect_as(config, way, clock, draw, None, None)
}

/// The same, with limits and a counter that go on.
pub(super) fn connect_as(
    config: &TargetConfig,
    way: Way,
    clock: &Clock,
    draw: Draw,
    limiter: Option<Arc<Limiter>>,
    counter: Option<Counter>,
) -> Unit {
    let counter = counter.unwrap_or_default();
    let budget = Budget::default();
    let rules = Arc::new(config.rules.clone());
    let rulings = Rulings::of(&rules.profile.errors);
    let limiter = limiter.unwrap_or_else(|| {
        let limiter = Limiter::new(&rules.profile.rates, clock.clone());
        Arc::new(limiter.ruled_by(rulings.clone()))
    });
    let counted = Counted::new(way.transport, counter.clone());
    let limited = Limited::new(counted, Arc::clone(&limiter));
    let limited = Thrifty::new(limited, budget.clone(), clock.clone());
    let authorized =
        Authorized::new(limited, &way.base_url, way.credentials, clock.clone()).kept_by(way.keeper);
    let remarks = authorized.remarks();
    let patient = Reread::new(
        Redirected::new(authorized),
        rules.profile.rates.retry.clone(),
        clock.clone(),
        draw,
    )
    .ruled_by(rulings);
    let app = ScimConnector::new(
        Arc::new(patient),
        way.base_url,
        Arc::new(rules.profile.clone()),
        clock.clone(),
    );
    Unit {
        target: Target {
            rules,
            app: Arc::new(app),
        },
        config: config.clone(),
        counter,
        remarks,
        budget,
        limiter,
    }
}
