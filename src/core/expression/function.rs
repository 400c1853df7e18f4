//! The functions that expressions may call: how they are called and what they give.
//!
//! Promises that nothing else can be called. Leaves what they do to the files of the functions, and
//! what a person reads about them to [`super::documentation`].

use super::kind::Kind;

/// What a method does when it is called on an absent value (`user.?mail.lower()`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// It is absent too.
    Stays,
    /// It says no.
    IsFalse,
    /// It is made for that.
    IsAsked,
    /// It cannot.
    IsRefused,
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `f(x)`.
    Plain,
    /// `x.f()`, `x` being one of these kinds.
    Method(&'static [Kind]),
    /// A rewriting: what it is called on and with was not what the rewriting takes.
    Rewritten,
}

/// How a function is called and what it gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) form: Form,
    /// The kinds of its arguments, the optional ones last.
    pub(super) takes: &'static [Kind],
    /// How many of them it needs.
    pub(super) needs: usize,
    /// May the last argument be repeated?
    pub(super) repeats: bool,
    pub(super) gives: Kind,
    pub(super) absence: Absence,
}

use Kind::{Any, Bool, Map, Maybe, Number, Text, Texts};

const TEXT: &[Kind] = &[Text];
const LIST: &[Kind] = &[Texts];
const SIZED: &[Kind] = &[Text, Texts, Map];
const ITERABLE: &[Kind] = &[Texts, Map];
const OPTIONAL: &[Kind] = &[Maybe];

const fn method(
    name: &'static str,
    on: &'static [Kind],
    takes: &'static [Kind],
    gives: Kind,
    absence: Absence,
) -> Signature {
    let (form, needs) = (Form::Method(on), takes.len());
    Signature {
        name,
        form,
        takes,
        needs,
        repeats: false,
        gives,
        absence,
    }
}

const fn plain(name: &'static str, takes: &'static [Kind], gives: Kind) -> Signature {
    let (form, needs, absence) = (Form::Plain, takes.len(), Absence::IsRefused);
    Signature {
        name,
        form,
        takes,
        needs,
        repeats: false,
        gives,
        absence,
    }
}

const fn rewritten(name: &'static str, takes: &'static [Kind], repeats: bool) -> Signature {
    let (form, absence) = (Form::Rewritten, Absence::IsAsked);
    Signature {
        name,
        form,
        takes,
        needs: takes.len(),
        repeats,
        gives: Any,
        absence,
    }
}

/// The signature with some arguments optional.
const fn needing(needs: usize, signature: Signature) -> Signature {
    Signature { needs, ..signature }
}

use Absence::{IsAsked, IsFalse, IsRefused, Stays};

/// Every signature. A name may have one as a function and one as a method.
pub(super) const SIGNATURES: &[Signature] = &[
    method("lower", TEXT, &[], Text, Stays),
    method("upper", TEXT, &[], Text, Stays),
    method("titleCase", TEXT, &[], Text, Stays),
    method("trim", TEXT, &[], Text, Stays),
    method("ascii", TEXT, &[], Text, Stays),
    needing(1, method("substring", TEXT, &[Number, Number], Text, Stays)),
    method("split", TEXT, &[Text], Texts, Stays),
    method("replace", TEXT, &[Text, Text], Text, Stays),
    method("replaceMatches", TEXT, &[Text, Text], Text, Stays),
    needing(1, method("extract", TEXT, &[Text, Number], Text, Stays)),
    method("emailLocal", TEXT, &[], Text, Stays),
    method("emailDomain", TEXT, &[], Text, Stays),
    method("formatDate", TEXT, &[Text], Text, Stays),
    plain("formatDate", &[Text, Text], Text),
    method("startsWith", TEXT, &[Text], Bool, IsFalse),
    method("endsWith", TEXT, &[Text], Bool, IsFalse),
    method("contains", TEXT, &[Text], Bool, IsFalse),
    method("matches", TEXT, &[Text], Bool, IsFalse),
    method("join", LIST, &[Text], Text, Stays),
    method("first", LIST, &[], Any, Stays),
    method("size", SIZED, &[], Number, IsRefused),
    plain("size", &[Any], Number),
    plain("string", &[Any], Text),
    plain("int", &[Any], Number),
    plain("double", &[Any], Number),
    plain("bool", &[Any], Bool),
    method("orValue", OPTIONAL, &[Any], Any, IsAsked),
    method("or", OPTIONAL, &[Maybe], Maybe, IsAsked),
    method("hasValue", OPTIONAL, &[], Bool, IsAsked),
    method("value", OPTIONAL, &[], Any, IsAsked),
    plain("optional.of", &[Any], Maybe),
    plain("optional.none", &[], Maybe),
    rewritten("coalesce", &[Any], true),
    rewritten("inGroup", &[Text], true),
    rewritten("default", &[Any], false),
    rewritten("has", &[Any], false),
    rewritten("exists", &[Any, Bool], false),
    rewritten("all", &[Any, Bool], false),
    rewritten("exists_one", &[Any, Bool], false),
    rewritten("filter", &[Any, Bool], false),
    needing(2, rewritten("map", &[Any, Any, Any], false)),
    rewritten("optMap", &[Any, Any], false),
    rewritten("optFlatMap", &[Any, Any], false),
];

/// What can be looped over.
pub(super) fn is_iterable(kind: Kind) -> bool {
    ITERABLE.iter().any(|wanted| kind.may_be(*wanted))
}

/// What a function does on an absent value.
pub(super) fn on_absence(name: &str) -> Absence {
    let method = SIGNATURES
        .iter()
        .find(|signature| signature.name == name && matches!(signature.form, Form::Method(_)));
    method.map_or(Absence::IsRefused, |signature| signature.absence)
}
