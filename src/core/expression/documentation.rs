//! What a person reads about the functions that expressions may call.
//!
//! Promises an entry for each of them, in order of the names. Leaves how calls are checked to
//! [`super::function`].

/// The documentation of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionDoc {
    /// Its name.
    pub name: &'static str,
    /// A call of it, as it is written.
    pub usage: &'static str,
    /// What it gives.
    pub about: &'static str,
}

/// The documentation of a function.
pub(super) fn of(name: &str) -> Option<&'static FunctionDoc> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Every function that expressions may call, by name.
///
/// Methods look into optionals: `user.?mail.lower()` is absent where the mail is; `startsWith`,
/// `endsWith`, `contains` and `matches` are false there.
pub const FUNCTIONS: &[FunctionDoc] = &[
    FunctionDoc {
        name: "all",
        usage: "list.all(x, condition)",
        about: "Is the condition true for every element `x`?",
    },
    FunctionDoc {
        name: "ascii",
        usage: "text.ascii()",
        about: "The text in ASCII: `ä` as `ae`, `ß` as `ss`, `é` as `e`, other scripts transliterated.",
    },
    FunctionDoc {
        name: "bool",
        usage: "bool(text)",
        about: "True or false from `true`, `TRUE`, `t`, `1`, `false`, `FALSE`, `f` or `0`.",
    },
    FunctionDoc {
        name: "coalesce",
        usage: "coalesce(a, b, …)",
        about: "The first value that is not empty; attributes in it may be missing. What comes after it is not evaluated.",
    },
    FunctionDoc {
        name: "contains",
        usage: "text.contains(part)",
        about: "Is the part somewhere in the text?",
    },
    FunctionDoc {
        name: "default",
        usage: "value.default(other)",
        about: "The value, or the other one if it is missing or empty.",
    },
    FunctionDoc {
        name: "double",
        usage: "double(value)",
        about: "A number with a fraction, from a number or a text.",
    },
    FunctionDoc {
        name: "emailDomain",
        usage: "text.emailDomain()",
        about: "What is after the last `@`; empty without one.",
    },
    FunctionDoc {
        name: "emailLocal",
        usage: "text.emailLocal()",
        about: "What is before the last `@`; empty without one.",
    },
    FunctionDoc {
        name: "endsWith",
        usage: "text.endsWith(part)",
        about: "Does the text end with the part?",
    },
    FunctionDoc {
        name: "exists",
        usage: "list.exists(x, condition)",
        about: "Is the condition true for an element `x`?",
    },
    FunctionDoc {
        name: "exists_one",
        usage: "list.exists_one(x, condition)",
        about: "Is the condition true for exactly one element `x`?",
    },
    FunctionDoc {
        name: "extract",
        usage: "text.extract(r\"pattern\", group)",
        about: "What the group of the pattern matches; without a group its first group, or all of it if it has none. Empty without a match.",
    },
    FunctionDoc {
        name: "filter",
        usage: "list.filter(x, condition)",
        about: "The elements `x` for which the condition is true.",
    },
    FunctionDoc {
        name: "first",
        usage: "list.first()",
        about: "The first element; the empty text for an empty list.",
    },
    FunctionDoc {
        name: "formatDate",
        usage: "formatDate(text, \"%Y-%m-%d\")",
        about: "A date (`2026-11-22`, `2026-11-22T10:30:00Z`, `20261122103000Z`) in another form, with the codes of strftime. The zone stays as written.",
    },
    FunctionDoc {
        name: "has",
        usage: "has(user.mail)",
        about: "Does the user have the attribute?",
    },
    FunctionDoc {
        name: "hasValue",
        usage: "optional.hasValue()",
        about: "Is there a value?",
    },
    FunctionDoc {
        name: "inGroup",
        usage: "inGroup(\"eng\", …)",
        about: "Is the user in one of these groups? Also `user.inGroup(\"eng\")`.",
    },
    FunctionDoc {
        name: "int",
        usage: "int(value)",
        about: "A whole number, from a number or a text.",
    },
    FunctionDoc {
        name: "join",
        usage: "list.join(separator)",
        about: "The texts of the list in one, with the separator between them.",
    },
    FunctionDoc {
        name: "lower",
        usage: "text.lower()",
        about: "The text in small letters.",
    },
    FunctionDoc {
        name: "map",
        usage: "list.map(x, value)",
        about: "The value for each element `x`; with `list.map(x, condition, value)` only for those for which the condition is true.",
    },
    FunctionDoc {
        name: "matches",
        usage: "text.matches(r\"pattern\")",
        about: "Does the pattern match somewhere in the text? `^` and `$` tie it to the ends.",
    },
    FunctionDoc {
        name: "optFlatMap",
        usage: "optional.optFlatMap(x, optional)",
        about: "As `optMap`, for something that may be absent itself.",
    },
    FunctionDoc {
        name: "optMap",
        usage: "optional.optMap(x, value)",
        about: "The value with `x` as what is there; absent if nothing is.",
    },
    FunctionDoc {
        name: "optional.none",
        usage: "optional.none()",
        about: "Absent.",
    },
    FunctionDoc {
        name: "optional.of",
        usage: "optional.of(value)",
        about: "The value as one that could be absent.",
    },
    FunctionDoc {
        name: "or",
        usage: "optional.or(optional)",
        about: "This optional, or the other one if this is absent.",
    },
    FunctionDoc {
        name: "orValue",
        usage: "optional.orValue(value)",
        about: "What is there, or the value if it is absent. An empty text is there; see `default`.",
    },
    FunctionDoc {
        name: "replace",
        usage: "text.replace(old, new)",
        about: "The text with every `old` replaced.",
    },
    FunctionDoc {
        name: "replaceMatches",
        usage: "text.replaceMatches(r\"pattern\", new)",
        about: "The text with every match replaced; `$1` stands for the first group.",
    },
    FunctionDoc {
        name: "size",
        usage: "value.size()",
        about: "How many characters the text has, or elements the list. Also `size(value)`.",
    },
    FunctionDoc {
        name: "split",
        usage: "text.split(separator)",
        about: "The parts between the separators; with the empty text the characters.",
    },
    FunctionDoc {
        name: "startsWith",
        usage: "text.startsWith(part)",
        about: "Does the text begin with the part?",
    },
    FunctionDoc {
        name: "string",
        usage: "string(value)",
        about: "The value as a text.",
    },
    FunctionDoc {
        name: "substring",
        usage: "text.substring(from, to)",
        about: "The characters from one place up to another, both counted from 0; without `to`, up to the end. What is beyond the end is left out.",
    },
    FunctionDoc {
        name: "titleCase",
        usage: "text.titleCase()",
        about: "The text with each word's first letter large and the rest small.",
    },
    FunctionDoc {
        name: "trim",
        usage: "text.trim()",
        about: "The text without white space at both ends.",
    },
    FunctionDoc {
        name: "upper",
        usage: "text.upper()",
        about: "The text in capitals.",
    },
    FunctionDoc {
        name: "value",
        usage: "optional.value()",
        about: "What is there; an error if it is absent.",
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::function::SIGNATURES;
    use super::*;

    #[test]
    fn every_function_is_documented_once_in_order() {
        let documented: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
        let signed: BTreeSet<&str> = SIGNATURES.iter().map(|signature| signature.name).collect();
        assert_eq!(documented, signed.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn the_usage_of_a_function_names_it() {
        for function in FUNCTIONS {
            assert!(
                function.usage.contains(&format!("{}(", function.name)),
                "{}",
                function.usage
            );
            assert!(function.about.ends_with(['.', '?']), "{}", function.about);
        }
    }
}
