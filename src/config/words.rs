//! Keys that take a word or a block, and values with a spelling of their own.
//!
//! Promises that the reader and the JSON Schema say the same. serde's own way to allow two shapes
//! (`untagged`) would lose every position, so these are written by hand.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::listen::RawListenBlock;
use super::raw::{
    RawAssignBlock, RawBindBlock, RawLeaverSteps, RawLimitBlock, RawMappingBlock,
    RawProtectedBlock, RawProxyBlock,
};
use crate::core::duration;
use crate::secret::SecretRef;

/// Who gets an account.
#[derive(Debug)]
pub enum RawAssign {
    /// `everyone`
    Everyone,
    /// A block.
    Block(RawAssignBlock),
}

/// How an attribute gets its value.
#[derive(Debug)]
pub enum RawMapping {
    /// The expression alone.
    Expression(String),
    /// A block.
    Block(RawMappingBlock),
}

/// What happens to an account.
#[derive(Debug)]
pub enum RawLeaver {
    /// `keep`
    Keep,
    /// `deactivate`
    Deactivate,
    /// `delete`
    Delete,
    /// A block.
    Steps(RawLeaverSteps),
}

/// A limit.
#[derive(Debug)]
pub enum RawLimit {
    /// The share alone: `5%`.
    Share(Percent),
    /// A block.
    Block(RawLimitBlock),
}

/// Who rollcall is at an LDAP server.
#[derive(Debug)]
pub enum RawBind {
    /// `external`
    External,
    /// `anonymous`
    Anonymous,
    /// A block.
    Simple(RawBindBlock),
}

/// Where monitoring is answered.
#[derive(Debug)]
pub enum RawListen {
    /// The address alone.
    Address(String),
    /// A block.
    Block(RawListenBlock),
}

/// One server, or several.
#[derive(Debug)]
pub struct RawServers(pub Vec<String>);

/// What joins the rows of one person.
#[derive(Debug)]
pub enum RawJoin {
    /// The same expression for every source.
    One(String),
    /// One for each source.
    Each(BTreeMap<String, String>),
}

/// A share in whole per cent, written `5%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(pub u32);

/// A span of time, written `30d`; `now` is none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// How often something may be done: `1/s`, `30/m`; kept as the time between two.
#[derive(Clone, Copy, Debug)]
pub struct Often(pub Duration);

/// Where a secret is kept. A secret that stands in the config itself is refused without a word of it.
#[derive(Debug)]
pub struct RawSecret(pub SecretRef);

/// A fixed token, or several.
#[derive(Debug)]
pub struct RawBearer(pub Vec<SecretRef>);

/// A form field: a text, or where a secret is kept.
#[derive(Debug)]
pub enum RawField {
    /// A text.
    Text(String),
    /// Where a secret is kept.
    Secret(SecretRef),
}

/// A proxy.
#[derive(Debug)]
pub enum RawProxy {
    /// `none`
    None,
    /// A block.
    Block(RawProxyBlock),
}

/// Whom nobody may touch.
#[derive(Debug)]
pub enum RawProtected {
    /// The one of this name.
    Name(String),
    /// A block.
    Block(RawProtectedBlock),
}

/// A day, written `2027-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(pub Date);

/// A key that takes a word or a block.
trait WordOrBlock<'de>: Sized {
    type Block: Deserialize<'de>;
    /// For "expected …".
    const WANTED: &'static str;
    fn word(text: &str) -> Result<Self, String>;
    fn block(block: Self::Block) -> Self;
}

struct Either<T>(PhantomData<T>);

impl<'de, T: WordOrBlock<'de>> Visitor<'de> for Either<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WANTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::word(text).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::Block::deserialize(MapAccessDeserializer::new(map)).map(T::block)
    }
}

macro_rules! word_or_block {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Either(PhantomData))
            }
        }
    };
}

word_or_block!(RawAssign);
word_or_block!(RawMapping);
word_or_block!(RawLeaver);
word_or_block!(RawLimit);
word_or_block!(RawProxy);
word_or_block!(RawProtected);
word_or_block!(RawBind);
word_or_block!(RawJoin);
word_or_block!(RawListen);

