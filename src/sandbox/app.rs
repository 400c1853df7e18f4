//! One sandbox app: what it holds, who may ask, and which request goes where.
//!
//! Promises that a request is judged in the order of a real service (address, credentials, headers,
//! method, body) and that a refused one changes nothing. Leaves users and groups to their own files.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::call::{Call, Query};
use super::log::{LoggedRequest, RequestCounts, RequestKind, RequestLog};
use super::object::Object;
use super::path::AttrPath;
use super::records::{Members, Record, Records};
use super::refusal::Refusal;
use super::reply;
use super::route::{self, Place, Scope};
use super::rulebook::{BadPattern, Rulebook};
use super::seed::Seed;
use super::shape::Shape;
use super::switch::Shelved;
use super::switches::Switches;
use super::token::{Gate, SandboxAuth};
use super::{AppSetup, discovery, wording};
use crate::core::key::TargetName;
use crate::core::profile::Profile;
use crate::http::{Answer, Request};

/// The longest body that is read, in bytes.
const LONGEST_BODY: usize = 16 * 1024 * 1024;

/// The state of one app.
#[derive(Debug)]
pub(super) struct App {
    pub(super) profile: Profile,
    pub(super) rulebook: Rulebook,
    pub(super) user_shape: Shape,
    pub(super) group_shape: Shape,
    pub(super) users: Records,
    pub(super) groups: Records,
    /// Users whom no client sees.
    pub(super) shelf: Vec<Shelved>,
    /// The names of users who are off, by id, where the app hides them.
    pub(super) names: BTreeMap<String, Object>,
    /// Attributes that are never shown.
    pub(super) hidden: Vec<AttrPath>,
    /// Users a page, and groups a page, at most.
    pub(super) pages: (usize, usize),
    /// What an administrator has switched on.
    pub(super) switches: Switches,
    gate: Gate,
    log: RequestLog,
}

impl App {
    /// An app with what its seed holds.
    pub(super) fn new(setup: AppSetup, now: Timestamp) -> Result<Self, BadPattern> {
        let rulebook = Rulebook::new(&setup.profile)?;
        let password = AttrPath::of(&"password".into());
        let hidden = rulebook.hidden().cloned().chain([password]).collect();
        let indexed = indexed(&setup.profile, &rulebook);
        let cap = |page: u32| setup.page_cap.unwrap_or(page).min(page).max(1) as usize;
        let mut app = Self {
            user_shape: Shape::of_users(&setup.profile),
            group_shape: Shape::of_groups(),
            users: Records::new('u', "User", indexed),
            groups: Records::new('g', "Group", vec![AttrPath::of(&"displayName".into())]),
            shelf: Vec::new(),
            names: BTreeMap::new(),
            hidden,
            pages: (
                cap(setup.profile.users.page),
                cap(setup.profile.groups.page),
            ),
            gate: Gate::new(&setup.name, setup.auth, setup.token_life),
            log: RequestLog::default(),
            switches: Switches::default(),
            profile: setup.profile,
            rulebook,
        };
        app.plant(setup.seed.unwrap_or_default(), now);
        Ok(app)
    }

    fn plant(&mut self, seed: Seed, now: Timestamp) {
        let (users, groups) = seed.into_parts();
        for user in users {
            self.plant_user(user, now);
        }
        for group in groups {
            self.plant_group(group, now);
        }
    }

    /// Takes a user in as it is, past all rules.
    pub(super) fn plant_user(&mut self, mut user: Object, now: Timestamp) -> u64 {
        self.user_shape.respell(&mut user);
        let schemas = self.user_shape.schemas_of(&user);
        user.entry("schemas").or_insert_with(|| schemas.into());
        let number = self.users.insert(user, Members::new(), now);
        self.users.mark_foreign(number);
        number
    }

    /// Takes a group in as it is, past all rules.
    pub(super) fn plant_group(&mut self, mut group: Object, now: Timestamp) -> u64 {
        self.group_shape.respell(&mut group);
        let schemas = self.group_shape.schemas_of(&group);
        group.entry("schemas").or_insert_with(|| schemas.into());
        let members = members_of(group.remove("members"));
        self.groups.insert(group, members, now)
    }

