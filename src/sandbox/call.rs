//! A request to a resource, taken apart.
//!
//! Promises that bodies, parameters and preconditions are read in one place, with the RFC's errors.
//! Leaves what they mean to the resources.

use http::header::{CONTENT_TYPE, IF_MATCH};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::Value as Json;
use url::Url;

use super::filter::Filter;
use super::grammar;
use super::object::{self, Object};
use super::refusal::{Refusal, ScimType};
use super::reply::etag;
use super::view::Projection;
use crate::core::profile::{ETags, Profile};

/// The schema of a search (RFC 7644, 3.4.3).
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// A request.
pub(super) struct Call<'a> {
    /// The address of the app, without a slash at its end.
    pub(super) base: &'a str,
    /// The parameters.
    pub(super) query: Query,
    /// The body.
    pub(super) body: &'a [u8],
    /// The header fields.
    pub(super) headers: &'a HeaderMap,
    /// Does the app want a version with each write?
    pub(super) etags: ETags,
    /// The time.
    pub(super) now: Timestamp,
}

impl Call<'_> {
    /// The JSON object in the body.
    pub(super) fn object(&self, profile: &Profile) -> Result<Object, Refusal> {
        self.check_media(profile)?;
        match serde_json::from_slice(self.body) {
            Ok(Json::Object(fields)) => Ok(fields),
            Ok(_) => Err(Refusal::syntax("the body is no JSON object")),
            Err(error) => Err(Refusal::syntax(format!(
                "the body is no JSON (line {}, column {})",
                error.line(),
                error.column()
            ))),
        }
    }

    fn check_media(&self, profile: &Profile) -> Result<(), Refusal> {
        let sent = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let media = sent
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        let known = [
            "application/scim+json",
            "application/json",
            &profile.http.content_type,
        ];
        if known.iter().any(|known| media.eq_ignore_ascii_case(known)) {
            return Ok(());
        }
        let problem = format!("the media type of the body has to be {}", known[0]);
        Err(Refusal::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem))
    }

    /// Does the client still know the present version (RFC 7644, 3.14)?
    pub(super) fn check_version(&self, version: u64) -> Result<(), Refusal> {
        let Some(wanted) = self
            .headers
            .get(IF_MATCH)
            .and_then(|value| value.to_str().ok())
        else {
            return match self.etags {
                ETags::Off | ETags::Send => Ok(()),
                ETags::Required => Err(Refusal::plain(
                    StatusCode::PRECONDITION_REQUIRED,
                    "this app wants If-Match with the version that was read",
                )),
            };
        };
        let present = etag(version);
        let fits = wanted
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag == present);
        if fits {
            return Ok(());
        }
        let problem = "the resource has changed since it was read";
        Err(Refusal::plain(StatusCode::PRECONDITION_FAILED, problem))
    }
}

/// The parameters of a request.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// Which resources.
    pub(super) filter: Option<Filter>,
    /// From which one on, if the client said so.
    pub(super) start: Option<usize>,
    /// After which page, if the client said so.
    pub(super) cursor: Option<String>,
    /// Sorted by what, if the client said so.
    pub(super) sort: Option<String>,
    /// How many, if the client said so.
    pub(super) count: Option<usize>,
    /// Which attributes.
    pub(super) projection: Projection,
}

impl Query {
    /// Reads the parameters of an address; unknown ones do not count.
    pub(super) fn of(url: &Url) -> Result<Self, Refusal> {
        let mut query = Self::default();
        let (mut only, mut without) = (None, None);
        for (name, value) in url.query_pairs() {
            match &*name {
                "filter" => query.filter = Some(read_filter(&value)?),
                "startIndex" => query.start = Some(whole_number("startIndex", &value)?),
                "cursor" => query.cursor = Some(value.into_owned()),
                "sortBy" => query.sort = Some(value.into_owned()),
                "count" => query.count = Some(whole_number("count", &value)?),
                "attributes" => only = Some(value),
                "excludedAttributes" => without = Some(value),
                _ => {}
            }
        }
        query.projection = Projection::of(only.as_deref(), without.as_deref());
        Ok(query)
    }
}

impl Query {
    /// Reads the body of a search (RFC 7644, 3.4.3); what is not known does not count.
    pub(super) fn of_search(sent: &Object) -> Result<Self, Refusal> {
        check_schemas(sent, SEARCH, &|urn| urn.eq_ignore_ascii_case(SEARCH))?;
        let number = |name: &str| match object::get(sent, name) {
            None | Some(Json::Null) => Ok(None),
            Some(value) => whole_number(name, &value.to_string()).map(Some),
        };
        let names = |name: &str| {
            let list = object::get(sent, name)?.as_array()?;
            let names: Vec<&str> = list.iter().filter_map(Json::as_str).collect();
            Some(names.join(","))
        };
        let filter = object::text(sent, "filter").map(read_filter).transpose()?;
        Ok(Self {
            filter,
            start: number("startIndex")?,
            cursor: object::text(sent, "cursor").map(str::to_owned),
            sort: object::text(sent, "sortBy").map(str::to_owned),
            count: number("count")?,
            projection: Projection::of(
                names("attributes").as_deref(),
                names("excludedAttributes").as_deref(),
            ),
        })
    }
}

fn read_filter(text: &str) -> Result<Filter, Refusal> {
    grammar::parse(text).map_err(|error| Refusal::bad(ScimType::InvalidFilter, error.to_string()))
}

/// A number; what is below zero counts as zero (RFC 7644, 3.4.2.4).
fn whole_number(name: &str, text: &str) -> Result<usize, Refusal> {
    let number: i64 = text
        .parse()
        .map_err(|_| Refusal::value(format!("{name} has to be a whole number")))?;
    Ok(usize::try_from(number).unwrap_or(0))
}

/// Checks `schemas` of a body: the core schema, and every extension that is used; nothing unknown.
pub(super) fn check_schemas(
    sent: &Object,
    core: &str,
    known: &dyn Fn(&str) -> bool,
) -> Result<Vec<Json>, Refusal> {
    let Some(Json::Array(urns)) = object::get(sent, "schemas") else {
        return Err(Refusal::syntax("the body has no list of schemas"));
    };
    let names = |urn: &str| {
        let mut texts = urns.iter().filter_map(Json::as_str);
        texts.any(|text| text.eq_ignore_ascii_case(urn))
    };
    if !names(core) {
        return Err(Refusal::syntax(format!(
            "the body's schemas do not name {core}"
        )));
    }
    let extensions = sent
        .keys()
        .filter(|key| key.to_ascii_lowercase().starts_with("urn:"));
    for urn in extensions {
        if !names(urn) {
            return Err(Refusal::syntax(format!(
                "the body's schemas do not name {urn}"
            )));
        }
    }
    let stranger = urns
        .iter()
        .find(|urn| urn.as_str().is_none_or(|urn| !known(urn)));
    match stranger {
        Some(urn) => Err(Refusal::syntax(format!("this app has no schema {urn}"))),
        None => Ok(urns.clone()),
    }
}