impl WordOrBlock<'_> for RawAssign {
    type Block = RawAssignBlock;
    const WANTED: &'static str = "`everyone` or a block";

    fn word(text: &str) -> Result<Self, String> {
        match text {
            "everyone" => Ok(Self::Everyone),
            other => Err(format!(
                "`{other}` is not known here; write `everyone`, or a block: {{ groups: [{other}] }}"
            )),
        }
    }

    fn block(block: RawAssignBlock) -> Self {
        Self::Block(block)
    }
}

impl WordOrBlock<'_> for RawMapping {
    type Block = RawMappingBlock;
    const WANTED: &'static str = "an expression or a block";

    fn word(text: &str) -> Result<Self, String> {
        Ok(Self::Expression(text.into()))
    }

    fn block(block: RawMappingBlock) -> Self {
        Self::Block(block)
    }
}

impl WordOrBlock<'_> for RawLeaver {
    type Block = RawLeaverSteps;
    const WANTED: &'static str = "`keep`, `deactivate`, `delete` or a block";

    fn word(text: &str) -> Result<Self, String> {
        match text {
            "keep" => Ok(Self::Keep),
            "deactivate" => Ok(Self::Deactivate),
            "delete" => Ok(Self::Delete),
            other => Err(format!(
                "`{other}` is not known here; write `keep`, `deactivate`, `delete`, or a block: \
                 {{ deactivate: now, delete: 30d }}"
            )),
        }
    }

    fn block(block: RawLeaverSteps) -> Self {
        Self::Steps(block)
    }
}

impl WordOrBlock<'_> for RawLimit {
    type Block = RawLimitBlock;
    const WANTED: &'static str = "a share like 5% or a block";

    fn word(text: &str) -> Result<Self, String> {
        percent(text).map(Self::Share)
    }

    fn block(block: RawLimitBlock) -> Self {
        Self::Block(block)
    }
}

impl WordOrBlock<'_> for RawProxy {
    type Block = RawProxyBlock;
    const WANTED: &'static str = "`none` or a block";

    fn word(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            _ => Err("this is not known here; write `none`, or a block: { url: http://… }".into()),
        }
    }

    fn block(block: RawProxyBlock) -> Self {
        Self::Block(block)
    }
}

impl WordOrBlock<'_> for RawProtected {
    type Block = RawProtectedBlock;
    const WANTED: &'static str = "a name or a block";

    fn word(text: &str) -> Result<Self, String> {
        Ok(Self::Name(text.into()))
    }

    fn block(block: RawProtectedBlock) -> Self {
        Self::Block(block)
    }
}

impl WordOrBlock<'_> for RawBind {
    type Block = RawBindBlock;
    const WANTED: &'static str = "`external`, `anonymous` or a block";

    fn word(text: &str) -> Result<Self, String> {
        match text {
            "external" => Ok(Self::External),
            "anonymous" => Ok(Self::Anonymous),
            _ => Err(
                "this is not known here; write `external`, `anonymous`, or a block: \
                 { dn: \"cn=rollcall,…\", password: { file: PATH } }"
                    .to_owned(),
            ),
        }
    }

    fn block(block: RawBindBlock) -> Self {
        Self::Simple(block)
    }
}

impl WordOrBlock<'_> for RawJoin {
    type Block = BTreeMap<String, String>;
    const WANTED: &'static str = "an expression or a block of expressions";

    fn word(text: &str) -> Result<Self, String> {
        Ok(Self::One(text.into()))
    }

    fn block(block: Self::Block) -> Self {
        Self::Each(block)
    }
}

impl WordOrBlock<'_> for RawListen {
    type Block = RawListenBlock;
    const WANTED: &'static str = "an address like 127.0.0.1:9464 or a block";

    fn word(text: &str) -> Result<Self, String> {
        Ok(Self::Address(text.into()))
    }

    fn block(block: RawListenBlock) -> Self {
        Self::Block(block)
    }
}

struct ServersVisitor;

