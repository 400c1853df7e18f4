//! Stories of troubles: how they come up, and how they end.

use insta::assert_snapshot;

use super::*;
use crate::daemon::board::{Ended, Pause, Trouble as Failing};
use crate::show::notice::text;

fn start() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().expect("a time")
}

fn at(minutes: u64) -> Timestamp {
    start() + Duration::from_mins(minutes)
}

/// A day on which everything is well: one source, one target.
struct Day {
    ledger: Ledger,
    board: Board,
}

impl Day {
    fn begun() -> Self {
        let mut board = Board::begun(start());
        let hq = SourceBoard {
            whole: Some(start()),
            last: Some(start()),
            ..SourceBoard::default()
        };
        board.sources.insert("hq".into(), hq);
        board.targets.insert("wiki".into(), TargetBoard::default());
        let mut day = Self {
            ledger: Ledger::default(),
            board,
        };
        day.wiki().last = Some(Ended {
            at: start(),
            run: "r1".into(),
            outcome: "in line".into(),
            took: Duration::ZERO,
        });
        day
    }

    fn wiki(&mut self) -> &mut TargetBoard {
        self.board
            .targets
            .get_mut(&"wiki".into())
            .expect("it was put there")
    }

    fn hq(&mut self) -> &mut SourceBoard {
        self.board
            .sources
            .get_mut(&"hq".into())
            .expect("it was put there")
    }

    fn hear(&mut self, event: &Event, minutes: u64) -> String {
        self.ledger
            .hear(event, at(minutes))
            .map_or_else(String::new, |notice| text(&notice))
    }

    fn look(&mut self, minutes: u64) -> String {
        let notices = self
            .ledger
            .look(&self.board, ReadyConfig::default(), at(minutes));
        notices.iter().map(text).collect()
    }
}

fn held(hold: &str) -> Event {
    Event::Held {
        target: "wiki".into(),
        hold: hold.into(),
        lane: "leavers".into(),
        changes: 12,
    }
}

fn parked(label: &str) -> Event {
    Event::Parked {
        target: "wiki".into(),
        label: label.into(),
        reason: "two accounts fit".into(),
        hint: "rollcall import wiki".into(),
    }
}