    /// Answers a request; `rest` is its path below the app's name.
    pub(super) fn handle(&mut self, request: &Request, rest: &str, now: Timestamp) -> Answer {
        let speaks_oauth = *self.gate.auth() == SandboxAuth::Oauth2;
        let (kind, answer) = if rest == route::TOKEN && speaks_oauth {
            (RequestKind::Token, self.gate.issue(request, now))
        } else if rest == route::AUTHORIZE && speaks_oauth {
            (RequestKind::Scim, self.gate.consent(request))
        } else {
            let answer = self.dispatch(request, rest, now);
            (
                RequestKind::Scim,
                answer.unwrap_or_else(|refusal| wording::worded(refusal, &self.profile).answer()),
            )
        };
        let line = LoggedRequest {
            method: request.method.to_string(),
            path: asked(request),
            status: answer.status.as_u16(),
            at: now,
        };
        self.log.note(kind, &request.method, line);
        answer
    }

    fn dispatch(
        &mut self,
        request: &Request,
        rest: &str,
        now: Timestamp,
    ) -> Result<Answer, Refusal> {
        let place = rest
            .strip_prefix(route::SCIM)
            .and_then(|path| route::place(path, &self.profile));
        let place = place.ok_or_else(|| Refusal::missing("there is nothing at this address"))?;
        self.gate.check(&request.headers, now)?;
        let bytes = request.body.len();
        self.switches.admit(&request.method, &place, bytes, now)?;
        self.check_headers(request)?;
        let most = self.profile.http.max_body.unwrap_or(LONGEST_BODY);
        if bytes > most.min(LONGEST_BODY) {
            let problem = format!("the body is longer than {most} bytes");
            return Err(Refusal::plain(StatusCode::PAYLOAD_TOO_LARGE, problem));
        }
        let active = || {
            self.users
                .iter()
                .filter(|(_, user)| user.is_active())
                .count()
        };
        self.switches.check(&request.method, &place, active)?;
        let base = base_of(request, rest);
        let call = Call {
            base: &base,
            query: Query::of(&request.url)?,
            body: &request.body,
            headers: &request.headers,
            etags: self.profile.http.etags,
            now,
        };
        self.serve(&request.method, &place, &call)
    }

    fn serve(
        &mut self,
        method: &Method,
        place: &Place,
        call: &Call<'_>,
    ) -> Result<Answer, Refusal> {
        match place {
            Place::Absent(what) => Err(Refusal::unsupported(format!(
                "this app does not have {what}"
            ))),
            Place::Groups | Place::Group(_) | Place::Search(Scope::Groups)
                if !self.profile.has_groups() =>
            {
                Err(Refusal::missing("this app has no groups"))
            }
            Place::Search(scope) => match *method {
                Method::POST => self.search(*scope, call),
                _ => Err(no_such_method(method)),
            },
            Place::Users => match *method {
                Method::GET => self.list_users(call),
                Method::POST => self.create_user(call),
                _ => Err(no_such_method(method)),
            },
            Place::User(id) => match *method {
                Method::GET => self.read_user(id, call),
                Method::PUT => self.replace_user(id, call),
                Method::PATCH => self.patch_user(id, call),
                Method::DELETE => self.delete_user(id, call),
                _ => Err(no_such_method(method)),
            },
            Place::Groups => match *method {
                Method::GET => self.list_groups(call),
                Method::POST => self.create_group(call),
                _ => Err(no_such_method(method)),
            },
            Place::Group(id) => match *method {
                Method::GET => self.read_group(id, call),
                Method::PUT => self.replace_group(id, call),
                Method::PATCH => self.patch_group(id, call),
                Method::DELETE => self.delete_group(id, call),
                _ => Err(no_such_method(method)),
            },
            Place::Provider | Place::ResourceTypes(_) | Place::Schemas(_) => match *method {
                Method::GET => {
                    let body = discovery::describe(self, place, call.base)?;
                    Ok(reply::scim(StatusCode::OK, &body))
                }
                _ => Err(no_such_method(method)),
            },
        }
    }

