//! Handing blocks, lists and words to serde, piece by piece.
//!
//! Promises that an error inside a piece carries its place. Leaves the order to serde.

use std::collections::VecDeque;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer as _, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::super::node::{Entry, Node};
use super::Shape;
use super::error::ShapeError;

/// The entries of a block.
pub(super) struct BlockAccess<'n> {
    shape: Shape<'n>,
    entries: VecDeque<&'n Entry>,
    value: Option<&'n Entry>,
}

impl<'n> BlockAccess<'n> {
    pub(super) fn new(shape: Shape<'n>, entries: Vec<&'n Entry>) -> Self {
        Self {
            shape,
            entries: entries.into(),
            value: None,
        }
    }
}

impl<'n> MapAccess<'n> for BlockAccess<'n> {
    type Error = ShapeError;

    fn next_key_seed<K: DeserializeSeed<'n>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ShapeError> {
        let Some(entry) = self.entries.pop_front() else {
            return Ok(None);
        };
        self.value = Some(entry);
        seed.deserialize(key(&entry.key))
            .map(Some)
            .map_err(|error| error.of_key(self.shape.place.key(&entry.key)))
    }

    fn next_value_seed<V: DeserializeSeed<'n>>(&mut self, seed: V) -> Result<V::Value, ShapeError> {
        let entry = self
            .value
            .take()
            .expect("serde asks for a value after its key");
        let place = self.shape.place.key(&entry.key);
        let below = self.shape.below(&entry.node, place);
        let value = seed.deserialize(below.clone());
        below.placed(value)
    }
}

fn key(text: &str) -> StrDeserializer<'_, ShapeError> {
    text.into_deserializer()
}

/// The items of a list.
pub(super) struct ListAccess<'n> {
    shape: Shape<'n>,
    items: VecDeque<(usize, &'n Node)>,
}

impl<'n> ListAccess<'n> {
    pub(super) fn new(shape: Shape<'n>, items: VecDeque<(usize, &'n Node)>) -> Self {
        Self { shape, items }
    }
}

impl<'n> SeqAccess<'n> for ListAccess<'n> {
    type Error = ShapeError;

    fn next_element_seed<T: DeserializeSeed<'n>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ShapeError> {
        let Some((index, node)) = self.items.pop_front() else {
            return Ok(None);
        };
        let below = self.shape.below(node, self.shape.place.index(index));
        let value = seed.deserialize(below.clone());
        below.placed(value).map(Some)
    }
}

/// A word, alone or with something under it.
pub(super) struct WordAccess<'n> {
    shape: Shape<'n>,
    word: &'n str,
    under: Option<&'n Entry>,
}

impl<'n> WordAccess<'n> {
    pub(super) fn word(shape: Shape<'n>, word: &'n str) -> Self {
        Self {
            shape,
            word,
            under: None,
        }
    }

    pub(super) fn block(shape: Shape<'n>, entry: &'n Entry) -> Self {
        Self {
            shape,
            word: &entry.key,
            under: Some(entry),
        }
    }

    fn inner(&self) -> Result<Shape<'n>, ShapeError> {
        let entry = self.under.ok_or_else(|| ShapeError::bare(self.word))?;
        let place = self.shape.place.key(&entry.key);
        Ok(self.shape.below(&entry.node, place))
    }
}

impl<'n> EnumAccess<'n> for WordAccess<'n> {
    type Error = ShapeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'n>>(self, seed: V) -> Result<(V::Value, Self), ShapeError> {
        let word = seed
            .deserialize(key(self.word))
            .map_err(|error| match self.under {
                Some(entry) => error.of_key(self.shape.place.key(&entry.key)),
                None => error,
            })?;
        Ok((word, self))
    }
}

impl<'n> VariantAccess<'n> for WordAccess<'n> {
    type Error = ShapeError;

    fn unit_variant(self) -> Result<(), ShapeError> {
        match self.under {
            Some(_) => Err(ShapeError::not_bare()),
            None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'n>>(self, seed: T) -> Result<T::Value, ShapeError> {
        let inner = self.inner()?;
        let value = seed.deserialize(inner.clone());
        inner.placed(value)
    }

    fn tuple_variant<V: Visitor<'n>>(self, _: usize, visitor: V) -> Result<V::Value, ShapeError> {
        self.inner()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'n>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        self.inner()?.deserialize_struct("", fields, visitor)
    }
}