#[test]
fn a_hold_is_told_once_and_its_end_once() {
    let mut day = Day::begun();
    assert_snapshot!(day.hear(&held("H-1"), 1), @r#"
    wiki: 12 changes of leavers, more than the guard allows in 24 hours; held until a person approves
      → if this is right: rollcall approve H-1 --because "…"

    rollcall, 2026-11-22 09:01 UTC
    "#);
    day.wiki().holds = 1;
    assert_eq!(day.hear(&held("H-1"), 2), "");
    assert_eq!(day.look(3), "");
    day.wiki().holds = 2;
    assert!(
        day.hear(&held("H-2"), 4).contains("approve H-2"),
        "another hold is another trouble"
    );
    day.wiki().holds = 1;
    assert_eq!(day.look(5), "", "one of two is left");
    day.wiki().holds = 0;
    assert_snapshot!(day.look(6), @r"
    wiki: nothing is held any more

    rollcall, 2026-11-22 09:06 UTC
    ");
    assert_eq!(day.look(7), "");
}

#[test]
fn a_hold_from_before_the_start_is_told_without_its_id() {
    let mut day = Day::begun();
    day.wiki().holds = 1;
    assert_snapshot!(day.look(1), @r"
    wiki: 1 hold of the guard waits for a person; nothing of it is sent until then
      → rollcall status

    rollcall, 2026-11-22 09:01 UTC
    ");
    assert_eq!(day.look(2), "");
}

#[test]
fn lanes_are_told_in_words() {
    let told = |lane: &str| {
        let notice = super::held(&"wiki".into(), "H-1", lane, 3, start());
        crate::show::notice::title(&notice)
    };
    let lanes = ["joiners", "members:a\nb", "reading:hq", "destroyed"];
    assert_snapshot!(lanes.map(told).join("\n"), @r"
    wiki: 3 changes of joiners, more than the guard allows in 24 hours; held until a person approves
    wiki: too many members of a; b would go; 3 changes held until a person approves
    wiki: the reading of hq is in doubt; 3 changes wait until a person says whether it is right
    wiki: 3 changes may delete the account; held until a person approves
    ");
}

#[test]
fn parked_changes_are_told_together() {
    let mut day = Day::begun();
    for label in ["asilva", "bkaya", "asilva"] {
        assert_eq!(day.hear(&parked(label), 1), "");
    }
    day.wiki().parked = 2;
    assert_snapshot!(day.look(2), @r"
    wiki: 2 changes wait for a person
      asilva: two accounts fit; rollcall import wiki
      bkaya: two accounts fit; rollcall import wiki
      → rollcall status

    rollcall, 2026-11-22 09:02 UTC
    ");
    assert_eq!(day.hear(&parked("asilva"), 3), "");
    assert_eq!(day.look(4), "", "it was told");
    day.hear(&parked("cmoreau"), 5);
    day.wiki().parked = 3;
    assert!(
        day.look(6)
            .starts_with("wiki: 1 change waits for a person\n  cmoreau: ")
    );
    day.wiki().parked = 0;
    assert_snapshot!(day.look(7), @r"
    wiki: no change waits for a person any more

    rollcall, 2026-11-22 09:07 UTC
    ");
    day.hear(&parked("asilva"), 8);
    day.wiki().parked = 1;
    assert!(day.look(9).contains("asilva"), "it is a new one");
}

#[test]
fn a_refused_credential_is_told_at_once_and_a_pause_after_an_hour() {
    let mut day = Day::begun();
    let refused = Event::Paused {
        target: "wiki".into(),
        until: None,
        reason: "the app refused our credentials (401)\n  hint: renew the token".into(),
        credential: true,
    };
    assert_snapshot!(day.hear(&refused, 1), @r"
    wiki: nothing is sent: the app refused our credentials (401); hint: renew the token
      → renew the credential, then: rollcall check

    rollcall, 2026-11-22 09:01 UTC
    ");
    let pause = Pause {
        since: at(1),
        until: Some(at(180)),
        reason: "the app asked us to slow down".into(),
    };
    day.wiki().pause = Some(pause.clone());
    assert_eq!(day.hear(&refused, 2), "");
    assert_eq!(day.look(90), "", "the credential was told");
    day.wiki().pause = None;
    assert_snapshot!(day.look(91), @r"
    wiki: changes are sent again

    rollcall, 2026-11-22 10:31 UTC
    ");
    day.wiki().pause = Some(Pause {
        since: at(100),
        ..pause
    });
    assert_eq!(day.look(160), "");
    assert_snapshot!(day.look(161), @r"
    wiki: nothing is sent since 10:40 UTC, until 12:00 UTC: the app asked us to slow down
      → rollcall status

    rollcall, 2026-11-22 11:41 UTC
    ");
    assert_eq!(day.look(162), "");
}

#[test]
fn a_credential_is_spoken_of_at_thirty_seven_and_one_day() {
    let mut day = Day::begun();
    day.wiki().expires = Some("2026-12-24".parse().expect("a day"));
    let mut told = String::new();
    for passed in 0..40 {
        let minutes = passed * 24 * 60;
        day.hq().whole = Some(at(minutes));
        for line in day
            .look(minutes)
            .lines()
            .filter(|line| line.starts_with("wiki"))
        {
            told.push_str(&format!("day {passed}: {line}\n"));
        }
    }
    assert_snapshot!(told, @r"
    day 2: wiki: our credential ends on 2026-12-24, in 30 days: renew it, and write the new day into `expires:`
    day 25: wiki: our credential ends on 2026-12-24, in 7 days: renew it, and write the new day into `expires:`
    day 31: wiki: our credential ends on 2026-12-24, in 1 day: renew it, and write the new day into `expires:`
    day 33: wiki: our credential ended on 2026-12-24: renew it, and write the new day into `expires:`
    ");
    day.wiki().expires = Some("2028-01-31".parse().expect("a day"));
    let minutes = 40 * 24 * 60;
    day.hq().whole = Some(at(minutes));
    assert!(
        day.look(minutes)
            .starts_with("wiki: the credential is renewed\n")
    );
}

#[test]
fn a_source_is_told_when_it_is_stale_or_fails_for_an_hour() {
    let mut day = Day::begun();
    assert_eq!(day.look(24 * 60), "");
    assert_snapshot!(day.look(24 * 60 + 1), @r"
    hq: the source was last read as a whole 1d 1m ago
      → rollcall check

    rollcall, 2026-11-23 09:01 UTC
    ");
    day.hq().whole = Some(at(24 * 60 + 2));
    assert_snapshot!(day.look(24 * 60 + 2), @r"
    hq: the source is read again

    rollcall, 2026-11-23 09:02 UTC
    ");
    day.hq().trouble = Some(Failing {
        since: at(24 * 60 + 3),
        problem: "error: ldap.example.com:636: refused\n  hint: is it up?".into(),
    });
    assert_eq!(day.look(24 * 60 + 63), "");
    assert_snapshot!(day.look(24 * 60 + 64), @r"
    hq: the source cannot be read since 09:03 UTC, so it changes nobody: error: ldap.example.com:636: refused; hint: is it up?
      → rollcall check

    rollcall, 2026-11-23 10:04 UTC
    ");
}

#[test]
fn a_source_that_was_never_read_has_as_long_as_any_other() {
    let mut day = Day::begun();
    day.hq().whole = None;
    assert_eq!(day.look(24 * 60), "");
    assert!(
        day.look(24 * 60 + 1)
            .starts_with("hq: the source was never read as a whole\n")
    );
}

#[test]
fn a_refused_config_is_told_and_its_end() {
    let mut day = Day::begun();
    let problems = "error: targets.wiki.guard.leevers: there is no such key\n --> c.yaml:9:5";
    let refused = Event::ReloadRefused(problems.into());
    assert_snapshot!(day.hear(&refused, 1), @r"
    the new config was refused, the one before stays in force: error: targets.wiki.guard.leevers: there is no such key; --> c.yaml:9:5
      → rollcall check --offline

    rollcall, 2026-11-22 09:01 UTC
    ");
    day.board.refused = Some(Failing {
        since: at(1),
        problem: problems.into(),
    });
    assert_eq!(day.hear(&refused, 2) + &day.look(2), "");
    day.board.refused = None;
    assert!(
        day.look(3)
            .starts_with("the config in force is the newest again\n")
    );
}

#[test]
fn a_target_that_the_config_has_no_more_has_no_trouble() {
    let mut day = Day::begun();
    day.hear(&held("H-1"), 1);
    day.board.targets.clear();
    assert_eq!(day.look(2), "");
    day.board
        .targets
        .insert("wiki".into(), TargetBoard::default());
    day.wiki().last = None;
    assert_eq!(day.look(3), "");
}
