//! A user as expressions see it.
//!
//! Promises to copy nothing: texts are borrowed from the user, the list of groups is made once, on
//! first use. Leaves what an expression does with them to the evaluation.

use std::sync::{Arc, OnceLock};

use cel::ExecutionError;
use cel::common::traits::Indexer;
use cel::common::types::{CelBool, CelList, CelString, Type};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;

use crate::core::user::User;

/// The parts of a user that are always called the same, whatever the source: they hide attributes of
/// the same name, which are still found under `user.all`.
pub(super) const OWN_PARTS: [&str; 6] = ["all", "disabled", "groups", "key", "label", "manager"];

/// A user, ready for many expressions.
pub struct Subject<'a> {
    user: &'a User,
    groups: &'a [Arc<str>],
    view: UserView<'a>,
}

impl<'a> Subject<'a> {
    /// Binds a user and the names of the groups that the user is in.
    #[must_use]
    pub fn new(user: &'a User, groups: &'a [Arc<str>]) -> Self {
        let view = UserView {
            user,
            groups,
            all: AllView { user },
            names: OnceLock::new(),
        };
        Self { user, groups, view }
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &User {
        self.user
    }

    /// The names of the groups.
    #[must_use]
    pub fn groups(&self) -> &[Arc<str>] {
        self.groups
    }
}

impl VariableResolver for Subject<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        (variable == "user").then_some(CowVal::Borrowed(&self.view))
    }
}

static USER: Type = Type::new_unspecified_type("user");
static ALL: Type = Type::new_unspecified_type("user.all");

/// `user`.
#[derive(Debug)]
struct UserView<'a> {
    user: &'a User,
    groups: &'a [Arc<str>],
    all: AllView<'a>,
    names: OnceLock<CelList<'a>>,
}

/// `user.all`.
#[derive(Clone, Debug)]
struct AllView<'a> {
    user: &'a User,
}

impl<'a> UserView<'a> {
    /// The names of the groups as a list, made on first use.
    fn names(&self) -> &CelList<'a> {
        self.names.get_or_init(|| listed(self.groups))
    }
}

fn listed<'a>(texts: &'a [Arc<str>]) -> CelList<'a> {
    let items: Vec<Box<dyn Val + 'a>> = texts
        .iter()
        .map(|text| Box::new(CelString::from(&**text)) as Box<dyn Val + 'a>)
        .collect();
    CelList::from(items)
}

fn text<'b>(text: &str) -> CowVal<'b, '_> {
    CowVal::owned(CelString::from(text))
}

fn asked(field: &dyn Val) -> Result<&str, ExecutionError> {
    let name = field.downcast_ref::<CelString>().map(CelString::inner);
    name.ok_or_else(|| {
        ExecutionError::function_error("user", "is asked for something without a name")
    })
}

impl<'a> Indexer for UserView<'a> {
    fn get<'b, 'v>(&'b self, field: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let user: &'a User = self.user;
        let name = asked(field)?;
        let found = match name {
            "all" => Some(CowVal::Borrowed(&self.all as &dyn Val)),
            "groups" => Some(CowVal::Borrowed(self.names() as &dyn Val)),
            "disabled" => Some(CowVal::owned(CelBool::from(user.disabled))),
            "key" => Some(text(&user.key.id)),
            "label" => Some(text(&user.label)),
            "manager" => user.manager.as_ref().map(|manager| text(&manager.id)),
            attribute => user.first(attribute).map(text),
        };
        found.ok_or_else(|| ExecutionError::no_such_key(&format!("user.{name}")))
    }

    fn steal<'v>(self: Box<Self>, field: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(field).map(CowVal::into_owned)
    }
}

impl Indexer for AllView<'_> {
    fn get<'b, 'v>(&'b self, field: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name = asked(field)?;
        match self.user.attributes.get(name) {
            Some(values) => Ok(CowVal::owned(listed(values))),
            None => Err(ExecutionError::no_such_key(&format!("user.all.{name}"))),
        }
    }

    fn steal<'v>(self: Box<Self>, field: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(field).map(CowVal::into_owned)
    }
}

impl Val for UserView<'_> {
    fn get_type(&self) -> &Type {
        &USER
    }

    fn cel_type() -> &'static Type {
        &USER
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        let (user, groups) = (self.user, self.groups);
        Box::new(UserView {
            user,
            groups,
            all: self.all.clone(),
            names: OnceLock::new(),
        })
    }
}

impl Val for AllView<'_> {
    fn get_type(&self) -> &Type {
        &ALL
    }

    fn cel_type() -> &'static Type {
        &ALL
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }
}
