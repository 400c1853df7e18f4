//! What people hear of a change that waits for one of them.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use insta::assert_snapshot;
use rollcall::config::ReadyConfig;
use rollcall::daemon::metrics::Metrics;
use rollcall::daemon::notify::{Channel, Notifier, Refusal};
use rollcall::show::notice::{Notice, text};

use super::house::{CONFIG, House, Site, Sound};

/// Somebody who keeps what they are told.
#[derive(Clone, Default)]
struct Reader(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Channel for Reader {
    fn kind(&self) -> &'static str {
        "mail"
    }

    async fn send(&self, notice: &Notice) -> Result<(), Refusal> {
        let date = format!("rollcall, {}", notice.at.strftime("%Y-%m-%d %H:%M UTC"));
        let told = text(notice).replace(&date, "");
        let mut read = self.0.lock().expect("no panic");
        read.push(told.trim_end().to_owned());
        Ok(())
    }
}

impl Reader {
    /// Is told what the daemon has to tell.
    fn of(site: &Site, house: &House, people: bool) -> Self {
        let reader = Self::default();
        let clock = site.clock.clone();
        let mut notifier = Notifier::new(ReadyConfig::default(), Metrics::new(), clock);
        notifier.add(Box::new(reader.clone()), people, 10);
        tokio::spawn(notifier.run(house.handle.events(), house.handle.boards()));
        reader
    }

    /// What they were told since the last time.
    fn told(&self) -> String {
        let mut told = self.0.lock().expect("no panic");
        std::mem::take(&mut *told).join("\n")
    }
}

/// News of the directory, five times in five minutes.
async fn many_cycles(site: &Site) {
    for _ in 0..5 {
        site.directory.sounds(Sound::Change);
        site.wait(60).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_person_is_told_once_and_so_is_the_end_of_it() {
    // The wiki takes login names of 16 characters.
    let short = CONFIG.replacen(
        "rates: { buckets: [] } }",
        "rates: { buckets: [] }, attributes: { userName: { max_length: 16 } } }",
        1,
    );
    let site = Site::new(&short);
    site.directory.hire_many(30);
    let house = site.start();
    let (named, unnamed) = (
        Reader::of(&site, &house, true),
        Reader::of(&site, &house, false),
    );
    many_cycles(&site).await;
    assert_eq!(named.told(), "", "nobody waits");
    site.directory.hire("bartholomew-montgomery");
    many_cycles(&site).await;
    assert_eq!(house.target("wiki").parked, 1);
    assert_snapshot!(named.told(), @r"
    wiki: 1 change waits for a person
      bartholomew-montgomery: userName: `bartholomew-montgomery` has 22 characters; the app takes 16 at most; correct the value at the source, or the mapping of the target
      → rollcall status
    ");
    assert_snapshot!(unnamed.told(), @r"
    wiki: 1 change waits for a person
      → rollcall status
    ");
    // A second one is news, and the first is not told again.
    site.directory.hire("wilhelmina-featherstone");
    many_cycles(&site).await;
    assert_eq!(house.target("wiki").parked, 2);
    assert_snapshot!(named.told(), @r"
    wiki: 1 change waits for a person
      wilhelmina-featherstone: userName: `wilhelmina-featherstone` has 23 characters; the app takes 16 at most; correct the value at the source, or the mapping of the target
      → rollcall status
    ");
    site.directory.remove("wilhelmina-featherstone");
    many_cycles(&site).await;
    assert_eq!(named.told(), "", "one waits still");
    site.directory.remove("bartholomew-montgomery");
    many_cycles(&site).await;
    assert_eq!(house.target("wiki").parked, 0);
    assert_snapshot!(named.told(), @"wiki: no change waits for a person any more");
}
