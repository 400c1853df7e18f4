//! From a tree to plain structs, finding everything that does not fit.
//!
//! serde stops at the first thing wrong. Here what was wrong is taken out and the rest is looked at
//! again, so that each mistake is told once and hides no other. Promises places for all of them and
//! never quotes a value. Leaves to the checks what the values mean.

mod access;
mod error;

use std::collections::BTreeSet;

use serde::de::{DeserializeOwned, Deserializer, Error as _, Unexpected, Visitor};

use super::findings::Findings;
use super::node::{Content, Entry, Node, ScalarKind};
use super::place::Place;
use access::{BlockAccess, ListAccess, WordAccess};
use error::{At, ShapeError};

/// Reads `node`, which stands at `top`, and tells everything that does not fit. What was wrong is
/// as if it were not there; `None` when the node itself cannot be read.
pub fn read<T: DeserializeOwned>(
    node: &Node,
    top: &Place,
    findings: &mut Findings<'_>,
) -> Option<T> {
    let mut wrong = BTreeSet::new();
    loop {
        let shape = Shape {
            node,
            place: top.clone(),
            wrong: &wrong,
        };
        let error = match T::deserialize(shape) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let place = error.place.clone().unwrap_or_else(|| top.clone());
        let consequence = wrong.iter().any(|known| known.is_within(&place));
        if !consequence {
            tell(findings, &place, error);
        }
        if place == *top || !wrong.insert(place) {
            return None;
        }
    }
}

fn tell(findings: &mut Findings<'_>, place: &Place, error: ShapeError) {
    match error.at {
        At::Key => findings.key(place, error.message, error.hint),
        At::Value => findings.value(place, error.message, error.hint),
    }
}

/// A node that serde reads, less what is known to be wrong.
#[derive(Clone)]
struct Shape<'n> {
    node: &'n Node,
    place: Place,
    wrong: &'n BTreeSet<Place>,
}

impl<'n> Shape<'n> {
    fn below(&self, node: &'n Node, place: Place) -> Self {
        Self {
            node,
            place,
            wrong: self.wrong,
        }
    }

    /// The entries that are not known to be wrong, each key once.
    fn entries(&self, entries: &'n [Entry]) -> Vec<&'n Entry> {
        let mut seen = BTreeSet::new();
        entries
            .iter()
            .filter(|entry| !self.wrong.contains(&self.place.key(&entry.key)))
            .filter(|entry| seen.insert(entry.key.as_str()))
            .collect()
    }

    fn block(&self, entries: &'n [Entry]) -> BlockAccess<'n> {
        BlockAccess::new(self.clone(), self.entries(entries))
    }

    fn list(&self, items: &'n [Node]) -> ListAccess<'n> {
        let items = items
            .iter()
            .enumerate()
            .filter(|(index, _)| !self.wrong.contains(&self.place.index(*index)))
            .collect();
        ListAccess::new(self.clone(), items)
    }

    /// What stands here, as serde names it in "invalid type".
    fn unexpected(&self) -> Unexpected<'n> {
        match &self.node.content {
            Content::Nothing => Unexpected::Unit,
            Content::Scalar(scalar) => match scalar.kind {
                ScalarKind::Text => Unexpected::Str(""),
                ScalarKind::Bool(flag) => Unexpected::Bool(flag),
                ScalarKind::Int(number) => Unexpected::Signed(number),
                ScalarKind::Float(number) => Unexpected::Float(number),
            },
            Content::List(_) => Unexpected::Seq,
            Content::Block(_) => Unexpected::Map,
        }
    }

    /// Gives an error without a place this one: the innermost node wins.
    fn placed<T>(&self, result: Result<T, ShapeError>) -> Result<T, ShapeError> {
        result.map_err(|mut error| {
            error.place.get_or_insert_with(|| self.place.clone());
            error
        })
    }

    fn any<V: Visitor<'n>>(&self, visitor: V) -> Result<V::Value, ShapeError> {
        match &self.node.content {
            Content::Nothing => visitor.visit_unit(),
            Content::Scalar(scalar) => match scalar.kind {
                ScalarKind::Text => visitor.visit_str(&scalar.text),
                ScalarKind::Bool(flag) => visitor.visit_bool(flag),
                ScalarKind::Int(number) => visitor.visit_i64(number),
                ScalarKind::Float(number) => visitor.visit_f64(number),
            },
            Content::List(items) => visitor.visit_seq(self.list(items)),
            Content::Block(entries) => visitor.visit_map(self.block(entries)),
        }
    }

    /// Every scalar is a text to who asks for one; a word or a block is asked for in this way too.
    fn text<V: Visitor<'n>>(&self, visitor: V) -> Result<V::Value, ShapeError> {
        match &self.node.content {
            Content::Scalar(scalar) => visitor.visit_str(&scalar.text),
            Content::Nothing | Content::List(_) | Content::Block(_) => self.any(visitor),
        }
    }

