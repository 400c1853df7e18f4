//! The values of an entry as they are kept.
//!
//! Promises text in the form of all sources, and base64 for what is binary. Leaves what an attribute
//! means to users and groups.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::entry::{Attribute, Entry};
use crate::source::value::{self, GUID, LONGEST_VALUE, clean};

/// Attributes that are never text, whatever their bytes look like.
const BINARY: [&str; 6] = [
    "cACertificate",
    "jpegPhoto",
    "objectSid",
    "photo",
    "thumbnailPhoto",
    "userCertificate",
];

/// One value of an attribute.
pub(super) enum Content<'v> {
    /// To be kept.
    Text(Cow<'v, str>),
    /// Empty.
    Nothing,
    /// Binary, and longer than any value may be.
    TooLong,
    /// No value that may be kept, and why.
    Unfit(String),
}

/// The one value under which an entry is known for ever.
///
/// # Errors
/// When it has none, several, or one that is no text in a line.
pub(super) fn key(entry: &Entry, name: &str) -> Result<Arc<str>, String> {
    let mut values = entry.values(name);
    let value = values.next().ok_or_else(|| format!("has no `{name}`"))?;
    let more = values.count();
    if more > 0 {
        return Err(format!("has {} values for `{name}`", more + 1));
    }
    if name.eq_ignore_ascii_case(GUID) {
        let guid = value::guid(value);
        return guid
            .map(Arc::from)
            .ok_or_else(|| format!("`{name}` is not of 16 bytes"));
    }
    let text = std::str::from_utf8(value).map_err(|_| format!("`{name}` is not text"))?;
    let text = clean(text).map_err(|why| format!("`{name}` {why}"))?;
    if text.is_empty() || text.contains(char::is_control) {
        return Err(format!("`{name}` is empty, or more than a line"));
    }
    Ok(Arc::from(&*text))
}

/// How the values of an attribute are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Sixteen bytes.
    Guid,
    /// Bytes of any kind.
    Binary,
    /// Text, as far as one can tell by the name.
    Text,
}

impl Form {
    /// That of an attribute which comes under this name.
    pub(super) fn of(received: &str) -> Self {
        let plain = received.split(';').next().unwrap_or_default();
        let is_binary = BINARY.iter().any(|name| name.eq_ignore_ascii_case(plain))
            || received.to_ascii_lowercase().ends_with(";binary");
        if plain.eq_ignore_ascii_case(GUID) {
            Self::Guid
        } else if is_binary {
            Self::Binary
        } else {
            Self::Text
        }
    }
}

/// The values of an attribute as they are kept: text, or base64 where one of them is binary.
pub(super) fn contents(attribute: &Attribute, form: Form) -> impl Iterator<Item = Content<'_>> {
    let is_text = |value: &Vec<u8>| std::str::from_utf8(value).is_ok();
    // One value alone is looked at once, below.
    let several = attribute.values.len() > 1;
    let form = match form {
        Form::Text if several && !attribute.values.iter().all(is_text) => Form::Binary,
        Form::Guid | Form::Binary | Form::Text => form,
    };
    attribute.values.iter().map(move |value| match form {
        Form::Guid => match value::guid(value) {
            Some(guid) => Content::Text(guid.into()),
            None => Content::Nothing,
        },
        Form::Binary => base64(value),
        Form::Text => match std::str::from_utf8(value) {
            Ok(value) => text(value),
            Err(_) => base64(value),
        },
    })
}

fn base64(value: &[u8]) -> Content<'static> {
    if value.len() > LONGEST_VALUE / 4 * 3 {
        return Content::TooLong;
    }
    Content::Text(STANDARD.encode(value).into())
}

fn text(value: &str) -> Content<'_> {
    match clean(value) {
        Ok(text) if text.is_empty() => Content::Nothing,
        Ok(text) => Content::Text(text),
        Err(why) => Content::Unfit(why),
    }
}
