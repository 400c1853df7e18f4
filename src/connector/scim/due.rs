//! Which of the changes asked for are to be sent, and where they go.
//!
//! Promises that nothing is sent that the app does not take, never gives up or does not hold any
//! more. Leaves the wording to [`super::patch`] and [`super::put`].

use super::node::Object;
use super::operation::Op;
use super::path::Place;
use super::resource;
use crate::core::account::Account;
use crate::core::attribute::{AttrChange, Value};
use crate::core::fault::Fault;
use crate::core::profile::{AttributeRule, Clearing, Profile, PutAbsent, UpdateForm};

/// A change that is to be sent, with where it goes.
#[derive(Debug)]
pub struct Due<'a> {
    /// Where it goes.
    pub place: Place<'a>,
    /// What the app asks of it.
    pub rule: &'a AttributeRule,
    /// The new value; none clears it.
    pub new: Option<&'a Value>,
    /// How it is cleared.
    pub clear: Clearing,
    /// Does the app hold a value? `None`: nobody looked.
    held: Option<bool>,
}

impl Due<'_> {
    /// Makes the change in a resource.
    ///
    /// # Errors
    /// When the value names an account that is not known yet.
    pub fn apply(&self, resource: &mut Object) -> Result<(), Fault> {
        if let Some(value) = self.new {
            return resource::set(resource, &self.place, self.rule, value);
        }
        resource::clear(resource, &self.place, self.rule.kind, self.clear);
        Ok(())
    }

    /// `add` where the app is known to hold nothing, else `replace`.
    pub fn op(&self) -> Op {
        match self.held {
            Some(false) => Op::Add,
            Some(true) | None => Op::Replace,
        }
    }

    /// Does the value go without anything in its place?
    pub fn is_removal(&self) -> bool {
        self.new.is_none() && self.clear == Clearing::Remove
    }
}

/// The changes that are to be sent: no attribute that the app does not take, none that is never
/// cleared, and none that is cleared already.
pub fn due<'a>(
    changes: &'a [AttrChange],
    profile: &'a Profile,
    present: Option<&Account>,
) -> Vec<Due<'a>> {
    changes
        .iter()
        .filter_map(|change| {
            let rule = profile.rule(&change.name)?;
            let held = match present {
                Some(account) if !rule.write_only => {
                    Some(account.attributes.contains_key(&change.name))
                }
                Some(_) | None => change.old.is_some().then_some(true),
            };
            let idle =
                change.new.is_none() && (rule.clear == Clearing::Never || held == Some(false));
            let place = Place::of(&change.name, rule);
            (!idle && !place.is_reserved()).then_some(Due {
                place,
                rule,
                new: change.new.as_ref(),
                clear: clearing(rule, profile),
                held,
            })
        })
        .collect()
}

/// How a value is taken away: where a PUT keeps what it does not name, by naming it.
fn clearing(rule: &AttributeRule, profile: &Profile) -> Clearing {
    let keeps =
        profile.users.update == UpdateForm::Put && profile.users.put_absent == PutAbsent::Kept;
    match rule.clear {
        Clearing::Remove if keeps => Clearing::Null,
        other => other,
    }
}
