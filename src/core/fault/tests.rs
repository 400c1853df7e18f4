//! What follows each kind of failure, and how it is told.

use std::time::Duration;

use super::{Afterwards, Disposition, Effect, Fault, FaultKind, RUNS, Stake, afterwards, dispose};
use crate::core::profile::RetryPolicy;

const EVERY: [FaultKind; 17] = [
    FaultKind::Unreachable,
    FaultKind::Untrusted,
    FaultKind::TimedOut,
    FaultKind::Throttled,
    FaultKind::Unavailable,
    FaultKind::Unauthenticated,
    FaultKind::Forbidden,
    FaultKind::Missing,
    FaultKind::Conflict,
    FaultKind::Rejected,
    FaultKind::Unsupported,
    FaultKind::Misdirected,
    FaultKind::Garbled,
    FaultKind::Unready,
    FaultKind::NoSeat,
    FaultKind::Guarded,
    FaultKind::Paused,
];

fn fault(kind: FaultKind, effect: Effect) -> Fault {
    Fault::new(kind, effect, "")
}

/// What follows the try number `attempt`, without jitter.
fn after(fault: &Fault, attempt: u32) -> Disposition {
    dispose(fault, attempt, &RetryPolicy::default(), 1.0)
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn each_kind_has_its_answer() {
    let table: Vec<String> = EVERY
        .into_iter()
        .map(|kind| format!("{kind:?}: {:?}", after(&fault(kind, Effect::None), 1)))
        .collect();
    assert_eq!(
        table,
        [
            "Unreachable: Retry(1s)",
            "Untrusted: StopTarget",
            "TimedOut: Retry(1s)",
            "Throttled: Retry(1s)",
            "Unavailable: Retry(1s)",
            "Unauthenticated: StopTarget",
            "Forbidden: Park",
            "Missing: FindAgain",
            "Conflict: LookUpConflict",
            "Rejected: Park",
            "Unsupported: Park",
            "Misdirected: StopTarget",
            "Garbled: Retry(1s)",
            "Unready: StopTarget",
            "NoSeat: HoldCreates",
            "Guarded: Park",
            "Paused: StopTarget",
        ]
    );
}

#[test]
fn where_the_app_may_have_acted_we_look_before_we_send_again() {
    for kind in EVERY {
        let (sure, unsure) = (fault(kind, Effect::None), fault(kind, Effect::Unknown));
        match after(&sure, 2) {
            Disposition::Retry(pause) => {
                assert_eq!(after(&unsure, 2), Disposition::LookFirst(pause), "{kind:?}");
            }
            other => assert_eq!(after(&unsure, 2), other, "{kind:?}"),
        }
    }
}

#[test]
fn pauses_grow_until_it_is_enough_for_one_run() {
    let fault = fault(FaultKind::Unavailable, Effect::None);
    let follows: Vec<Disposition> = (1..=7).map(|attempt| after(&fault, attempt)).collect();
    let pauses = [1, 2, 4, 8, 16].map(|pause| Disposition::Retry(pause * SECOND));
    assert_eq!(follows[..5], pauses);
    assert_eq!(
        follows[5..],
        [Disposition::GiveUpForNow, Disposition::GiveUpForNow]
    );
}

#[test]
fn the_draw_shortens_our_pause_and_never_the_one_that_the_app_asks_for() {
    let policy = RetryPolicy::default();
    let mut fault = fault(FaultKind::Throttled, Effect::None);
    let pause = |fault: &Fault, draw| dispose(fault, 3, &policy, draw);
    assert_eq!(pause(&fault, 0.5), Disposition::Retry(2 * SECOND));
    fault.retry_after = Some(3 * SECOND);
    assert_eq!(pause(&fault, 0.0), Disposition::Retry(3 * SECOND));
    assert_eq!(pause(&fault, 1.0), Disposition::Retry(4 * SECOND));
}

#[test]
fn an_app_that_asks_for_more_than_a_run_may_wait_gets_it() {
    let policy = RetryPolicy::default();
    let mut fault = fault(FaultKind::Throttled, Effect::None);
    fault.retry_after = Some(policy.patience);
    assert_eq!(after(&fault, 1), Disposition::Retry(policy.patience));
    fault.retry_after = Some(policy.patience + SECOND);
    assert_eq!(after(&fault, 1), Disposition::StopTarget);
    assert_eq!(after(&fault, 9), Disposition::StopTarget);
}

#[test]
fn every_kind_is_told_in_its_own_words() {
    let told: Vec<String> = EVERY
        .into_iter()
        .map(|kind| fault(kind, Effect::None).to_string())
        .collect();
    assert_eq!(
        told,
        [
            "the app cannot be reached",
            "the app's certificate is not trusted",
            "the app did not answer in time",
            "the app asked us to slow down",
            "the app is not able to answer now",
            "the app refused our credentials",
            "the app does not allow us to do this",
            "the app does not have this any more",
            "the app has another one with the same unique value",
            "the app refused the request",
            "the app cannot do this",
            "the answer did not come from a SCIM service",
            "the app's answer cannot be understood",
            "the target cannot be used",
            "the app has no seat left",
            "the app guards this account",
            "provisioning is switched off in the app",
        ]
    );
}

#[test]
fn status_and_the_apps_own_words_follow() {
    let mut fault = Fault::new(FaultKind::Rejected, Effect::None, "title is too long");
    assert_eq!(
        fault.to_string(),
        "the app refused the request: title is too long"
    );
    fault.status = Some(400);
    assert_eq!(
        fault.to_string(),
        "the app refused the request (400): title is too long"
    );
}

/// What a site sees of each of the nine ways to fail: our kinds of it, what a run does about it, and what
/// becomes of the record.
#[test]
fn the_nine_faults_and_what_becomes_of_them() {
    let nine: [(&str, &[FaultKind], Effect); 9] = [
        ("throttled", &[FaultKind::Throttled], Effect::None),
        (
            "unavailable",
            &[FaultKind::Unreachable, FaultKind::Unavailable],
            Effect::None,
        ),
        (
            "refused",
            &[
                FaultKind::Unauthenticated,
                FaultKind::Untrusted,
                FaultKind::Misdirected,
                FaultKind::Unready,
                FaultKind::Paused,
            ],
            Effect::None,
        ),
        (
            "denied",
            &[FaultKind::Forbidden, FaultKind::Guarded],
            Effect::None,
        ),
        (
            "conflict",
            &[FaultKind::Conflict, FaultKind::NoSeat],
            Effect::None,
        ),
        ("missing", &[FaultKind::Missing], Effect::None),
        ("invalid", &[FaultKind::Rejected], Effect::None),
        ("unsupported", &[FaultKind::Unsupported], Effect::None),
        (
            "unsure",
            &[FaultKind::TimedOut, FaultKind::Garbled],
            Effect::Unknown,
        ),
    ];
    let mut named: Vec<FaultKind> = Vec::new();
    let mut table = String::new();
    for (name, kinds, effect) in nine {
        for kind in kinds {
            let fault = fault(*kind, effect);
            let now = in_words(&after(&fault, 1));
            let later = afterwards(
                &fault,
                6 * RUNS,
                &RetryPolicy::default(),
                Stake::Change,
                1.0,
            );
            let later = match later {
                Afterwards::Rest(_) => "rests",
                Afterwards::Park => "parked",
            };
            table.push_str(&format!(
                "{name:<12} {:<16} {now:<35} {later}\n",
                format!("{kind:?}")
            ));
            named.push(*kind);
        }
    }
    for kind in EVERY {
        assert_eq!(
            named.iter().filter(|one| **one == kind).count(),
            1,
            "{kind:?}"
        );
    }
    insta::assert_snapshot!(table, @r"
    throttled    Throttled        again after 1s                      rests
    unavailable  Unreachable      again after 1s                      rests
    unavailable  Unavailable      again after 1s                      parked
    refused      Unauthenticated  the target stops                    rests
    refused      Untrusted        the target stops                    rests
    refused      Misdirected      the target stops                    rests
    refused      Unready          the target stops                    rests
    refused      Paused           the target stops                    rests
    denied       Forbidden        parked at once                      parked
    denied       Guarded          parked at once                      parked
    conflict     Conflict         looked up by every match key        parked
    conflict     NoSeat           joiners wait, leavers go on         rests
    missing      Missing          found again by the next full run    parked
    invalid      Rejected         parked at once                      parked
    unsupported  Unsupported      parked at once                      parked
    unsure       TimedOut         looked for after 1s, then sent      parked
    unsure       Garbled          looked for after 1s, then sent      parked
    ");
}

fn in_words(disposition: &Disposition) -> String {
    match disposition {
        Disposition::Retry(pause) => format!("again after {pause:?}"),
        Disposition::LookFirst(pause) => format!("looked for after {pause:?}, then sent"),
        Disposition::LookUpConflict => "looked up by every match key".into(),
        Disposition::FindAgain => "found again by the next full run".into(),
        Disposition::StopTarget => "the target stops".into(),
        Disposition::Park => "parked at once".into(),
        Disposition::GiveUpForNow => "enough for this run".into(),
        Disposition::HoldCreates => "joiners wait, leavers go on".into(),
    }
}

#[test]
fn a_record_rests_longer_from_run_to_run_and_then_waits_for_a_person() {
    let fault = fault(FaultKind::Unavailable, Effect::None);
    let policy = RetryPolicy::default();
    let rest = |runs: u32| afterwards(&fault, runs * policy.attempts, &policy, Stake::Change, 1.0);
    let minutes = |count| Afterwards::Rest(Duration::from_mins(count));
    let pauses: Vec<Afterwards> = (1..RUNS).map(rest).collect();
    assert_eq!(
        pauses,
        [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360].map(minutes)
    );
    assert_eq!(rest(RUNS), Afterwards::Park);
    assert_eq!(
        afterwards(&fault, 1, &policy, Stake::Change, 1.0),
        minutes(1)
    );
}

#[test]
fn whoever_leaves_is_tried_every_ten_minutes_for_as_long_as_it_takes() {
    let policy = RetryPolicy::default();
    let leaving = |attempts| {
        let fault = fault(FaultKind::Unavailable, Effect::None);
        afterwards(&fault, attempts, &policy, Stake::Leaving, 1.0)
    };
    assert_eq!(leaving(1), Afterwards::Rest(Duration::from_mins(1)));
    assert_eq!(leaving(60_000), Afterwards::Rest(Duration::from_mins(10)));
}

#[test]
fn what_may_have_been_made_is_never_parked_but_looked_for() {
    let policy = RetryPolicy::default();
    for kind in EVERY {
        let fault = fault(kind, Effect::Unknown);
        let later = afterwards(&fault, 6 * RUNS, &policy, Stake::Doubt, 1.0);
        assert_eq!(later, Afterwards::Rest(Duration::from_hours(6)), "{kind:?}");
    }
}