impl<'de> Visitor<'de> for ServersVisitor {
    type Value = RawServers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address or a list of addresses")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawServers, E> {
        Ok(RawServers(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawServers, A::Error> {
        let mut servers = Vec::new();
        while let Some(server) = list.next_element()? {
            servers.push(server);
        }
        Ok(RawServers(servers))
    }
}

impl<'de> Deserialize<'de> for RawServers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ServersVisitor)
    }
}

fn percent(text: &str) -> Result<Percent, String> {
    text.strip_suffix('%')
        .and_then(|number| number.trim_end().parse().ok())
        .filter(|number| *number <= 100)
        .map(Percent)
        .ok_or_else(|| format!("`{text}` is no share; write it like 5%, from 0% to 100%"))
}

fn span(text: &str) -> Result<Span, String> {
    match text {
        "now" => Ok(Span(Duration::ZERO)),
        _ => duration::parse(text).map(Span),
    }
}

fn often(text: &str) -> Result<Often, String> {
    let wrong = || format!("`{text}` is no rate; write it like 1/s, 30/m or 500/h");
    let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
    let unit = match unit.trim() {
        "s" => Duration::from_secs(1),
        "m" => Duration::from_mins(1),
        "h" => Duration::from_hours(1),
        _ => return Err(wrong()),
    };
    let count: u32 = count.trim().parse().map_err(|_| wrong())?;
    unit.checked_div(count).map(Often).ok_or_else(wrong)
}

impl<'de> Deserialize<'de> for Often {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        often(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        percent(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        span(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for RawSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(SecretVisitor)
    }
}

impl<'de> Deserialize<'de> for RawBearer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(BearerVisitor)
    }
}

impl<'de> Deserialize<'de> for RawField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FieldVisitor)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map(Self)
            .map_err(|_| D::Error::custom("this is no day; write it like 2027-01-31"))
    }
}

struct BearerVisitor;

