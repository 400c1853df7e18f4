//! A strict SCIM 2.0 service in memory that takes on any profile's quirks, for trying things out.
//!
//! Promises to refuse what a real app of that profile would refuse and to do what it would really
//! do, in the same way every time: ids come from counters, time from the clock it was given. It is a
//! [`Transport`], so that a whole installation runs without a socket, and it can be [served](serve()).
//! Keeps the profile's rates only when it is [told to](Sandbox::keep_rates), and never touches a disk
//! but for [`load_seed`].

mod admin;
mod app;
mod call;
mod discovery;
pub mod faults;
mod filter;
#[cfg(test)]
mod fixture;
mod grammar;
mod groups;
mod log;
mod members;
mod meter;
mod object;
mod operation;
mod paging;
mod patch;
mod path;
mod records;
mod refusal;
mod reply;
mod route;
mod rulebook;
mod schema;
mod search;
mod seed;
mod serve;
mod shape;
#[cfg(test)]
mod stories;
mod switch;
mod switches;
mod token;
mod users;
mod view;
mod wording;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use url::Url;

use self::app::App;
use self::refusal::Refusal;
use crate::clock::Clock;
use crate::core::fault::Fault;
use crate::core::key::{RemoteId, TargetName};
use crate::core::profile::Profile;
use crate::http::{Answer, Request, Transport};

pub use self::app::SetupError;
pub use self::log::{LoggedRequest, RequestCounts};
pub use self::rulebook::BadPattern;
pub use self::seed::{Seed, SeedError, load_seed};
pub use self::serve::serve;
pub use self::token::{Credentials, SandboxAuth, credentials};

/// The address of a sandbox in the same process; nothing ever connects to it.
pub const IN_PROCESS: &str = "http://sandbox.invalid";

/// What one app of a sandbox is like.
#[derive(Clone, Debug)]
pub struct AppSetup {
    /// The target it stands in for.
    pub name: TargetName,
    /// What kind of app it is.
    pub profile: Profile,
    /// How its clients prove who they are.
    pub auth: SandboxAuth,
    /// What it holds in the beginning.
    pub seed: Option<Seed>,
    /// Resources a page, at most, where that is less than the profile says.
    pub page_cap: Option<u32>,
    /// How long a token lives.
    pub token_life: Duration,
}

impl AppSetup {
    /// An empty app of that profile, with the profile's pages and tokens of an hour.
    #[must_use]
    pub fn new(name: TargetName, profile: Profile, auth: SandboxAuth) -> Self {
        Self {
            name,
            profile,
            auth,
            seed: None,
            page_cap: None,
            token_life: Duration::from_hours(1),
        }
    }
}

/// Sandbox apps. Clones share the same apps.
#[derive(Clone)]
pub struct Sandbox {
    apps: Arc<BTreeMap<TargetName, Mutex<App>>>,
    clock: Clock,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.apps.keys()).finish()
    }
}

/// The base URL of the sandbox copy of `target`, where the sandbox is at `root`.
#[must_use]
pub fn base_url(root: &Url, target: &TargetName) -> Url {
    below(root, target, route::SCIM)
}

/// The token endpoint of the sandbox copy of `target`, where the sandbox is at `root`.
#[must_use]
pub fn token_url(root: &Url, target: &TargetName) -> Url {
    below(root, target, route::TOKEN)
}

/// The page of consent of the sandbox copy of `target`, where the sandbox is at `root`.
#[must_use]
pub fn authorize_url(root: &Url, target: &TargetName) -> Url {
    below(root, target, route::AUTHORIZE)
}

fn below(root: &Url, target: &TargetName, path: &str) -> Url {
    let mut url = root.clone();
    let before = root.path().trim_end_matches('/');
    url.set_path(&format!(
        "{before}/{}{path}",
        route::encode(target.as_str())
    ));
    url.set_query(None);
    url.set_fragment(None);
    url
}

impl Sandbox {
    /// A sandbox with these apps, which look at `clock`.
    ///
    /// # Errors
    /// Two apps of one name, or a profile whose pattern is no regular expression.
    pub fn new(apps: Vec<AppSetup>, clock: Clock) -> Result<Self, SetupError> {
        let now = clock.now();
        let mut made = BTreeMap::new();
        for setup in apps {
            let target = setup.name.clone();
            let app = App::new(setup, now).map_err(|cause| SetupError::Pattern {
                target: target.clone(),
                cause,
            })?;
            if made.insert(target.clone(), Mutex::new(app)).is_some() {
                return Err(SetupError::Twice { target });
            }
        }
        Ok(Self {
            apps: Arc::new(made),
            clock,
        })
    }

    /// The names of its apps.
    pub fn targets(&self) -> impl Iterator<Item = &TargetName> {
        self.apps.keys()
    }

    /// Answers a request; the host in its address does not count.
    #[must_use]
    pub fn handle(&self, request: &Request) -> Answer {
        let now = self.clock.now();
        let found = route::split(request.url.path());
        let app = found.and_then(|(name, rest)| Some((self.app(&TargetName::new(name))?, rest)));
        match app {
            Some((mut app, rest)) => app.handle(request, rest, now),
            None => Refusal::missing("the sandbox has no app of that name").answer(),
        }
    }

    fn app(&self, target: &TargetName) -> Option<MutexGuard<'_, App>> {
        let app = self.apps.get(target)?;
        Some(app.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The requests that `target` was sent, oldest first, refused ones included; the newest 200,000.
    /// None for a target that is not here, as for all that follow.
    #[must_use]
    pub fn requests(&self, target: &TargetName) -> Vec<LoggedRequest> {
        self.app(target)
            .map(|app| app.requests())
            .unwrap_or_default()
    }

    /// How many requests `target` was sent, refused ones included.
    #[must_use]
    pub fn counts(&self, target: &TargetName) -> RequestCounts {
        self.app(target).map(|app| app.counts()).unwrap_or_default()
    }

    /// Everything `target` holds, `{"users": […], "groups": […]}`, without `meta` and passwords: a
    /// seed for the same state, oldest resource first, members by id.
    #[must_use]
    pub fn dump(&self, target: &TargetName) -> Json {
        match self.app(target) {
            Some(app) => app.dump(),
            None => json!({"users": [], "groups": []}),
        }
    }

    /// The user `id` as it is in a dump.
    #[must_use]
    pub fn user(&self, target: &TargetName, id: &RemoteId) -> Option<Json> {
        let app = self.app(target)?;
        let number = app.users.number(id.as_str())?;
        app.users.get(number).map(app::plain)
    }
}

#[async_trait]
impl Transport for Sandbox {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        Ok(self.handle(&request))
    }
}