    /// A block whose keys are all commented out is an empty one.
    fn map<V: Visitor<'n>>(&self, visitor: V) -> Result<V::Value, ShapeError> {
        match &self.node.content {
            Content::Nothing => visitor.visit_map(self.block(&[])),
            Content::List(_) => Err(ShapeError::invalid_type(Unexpected::Seq, &"a map")),
            Content::Scalar(_) | Content::Block(_) => self.any(visitor),
        }
    }

    fn seq<V: Visitor<'n>>(&self, visitor: V) -> Result<V::Value, ShapeError> {
        match &self.node.content {
            Content::Nothing => visitor.visit_seq(self.list(&[])),
            Content::Scalar(_) => Err(ShapeError::invalid_type(self.unexpected(), &"a sequence")
                .hinting("write it as a list: [ … ]")),
            Content::List(_) | Content::Block(_) => self.any(visitor),
        }
    }

    fn word<V: Visitor<'n>>(
        &self,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        match &self.node.content {
            Content::Scalar(scalar) => {
                visitor.visit_enum(WordAccess::word(self.clone(), &scalar.text))
            }
            Content::Block(entries) => match self.entries(entries)[..] {
                [entry] => visitor.visit_enum(WordAccess::block(self.clone(), entry)),
                [] => Err(ShapeError::wrong_count("nothing stands here", words)),
                [..] => Err(ShapeError::wrong_count(
                    "only one key can stand here",
                    words,
                )),
            },
            Content::Nothing if words.contains(&"null") => {
                Err(ShapeError::wrong_count("nothing stands here", words)
                    .hinting("for the word null write it in quotes: \"null\""))
            }
            Content::Nothing => Err(ShapeError::wrong_count("nothing stands here", words)),
            Content::List(_) => Err(ShapeError::wrong_count("a list stands here", words)),
        }
    }
}