impl<'de> Visitor<'de> for BearerVisitor {
    type Value = RawBearer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reference to a secret, or a list of them")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawBearer, E> {
        SecretVisitor.visit_str(text).map(one)
    }

    fn visit_unit<E: Error>(self) -> Result<RawBearer, E> {
        SecretVisitor.visit_unit().map(one)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawBearer, A::Error> {
        SecretVisitor.visit_map(map).map(one)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawBearer, A::Error> {
        let mut tokens = Vec::new();
        while let Some(RawSecret(token)) = list.next_element()? {
            tokens.push(token);
        }
        Ok(RawBearer(tokens))
    }
}

fn one(RawSecret(token): RawSecret) -> RawBearer {
    RawBearer(vec![token])
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = RawField;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a reference to a secret")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawField, E> {
        Ok(RawField::Text(text.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawField, A::Error> {
        let RawSecret(secret) = SecretVisitor.visit_map(map)?;
        Ok(RawField::Secret(secret))
    }
}

struct SecretVisitor;

const NO_REFERENCE: &str = "this must say where the secret is kept; write one of: \
                            { credential: NAME }, { file: PATH }, { env: NAME }";

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = RawSecret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reference to a secret")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<RawSecret, E> {
        Err(E::custom(
            "a secret stands here in the clear; keep it elsewhere and write where: { file: PATH }, a file \
             that only its owner may read, { credential: NAME } under systemd, or { env: NAME }; and \
             have it replaced, since it was in this file",
        ))
    }

    fn visit_unit<E: Error>(self) -> Result<RawSecret, E> {
        Err(E::custom(NO_REFERENCE))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawSecret, A::Error> {
        let Some(kind) = map.next_key::<String>()? else {
            return Err(A::Error::custom(NO_REFERENCE));
        };
        let place = match kind.as_str() {
            "credential" => SecretRef::Credential(map.next_value()?),
            "file" => SecretRef::File(map.next_value::<PathBuf>()?),
            "env" => SecretRef::Env(map.next_value()?),
            _ => return Err(A::Error::custom(NO_REFERENCE)),
        };
        match map.next_key::<String>()? {
            Some(_) => Err(A::Error::custom(NO_REFERENCE)),
            None => Ok(RawSecret(place)),
        }
    }
}

macro_rules! schema {
    ($name:ident, $title:literal, $generator:ident => $schema:expr) => {
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $title.into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

schema!(RawAssign, "Assign", generator => json_schema!({
    "description": "Who gets an account.",
    "anyOf": [{ "const": "everyone" }, generator.subschema_for::<RawAssignBlock>()],
}));
schema!(RawMapping, "Mapping", generator => json_schema!({
    "description": "An expression over a user, or a block.",
    "anyOf": [
        { "type": ["string", "number", "boolean"] },
        generator.subschema_for::<RawMappingBlock>(),
    ],
}));
schema!(RawLeaver, "Leaver", generator => json_schema!({
    "description": "What happens to an account of somebody who is out.",
    "anyOf": [
        { "enum": ["keep", "deactivate", "delete"] },
        generator.subschema_for::<RawLeaverSteps>(),
    ],
}));
schema!(RawLimit, "Limit", generator => json_schema!({
    "description": "A share, or the larger of a share and a count.",
    "anyOf": [generator.subschema_for::<Percent>(), generator.subschema_for::<RawLimitBlock>()],
}));
schema!(RawBind, "Bind", generator => json_schema!({
    "description": "Who rollcall is at an LDAP server.",
    "anyOf": [
        { "enum": ["external", "anonymous"] },
        generator.subschema_for::<RawBindBlock>(),
    ],
}));
schema!(RawJoin, "Join", _generator => json_schema!({
    "description": "An expression over a user, or one for each source.",
    "anyOf": [
        { "type": "string" },
        { "type": "object", "additionalProperties": { "type": "string" } },
    ],
}));
schema!(RawListen, "Listen", generator => json_schema!({
    "description": "Address and port on this machine, or a block.",
    "anyOf": [{ "type": "string" }, generator.subschema_for::<RawListenBlock>()],
}));
schema!(RawServers, "Servers", _generator => json_schema!({
    "description": "A server, or several that hold the same directory.",
    "anyOf": [
        { "type": "string" },
        { "type": "array", "items": { "type": "string" }, "minItems": 1 },
    ],
}));
schema!(Percent, "Percent", _generator => json_schema!({
    "description": "A share in whole per cent: 5%.",
    "type": "string",
    "pattern": "^(100|[0-9]{1,2}) *%$",
}));
schema!(Span, "Span", _generator => json_schema!({
    "description": "A span of time: 30s, 10m, 6h, 1h 30m, 30d; or now.",
    "type": "string",
    "pattern": "^(now|([0-9]+ *(ms|s|m|min|h|d) *)+)$",
}));
schema!(Often, "Often", _generator => json_schema!({
    "description": "How often: 1/s, 30/m, 500/h.",
    "type": "string",
    "pattern": "^[1-9][0-9]* */ *[smh]$",
}));
schema!(RawSecret, "Secret", generator => SecretRef::json_schema(generator));
schema!(RawBearer, "Bearer", generator => json_schema!({
    "description": "A reference to a secret, or a list of them, in the order in which they are tried.",
    "anyOf": [
        generator.subschema_for::<RawSecret>(),
        { "type": "array", "items": generator.subschema_for::<RawSecret>(), "minItems": 1 },
    ],
}));
schema!(RawField, "Field", generator => json_schema!({
    "description": "A text, or a reference to a secret.",
    "anyOf": [{ "type": ["string", "number", "boolean"] }, generator.subschema_for::<RawSecret>()],
}));
schema!(RawProxy, "Proxy", generator => json_schema!({
    "description": "No proxy, whatever the environment says; or this one.",
    "anyOf": [{ "const": "none" }, generator.subschema_for::<RawProxyBlock>()],
}));
schema!(RawProtected, "Protected", generator => json_schema!({
    "description": "A user name, id, key or label; or an expression over users.",
    "anyOf": [
        { "type": ["string", "number", "boolean"] },
        generator.subschema_for::<RawProtectedBlock>(),
    ],
}));
schema!(Day, "Day", _generator => json_schema!({
    "description": "A day: 2027-01-31.",
    "type": "string",
    "format": "date",
}));
