//! A config that changes under a running daemon.

use std::time::Duration;

use insta::assert_snapshot;
use rollcall::daemon::event::Event;

use super::house::{CONFIG, Site, Sound, Weather, reads, set};

fn without_chat() -> String {
    let at = CONFIG.find("  chat:").expect("it is there");
    CONFIG[..at].to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_good_config_takes_over_and_says_what_changed() {
    let site = Site::new(CONFIG);
    set(&site.config, &without_chat());
    site.directory.hire_many(3);
    let mut house = site.start();
    site.wait(5).await;
    assert_eq!(site.accounts("chat").len(), 0);
    house.heard();

    // The wiki takes on a rule, and chat comes.
    let changed = CONFIG.replacen(
        "assign: everyone",
        "assign: { everyone: true, except: { users: [p0001] } }",
        1,
    );
    set(&site.config, &changed);
    let told = house.handle.reload().await;
    assert_eq!(
        told,
        Ok(vec![
            "target chat added".to_owned(),
            "target wiki changed".to_owned()
        ])
    );
    site.wait(5).await;
    assert_eq!(site.accounts("chat").len(), 3);
    assert_eq!(site.is_active("wiki", "p0001"), Some(false));
    assert!(
        house
            .heard()
            .iter()
            .any(|event| matches!(event, Event::Reloaded(lines) if lines.len() == 2))
    );

    // Chat goes: nobody speaks to it any more, and it is on no board.
    set(&site.config, &without_chat());
    let told = house.handle.reload().await;
    assert_eq!(
        told,
        Ok(vec![
            "target chat removed".to_owned(),
            "target wiki changed".to_owned()
        ])
    );
    site.network.forget();
    site.directory.disable("p0002");
    site.directory.sounds(Sound::Change);
    site.wait(3600).await;
    assert_eq!(site.network.sent("chat").len(), 0);
    assert_eq!(site.is_active("wiki", "p0002"), Some(false));
    assert_eq!(house.board().targets.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bad_config_is_refused_with_all_its_problems_and_the_old_one_goes_on() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(3);
    let mut house = site.start();
    site.wait(5).await;
    house.heard();
    let bad = CONFIG
        .replacen("assign: everyone", "asign: everyone", 1)
        .replacen("50%", "500%", 1);
    set(&site.config, &bad);
    let told = house.handle.reload().await.expect_err("it has problems");
    assert_snapshot!(told, @r"
    error: targets.wiki.asign: unknown key `asign`
     --> config.yaml:8:5
      |
    8 |     asign: everyone
      |     ^^^^^
      |
      = help: did you mean `assign`?

    error: targets.wiki.guard.leavers: `500%` is no share
     --> config.yaml:9:23
      |
    9 |     guard: { leavers: 500% }
      |                       ^^^^
      |
      = help: write it like 5%, from 0% to 100%

    error: the config has 2 problems; nothing was done
    ");
    assert_eq!(
        house.board().refused.map(|refused| refused.problem),
        Some(told.clone())
    );
    let refused = house.heard();
    let refused = refused
        .iter()
        .filter(|event| matches!(event, Event::ReloadRefused(text) if *text == told));
    assert_eq!(refused.count(), 1);
    site.directory.hire("new");
    site.directory.sounds(Sound::Change);
    site.wait(5).await;
    assert_eq!(site.is_active("wiki", "new"), Some(true));
    set(&site.config, CONFIG);
    assert_eq!(house.handle.reload().await, Ok(Vec::new()));
    assert_eq!(house.board().refused, None);
}

#[tokio::test(start_paused = true)]
async fn the_state_stays_where_it_is() {
    let site = Site::new(CONFIG);
    let house = site.start();
    site.wait(1).await;
    set(
        &site.config,
        &format!("state: {{ dir: elsewhere }}\n{CONFIG}"),
    );
    let told = house.handle.reload().await;
    assert_snapshot!(told.expect_err("it needs a restart"), @r"
    error: the state directory cannot change while rollcall runs (from /var/lib/rollcall to elsewhere)
      hint: restart it, and move the state first if it is to be kept
    ");
}

#[tokio::test(start_paused = true)]
async fn a_new_config_ends_a_long_run_by_the_old_one_between_two_waves() {
    let site = Site::new(CONFIG);
    site.network
        .weather("wiki", Weather::Slow(Duration::from_secs(2)));
    site.directory.hire_many(200);
    let house = site.start();
    site.wait(30).await;
    let nobody = CONFIG.replacen("assign: everyone", "assign: { users: [p0000] }", 1);
    set(&site.config, &nobody);
    house.handle.reload().await.expect("it is sound");
    let made = site.accounts("wiki").len();
    site.wait(20).await;
    assert!(site.accounts("wiki").len() <= made + 16, "{made}");
}

#[tokio::test(start_paused = true)]
async fn what_did_not_change_stays_open() {
    let site = Site::new(CONFIG);
    site.directory.hire("ana");
    let house = site.start();
    site.wait(5).await;
    let whole = reads(&site.directory).0;
    let changed = CONFIG.replacen("guard: { leavers: 50% }", "guard: { leavers: 40% }", 1);
    set(&site.config, &changed);
    house.handle.reload().await.expect("it is sound");
    site.wait(5).await;
    assert_eq!(
        reads(&site.directory).0,
        whole,
        "the directory is still the one that is followed"
    );
}
