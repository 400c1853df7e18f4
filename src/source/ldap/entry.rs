//! An entry as the wire has it.
//!
//! Promises that an entry of any shape is read or refused, and never ends the program. Leaves what
//! its attributes mean to users and groups.

use ldap3::asn1::StructureTag;

/// `SearchResultEntry` (RFC 4511, 4.5.2).
const SEARCH_RESULT_ENTRY: u64 = 4;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name, as the server spells it.
    pub(super) dn: String,
    /// Its attributes, in the order they came.
    pub(super) attributes: Vec<Attribute>,
}

/// An attribute with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    /// As the server spells it, options included: `cn;lang-de`.
    pub(super) name: String,
    /// Its values.
    pub(super) values: Vec<Vec<u8>>,
}

impl Entry {
    /// Reads an entry; `None` when it is none.
    pub(super) fn decode(tag: StructureTag) -> Option<Self> {
        let parts = tag.match_id(SEARCH_RESULT_ENTRY)?.expect_constructed()?;
        let [dn, attributes] = <[StructureTag; 2]>::try_from(parts).ok()?;
        let parts = attributes.expect_constructed()?;
        let mut attributes = Vec::with_capacity(parts.len());
        for part in parts {
            attributes.push(Attribute::decode(part)?);
        }
        Some(Self {
            dn: text(dn)?,
            attributes,
        })
    }

    /// The values of an attribute, whatever its options but ranges.
    pub(super) fn values<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e [u8]> {
        let named = self.attributes.iter();
        let named = named.filter(move |attribute| attribute.is(name) && !attribute.is_part());
        named.flat_map(|attribute| attribute.values.iter().map(Vec::as_slice))
    }

    /// The same, those that are text.
    pub(super) fn texts<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e str> {
        self.values(name)
            .filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// How many values it has, of all attributes.
    pub(super) fn weight(&self) -> usize {
        let attributes = self.attributes.iter();
        attributes.map(|attribute| attribute.values.len()).sum()
    }
}

impl Attribute {
    fn decode(tag: StructureTag) -> Option<Self> {
        let parts = tag.expect_constructed()?;
        let [name, values] = <[StructureTag; 2]>::try_from(parts).ok()?;
        let parts = values.expect_constructed()?;
        let mut values = Vec::with_capacity(parts.len());
        for part in parts {
            values.push(part.expect_primitive()?);
        }
        Some(Self {
            name: text(name)?,
            values,
        })
    }

    /// Is it this one, whatever its options? A name is compared with all of an entry, millions of times.
    pub(super) fn is(&self, name: &str) -> bool {
        let (own, name) = (self.name.as_bytes(), name.as_bytes());
        own.len() >= name.len()
            && own[..name.len()].eq_ignore_ascii_case(name)
            && matches!(own.get(name.len()), None | Some(b';'))
    }

    /// Does a part of it stand elsewhere?
    pub(super) fn is_part(&self) -> bool {
        // Hardly any name has an option.
        self.name.as_bytes().contains(&b';') && self.name.contains(";range=")
    }

    /// The name without options.
    pub(super) fn plain(&self) -> &str {
        self.name.split(';').next().unwrap_or_default()
    }
}

fn text(tag: StructureTag) -> Option<String> {
    String::from_utf8(tag.expect_primitive()?).ok()
}

#[cfg(test)]
impl Entry {
    /// An entry for a test, one value a line.
    pub(super) fn made(dn: &str, values: &[(&str, &str)]) -> Self {
        let mut entry = Self {
            dn: dn.into(),
            attributes: Vec::new(),
        };
        for (name, value) in values {
            let value = value.as_bytes().to_vec();
            let mut known = entry.attributes.iter_mut();
            match known.find(|attribute| attribute.name == *name) {
                Some(attribute) => attribute.values.push(value),
                None => entry.attributes.push(Attribute {
                    name: (*name).into(),
                    values: vec![value],
                }),
            }
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::{PL, TagClass};

    use super::*;

    fn primitive(value: &[u8]) -> StructureTag {
        StructureTag {
            class: TagClass::Universal,
            id: 4,
            payload: PL::P(value.to_vec()),
        }
    }

    fn constructed(id: u64, parts: Vec<StructureTag>) -> StructureTag {
        StructureTag {
            class: TagClass::Universal,
            id,
            payload: PL::C(parts),
        }
    }

    #[test]
    fn an_entry_is_read() {
        let values = constructed(17, vec![primitive(b"Ann"), primitive(&[0xff])]);
        let attribute = constructed(16, vec![primitive(b"cn;lang-en"), values]);
        let parts = vec![primitive(b"uid=a"), constructed(16, vec![attribute])];
        let entry = Entry::decode(constructed(4, parts)).expect("an entry");
        assert_eq!(entry.dn, "uid=a");
        assert_eq!(entry.attributes[0].name, "cn;lang-en");
        assert_eq!(entry.values("CN").count(), 2);
        assert_eq!(entry.texts("cn").collect::<Vec<_>>(), ["Ann"]);
    }

    #[test]
    fn an_attribute_is_found_whatever_its_options() {
        let made = |name| Entry::made("", &[(name, "x")]);
        for (there, name, found) in [
            ("CN", "cn", 1),
            ("cn;lang-en", "cn", 1),
            ("cn", "cn;lang-en", 0),
            ("cnx", "cn", 0),
            ("c", "cn", 0),
            ("member;range=0-1", "member", 0),
            ("member;x;range=0-1", "member", 0),
        ] {
            assert_eq!(made(there).values(name).count(), found, "{name} in {there}");
        }
    }

    #[test]
    fn what_is_no_entry_is_none_and_no_panic() {
        for tag in [
            constructed(4, vec![]),
            constructed(5, vec![primitive(b"x"), constructed(16, vec![])]),
            constructed(4, vec![primitive(&[0xff]), constructed(16, vec![])]),
            constructed(4, vec![primitive(b"x"), primitive(b"x")]),
            constructed(
                4,
                vec![primitive(b"x"), constructed(16, vec![primitive(b"cn")])],
            ),
            primitive(b"x"),
        ] {
            assert_eq!(Entry::decode(tag.clone()), None, "{tag:?}");
        }
    }
}