    /// How the app wants its clients to prove who they are.
    pub(super) fn auth(&self) -> &SandboxAuth {
        self.gate.auth()
    }

    /// The headers that the profile says are on every request.
    fn check_headers(&self, request: &Request) -> Result<(), Refusal> {
        for (name, value) in &self.profile.http.headers {
            let sent = request
                .headers
                .get(name.as_str())
                .map(http::HeaderValue::as_bytes);
            if sent != Some(value.as_bytes()) {
                let problem = format!("the header {name} is missing or has another value");
                return Err(Refusal::plain(StatusCode::BAD_REQUEST, problem));
            }
        }
        Ok(())
    }

    /// Ends every token that was issued.
    pub(super) fn expire_tokens(&mut self, now: Timestamp) {
        self.gate.expire(now);
    }

    /// Makes every refresh token void.
    pub(super) fn revoke_refresh_tokens(&mut self) {
        self.gate.revoke();
    }

    /// The requests so far.
    pub(super) fn requests(&self) -> Vec<LoggedRequest> {
        self.log.lines()
    }

    /// How many requests so far.
    pub(super) fn counts(&self) -> RequestCounts {
        self.log.counts()
    }

    /// Everything it holds, without `meta` and passwords, in the form of a seed.
    pub(super) fn dump(&self) -> Json {
        let users: Vec<Json> = self.users.iter().map(|(_, record)| plain(record)).collect();
        let groups: Vec<Json> = self
            .groups
            .iter()
            .map(|(_, record)| plain(record))
            .collect();
        json!({"users": users, "groups": groups})
    }
}

/// A resource with its members, without `meta` and the password.
pub(super) fn plain(record: &Record) -> Json {
    let mut resource = record.resource.clone();
    resource.remove("meta");
    resource.remove("password");
    if !record.members.is_empty() {
        resource.insert("members".into(), record.members.values().cloned().collect());
    }
    Json::Object(resource)
}

/// Members by their `value`; those without one are dropped.
pub(super) fn members_of(list: Option<Json>) -> Members {
    let items = match list {
        Some(Json::Array(items)) => items,
        Some(_) | None => Vec::new(),
    };
    let named = items.into_iter().filter_map(|item| {
        let id = item.get("value")?.as_str()?.to_owned();
        Some((id, item))
    });
    named.collect()
}

/// The attributes that users are looked up by: `userName`, unique ones, filterable ones.
fn indexed(profile: &Profile, rulebook: &Rulebook) -> Vec<AttrPath> {
    let mut paths = vec![AttrPath::of(&"userName".into())];
    let filterable = profile.users.filters.iter().map(AttrPath::of);
    for path in rulebook
        .unique()
        .map(|(_, path)| path.clone())
        .chain(filterable)
    {
        if !paths.iter().any(|known| known.is_same(&path)) {
            paths.push(path);
        }
    }
    paths
}

fn no_such_method(method: &Method) -> Refusal {
    let problem = format!("{method} is not possible at this address");
    Refusal::plain(StatusCode::METHOD_NOT_ALLOWED, problem)
}

/// The path and the query as they came; those of a page of consent are nobody's business.
fn asked(request: &Request) -> String {
    if request.url.path().ends_with(route::AUTHORIZE) {
        return request.url.path().to_owned();
    }
    request.url[url::Position::BeforePath..url::Position::AfterQuery].to_owned()
}

/// The address of the app's SCIM resources as the client wrote it.
fn base_of(request: &Request, rest: &str) -> String {
    let whole = &request.url[..url::Position::AfterPath];
    let app = whole.len() - rest.len();
    format!("{}{}", &whole[..app], route::SCIM)
}

/// An app that is spoken to by name, in errors.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Two apps of one name.
    #[error("the sandbox has two apps called {target}")]
    Twice {
        /// The name.
        target: TargetName,
    },
    /// A profile has a pattern that is none.
    #[error("the sandbox copy of {target} cannot be made")]
    Pattern {
        /// The app.
        target: TargetName,
        /// Why.
        #[source]
        cause: BadPattern,
    },
}
