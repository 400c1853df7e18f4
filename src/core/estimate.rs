//! How long changes take at least, at the pace that an app allows.
//!
//! Promises a lower bound: requests that look something up, answers that take their time and pauses
//! that the app asks for come on top. Leaves keeping the pace to the limiter.

use std::time::Duration;

use super::change::ActionKind;
use super::profile::{Bucket, DeactivateBy, Profile, Resource, UpdateForm};

/// The least that some changes take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// How long.
    pub time: Duration,
    /// The limit that makes it so: so many requests…
    pub limit: u32,
    /// … in so long.
    pub per: Duration,
}

impl Estimate {
    /// Of changes, each with its size: members count one by one, everything else is 1. `None` where
    /// the app allows it all at once.
    #[must_use]
    pub fn of(
        profile: &Profile,
        changes: impl IntoIterator<Item = (ActionKind, usize)>,
    ) -> Option<Self> {
        let writes: Vec<Write> = changes
            .into_iter()
            .filter_map(|(kind, size)| Write::of(profile, kind, size))
            .collect();
        let buckets = profile.rates.buckets.iter();
        buckets
            .filter(|bucket| bucket.limit > 0 && bucket.larger_than.is_none())
            .map(|bucket| Self::by(bucket, &writes))
            .filter(|estimate| !estimate.time.is_zero())
            .max_by_key(|estimate| estimate.time)
    }

    fn by(bucket: &Bucket, writes: &[Write]) -> Self {
        let counted = writes.iter().filter(|write| write.counts_in(bucket));
        let requests: usize = counted.map(|write| write.requests).sum();
        let waiting = requests.saturating_sub(bucket.burst as usize);
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
        Self {
            time: bucket.per.saturating_mul(waiting) / bucket.limit,
            limit: bucket.limit,
            per: bucket.per,
        }
    }
}

/// Requests of one kind that change something.
struct Write {
    method: &'static str,
    resource: Resource,
    requests: usize,
}

impl Write {
    /// `None`: nothing is sent for it.
    fn of(profile: &Profile, kind: ActionKind, size: usize) -> Option<Self> {
        let (users, groups) = (&profile.users, &profile.groups);
        let one = |method, resource| {
            Some(Self {
                method,
                resource,
                requests: 1,
            })
        };
        match kind {
            ActionKind::Adopt | ActionKind::Rekey | ActionKind::AdoptGroup => None,
            ActionKind::Create => one("POST", Resource::Users),
            ActionKind::Update | ActionKind::Reactivate => {
                one(changing(users.update)?, Resource::Users)
            }
            ActionKind::Deactivate => match users.deactivate.by {
                DeactivateBy::Active => one(changing(users.update)?, Resource::Users),
                DeactivateBy::Delete => one("DELETE", Resource::Users),
                DeactivateBy::None => None,
            },
            ActionKind::Delete => one("DELETE", Resource::Users),
            ActionKind::CreateGroup => one("POST", Resource::Groups),
            ActionKind::RenameGroup => one(changing(groups.update)?, Resource::Groups),
            ActionKind::DeleteGroup => one("DELETE", Resource::Groups),
            ActionKind::AddMembers | ActionKind::RemoveMembers => Some(Self {
                method: changing(groups.update)?,
                resource: Resource::Groups,
                requests: match groups.update {
                    UpdateForm::Patch => size.div_ceil(groups.chunk.max(1)),
                    UpdateForm::Put | UpdateForm::None => 1,
                },
            }),
        }
    }

    fn counts_in(&self, bucket: &Bucket) -> bool {
        let methods = &bucket.methods;
        (methods.is_empty() || methods.iter().any(|name| name == self.method))
            && bucket
                .resource
                .is_none_or(|resource| resource == self.resource)
    }
}

fn changing(form: UpdateForm) -> Option<&'static str> {
    match form {
        UpdateForm::Patch => Some("PATCH"),
        UpdateForm::Put => Some("PUT"),
        UpdateForm::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::plan::scene::profile;

    fn bucket(methods: &[&str], limit: u32, per: Duration, burst: u32) -> Bucket {
        Bucket {
            methods: methods.iter().map(ToString::to_string).collect(),
            resource: None,
            larger_than: None,
            limit,
            per,
            burst,
        }
    }

    fn minutes(buckets: Vec<Bucket>, changes: &[(ActionKind, usize)]) -> Option<u64> {
        let mut profile = profile();
        profile.rates.buckets = buckets;
        let estimate = Estimate::of(&profile, changes.iter().copied())?;
        Some(estimate.time.as_secs().div_ceil(60))
    }

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_first_sync_takes_as_long_as_the_app_wants() {
        let joiners = vec![(ActionKind::Create, 1); 10_000];
        let allowed = || bucket(&[], 180, MINUTE, 1);
        assert_eq!(minutes(vec![allowed()], &joiners), Some(56));
        let slower = bucket(&["POST"], 60, MINUTE, 60);
        assert_eq!(minutes(vec![allowed(), slower], &joiners), Some(166));
        let others = bucket(&["DELETE"], 1, MINUTE, 1);
        assert_eq!(minutes(vec![allowed(), others], &joiners), Some(56));
    }

    #[test]
    fn members_go_in_parts_and_adopting_costs_nothing() {
        let adopted = vec![(ActionKind::Adopt, 1); 10_000];
        let slow = || vec![bucket(&[], 1, MINUTE, 1)];
        assert_eq!(minutes(slow(), &adopted), None);
        assert_eq!(minutes(slow(), &[(ActionKind::AddMembers, 450)]), Some(4));
        assert_eq!(minutes(slow(), &[(ActionKind::Create, 1)]), None);
    }

    #[test]
    fn without_a_limit_nobody_can_tell() {
        let joiners = vec![(ActionKind::Create, 1); 10_000];
        assert_eq!(minutes(Vec::new(), &joiners), None);
        let large = Bucket {
            larger_than: Some(1 << 20),
            ..bucket(&[], 1, MINUTE, 1)
        };
        assert_eq!(minutes(vec![large], &joiners), None);
    }
}
