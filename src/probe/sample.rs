//! Throw-away users and groups: their names, and a harmless value for every attribute.
//!
//! Promises that every name begins with the marker of this probe, and that addresses lie in a domain
//! that the caller chose. Leaves which attributes are sent to the experiments.

use serde_json::{Value as Json, json};

use crate::core::attribute::AttrName;
use crate::core::profile::{AccountForm, AttributeRule, Profile, ValueKind};

/// The schema of a user (RFC 7643, 8.7.1).
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of a group (RFC 7643, 8.7.1).
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// Names and values of one probe.
#[derive(Debug)]
pub(super) struct Sample {
    marker: String,
    domain: String,
    users: u32,
    groups: u32,
}

impl Sample {
    pub(super) fn new(marker: &str, domain: &str) -> Self {
        Self {
            marker: marker.into(),
            domain: domain.into(),
            users: 0,
            groups: 0,
        }
    }

    /// A user name that nobody has.
    pub(super) fn user_name(&mut self) -> String {
        self.users += 1;
        format!("{}-{}@{}", self.marker, self.users, self.domain)
    }

    /// A name of a group that nobody has.
    pub(super) fn group_name(&mut self) -> String {
        self.groups += 1;
        format!("{}-group-{}", self.marker, self.groups)
    }

    /// Can only a throw-away user or group have this name?
    pub(super) fn is_marked(&self, name: &str) -> bool {
        name.to_lowercase().contains(&self.marker.to_lowercase())
    }

    /// Something that nobody has.
    pub(super) fn nobody(&self) -> String {
        format!("{}-nobody@{}", self.marker, self.domain)
    }

    /// A user of this name with values for `attributes`, `account` being another user's id.
    pub(super) fn user(
        &self,
        name: &str,
        attributes: &[AttrName],
        profile: &Profile,
        account: Option<&str>,
    ) -> Json {
        let mut schemas = vec![USER.to_owned()];
        let mut resource = json!({"userName": name, "active": true});
        for attribute in attributes {
            let Some(rule) = profile.rule(attribute) else {
                continue;
            };
            let Some(value) = self.value(attribute, rule, name, account) else {
                continue;
            };
            if let Some(urn) = attribute
                .schema()
                .filter(|urn| !schemas.iter().any(|held| held == urn))
            {
                schemas.push(urn.into());
            }
            put(&mut resource, attribute, rule, value);
        }
        resource["schemas"] = json!(schemas);
        resource
    }

    /// A value for an attribute of the user `name`.
    pub(super) fn value(
        &self,
        attribute: &AttrName,
        rule: &AttributeRule,
        name: &str,
        account: Option<&str>,
    ) -> Option<Json> {
        match rule.kind {
            ValueKind::Account => return account.map(Json::from),
            ValueKind::Boolean => return Some(true.into()),
            ValueKind::Integer | ValueKind::TextOrInteger => return Some(7.into()),
            ValueKind::Text | ValueKind::List => {}
        }
        if let Some(word) = rule.one_of.first() {
            return Some(word.as_str().into());
        }
        let text = match (attribute.head(), attribute.sub()) {
            ("userName" | "emails", _) => name.to_owned(),
            ("externalId" | "employeeNumber", _) => format!("{}-{}", self.marker, short(name)),
            ("profileUrl" | "photos", _) => format!("https://{}/{}", self.domain, self.marker),
            ("phoneNumbers", _) => "+1-201-555-0123".into(),
            ("addresses", Some("country")) => "US".into(),
            ("addresses", Some("postalCode")) => "12345".into(),
            ("preferredLanguage" | "locale", _) => "en-US".into(),
            ("timezone", _) => "Europe/Berlin".into(),
            ("userType", _) => "Employee".into(),
            (_, _) => format!("Probe {}", attribute.path().replace('.', " ")),
        };
        Some(text.into())
    }
}

/// The number of a throw-away user.
fn short(name: &str) -> &str {
    let local = name.split('@').next().unwrap_or(name);
    local.rsplit('-').next().unwrap_or(local)
}

/// Puts a value where the attribute has its place (RFC 7643, 2.3 and 3.3).
pub(super) fn put(resource: &mut Json, attribute: &AttrName, rule: &AttributeRule, value: Json) {
    let within = match attribute.schema() {
        Some(urn) => &mut resource[urn],
        None => resource,
    };
    let place = &mut within[attribute.head()];
    let value = match (rule.kind, rule.account) {
        (ValueKind::List, _) => json!([{"value": value}]),
        (ValueKind::Account, AccountForm::Object) => json!({"value": value}),
        (ValueKind::Account, AccountForm::Text)
        | (
            ValueKind::Text | ValueKind::Boolean | ValueKind::Integer | ValueKind::TextOrInteger,
            _,
        ) => value,
    };
    match (&rule.element, attribute.sub()) {
        (Some(element), sub) => {
            if place.is_null() {
                *place = json!([{"type": element.kind}]);
            }
            let item = &mut place[0];
            item[sub.unwrap_or("value")] = value;
            if element.primary {
                item["primary"] = true.into();
            }
        }
        (None, Some(sub)) => place[sub] = value,
        (None, None) => *place = value,
    }
}

/// What a resource holds of an attribute.
pub(super) fn held(resource: &Json, attribute: &AttrName, rule: &AttributeRule) -> Option<Json> {
    let within = match attribute.schema() {
        Some(urn) => resource.get(urn)?,
        None => resource,
    };
    let place = within.get(attribute.head())?;
    let value = match (&rule.element, rule.kind, attribute.sub()) {
        (Some(element), _, sub) => {
            let items = place.as_array()?;
            let ours = items.iter().find(|item| item["type"] == *element.kind);
            let item = ours.or_else(|| items.first().filter(|item| item.get("type").is_none()))?;
            item.get(sub.unwrap_or("value"))?
        }
        (None, ValueKind::List, _) => {
            let item = place.as_array()?.first()?;
            item.get("value").unwrap_or(item)
        }
        (None, ValueKind::Account, _) => place.get("value").unwrap_or(place),
        (
            None,
            ValueKind::Text | ValueKind::Boolean | ValueKind::Integer | ValueKind::TextOrInteger,
            Some(sub),
        ) => place.get(sub)?,
        (
            None,
            ValueKind::Text | ValueKind::Boolean | ValueKind::Integer | ValueKind::TextOrInteger,
            None,
        ) => place,
    };
    let is_something = !value.is_null() && value.as_str() != Some("");
    is_something.then(|| value.clone())
}
