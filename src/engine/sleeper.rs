//! Accounts that are off and that a POST of all their values brings back.
//!
//! Promises that the account has the names by which the request is to find it, as far as the app lets us
//! give them, and that one which may be back already is looked for before it is called again. Leaves to
//! [`super::apply`] what becomes of the old account where the app makes another one all the same.

use super::perform::{Effects, Look, Result, Scene};
use crate::core::account::Account;
use crate::core::attribute::{AttrChange, Attributes};
use crate::core::change::ActionKind;
use crate::core::correlate::{key_prints, was_made_with};
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::UserKey;

impl Scene<'_> {
    /// Brings an account back by making it again: the app knows it by its values. When the answer to
    /// an earlier request was lost, it may be back already.
    pub(super) async fn revive(
        &self,
        user: &UserKey,
        changes: &[AttrChange],
        look_first: Option<Look>,
    ) -> std::result::Result<Result, Fault> {
        let desired = self.desired.get(user).and_then(|one| one.attributes());
        let wanted = desired.map_or_else(Attributes::new, |all| self.resolved(all));
        if let Some(why) = look_first
            && let Some(found) = self.look_back(user, &wanted, why).await?
        {
            return Ok(found);
        }
        let made = match self.name_sleeper(user, changes).await {
            Ok(()) => self.target.app.create(&wanted).await,
            Err(fault) => Err(fault),
        };
        match made {
            Ok(account) => Ok(Result::Done(Effects::Changed {
                set: wanted,
                cleared: Vec::new(),
                account: Some(account),
                activated: true,
            })),
            Err(fault) if fault.kind == FaultKind::Conflict => {
                let found = self.look_back(user, &wanted, Look::Conflict).await?;
                Ok(found.unwrap_or_else(|| Result::Park {
                    reason: format!("{fault}, and the old account is off"),
                    hint:
                        "switch the account on in the app, or correct the value that another one \
                           holds"
                            .into(),
                }))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Gives an account that is off the names by which a POST is to find it: by an older one the app
    /// would not know it, and make a second. An app that lets nobody change it, or does not show it,
    /// has to know it by what it keeps.
    async fn name_sleeper(
        &self,
        user: &UserKey,
        changes: &[AttrChange],
    ) -> std::result::Result<(), Fault> {
        let id = &self.link(user)?.id;
        let matching = &self.target.rules.profile.users.matching;
        let names: Vec<AttrChange> = changes
            .iter()
            .filter(|change| change.new.is_some() && matching.contains(&change.name))
            .filter_map(|change| self.resolved_change(change))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let app = &self.target.app;
        match app.update(id, &names, false, self.as_read(id)).await {
            Ok(_) => Ok(()),
            Err(fault) if is_no(&fault) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Looks whether somebody's account is on again, or gone, or whether another one is there that a
    /// request for it has made: whose account a POST means is for the app to say. One that was there all
    /// the time and only shares a value with them is left alone.
    async fn look_back(
        &self,
        user: &UserKey,
        wanted: &Attributes,
        why: Look,
    ) -> std::result::Result<Option<Result>, Fault> {
        match self.target.app.account(&self.link(user)?.id).await? {
            Some(account) if account.active => Ok(Some(Result::Found(back(account)))),
            Some(_) if why == Look::Unread => Ok(None),
            Some(_) => {
                let is_made = |account: &Account| self.was_made_for(user, account);
                self.look(user, wanted, why, is_made).await
            }
            None => self.look(user, wanted, why, |_| true).await,
        }
    }

    /// Has a POST for this user made the account? It holds what that was sent with.
    fn was_made_for(&self, user: &UserKey, account: &Account) -> bool {
        let profile = &self.target.rules.profile;
        let mut sent = self.state.doubtful_creates_of(user);
        let sent = sent.find(|job| job.action == ActionKind::Reactivate && !job.is_untraceable());
        let now = key_prints(profile, self.key, self.keys(user));
        let made_with = |prints| was_made_with(profile, self.key, prints, account);
        made_with(&now) || sent.is_some_and(|job| made_with(&job.keys))
    }
}

/// Does the app do this with no account that is off, or with none that it shows?
fn is_no(fault: &Fault) -> bool {
    fault.effect == Effect::None
        && matches!(
            fault.kind,
            FaultKind::Missing | FaultKind::Rejected | FaultKind::Unsupported
        )
}

/// An account that is on again, whatever it holds: the next read shows that.
fn back(account: Account) -> Effects {
    Effects::Changed {
        set: Attributes::new(),
        cleared: Vec::new(),
        account: Some(account),
        activated: true,
    }
}