impl<'n> Deserializer<'n> for Shape<'n> {
    type Error = ShapeError;

    fn deserialize_any<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        self.placed(self.any(visitor))
    }

    fn deserialize_str<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        self.placed(self.text(visitor))
    }

    fn deserialize_string<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        self.placed(self.text(visitor))
    }

    fn deserialize_option<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self.node.content {
            Content::Nothing => visitor.visit_none(),
            Content::Scalar(_) | Content::List(_) | Content::Block(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'n>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        self.placed(self.seq(visitor))
    }

    fn deserialize_map<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        self.placed(self.map(visitor))
    }

    fn deserialize_struct<V: Visitor<'n>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        self.placed(self.map(visitor).map_err(|error| error.with_keys(fields)))
    }

    fn deserialize_enum<V: Visitor<'n>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        self.placed(self.word(variants, visitor))
    }

    serde::forward_to_deserialize_any! {
        <W: Visitor<'n>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        tuple tuple_struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use serde::Deserialize;

    use super::super::document::Document;
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Shop {
        name: Option<String>,
        open: bool,
        seats: u32,
        drinks: Vec<Drink>,
        prices: BTreeMap<String, u32>,
        card: Option<Card>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Drink {
        Tea,
        GreenTea,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Card {
        Paper(String),
        Chip(Chip),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Chip {
        number: u32,
    }

    fn shop(text: &str) -> (Option<Shop>, Vec<String>) {
        let document = Document::parse(Path::new("s.yaml"), text).expect("it is YAML");
        let mut findings = Findings::new(&document);
        let shop = read(&document.root, &Place::top(), &mut findings);
        let lines = findings
            .finish()
            .items
            .iter()
            .map(ToString::to_string)
            .collect();
        (shop, lines)
    }

    #[test]
    fn what_fits_is_read() {
        let (shop, problems) = shop(
            "name: 7\nopen: true\nseats: 3\ndrinks: [tea, green_tea]\nprices:\ncard: { chip: { number: 5 } }\n",
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(
            shop,
            Some(Shop {
                name: Some("7".into()),
                open: true,
                seats: 3,
                drinks: vec![Drink::Tea, Drink::GreenTea],
                prices: BTreeMap::new(),
                card: Some(Card::Chip(Chip { number: 5 })),
            })
        );
    }

    #[test]
    fn every_mistake_is_told_and_the_rest_is_read() {
        let (shop, problems) = shop(
            "name: [x]\nopne: true\nseats: many\ndrinks: [tea, coffee, gren_tea]\nprices: { tea: -1, cake: 2 }\n\
             card: { chip: { numbr: 5 } }\nopen: yes\n",
        );
        assert_eq!(
            problems,
            [
                "s.yaml:1:1: name: expected a text, found a list",
                "s.yaml:2:1: opne: unknown key `opne` (did you mean `open`?)",
                "s.yaml:3:8: seats: expected a whole number, found a text",
                "s.yaml:4:15: drinks[1]: `coffee` is not known here (write one of: tea, green_tea)",
                "s.yaml:4:23: drinks[2]: `gren_tea` is not known here (did you mean `green_tea`?)",
                "s.yaml:5:16: prices.tea: this number is out of range: expected a whole number",
                "s.yaml:6:17: card.chip.numbr: unknown key `numbr` (did you mean `number`?)",
                "s.yaml:7:7: open: expected true or false, found a text",
            ]
        );
        let shop = shop.expect("the rest is read");
        assert_eq!(shop.drinks, [Drink::Tea]);
        assert_eq!(shop.prices, BTreeMap::from([("cake".to_owned(), 2)]));
    }

    #[test]
    fn a_word_in_place_of_a_block_says_what_may_stand_there() {
        let (_, problems) = shop("card: paper\n");
        assert_eq!(
            problems,
            ["s.yaml:1:7: card: `paper` needs a value (write { paper: … })"]
        );
        let (_, problems) = shop("card: { paper: x, chip: { number: 1 } }\n");
        assert_eq!(
            problems,
            ["s.yaml:1:1: card: only one key can stand here (keep one of: paper, chip)"]
        );
        let (_, problems) = shop("prices: 3\n");
        assert_eq!(
            problems,
            ["s.yaml:1:9: prices: expected a block, found a number"]
        );
        let (_, problems) = shop("[1]\n");
        assert_eq!(
            problems,
            [
                "s.yaml:1:1: expected a block, found a list (the keys here are: name, open, seats, drinks, prices, card)"
            ]
        );
    }

    #[test]
    fn a_missing_key_is_told_once() {
        let (_, problems) = shop("card: { chip: {} }\n");
        assert_eq!(
            problems,
            ["s.yaml:1:9: card.chip: the key `number` is missing"]
        );
    }

    #[test]
    fn a_key_that_stands_twice_is_told() {
        let (shop, problems) = shop("name: a\nseats: 1\nname: b\n");
        assert_eq!(
            problems,
            [
                "s.yaml:3:1: name: the key `name` stands here twice (the first is on line 1; keep one of them)"
            ]
        );
        assert_eq!(shop.and_then(|shop| shop.name).as_deref(), Some("a"));
    }
}
