//! A server that takes the names of the deleted out of its groups a moment later, and one that never does.
//!
//! Promises that a leaver is off as soon as the names are gone, and that one whose names stay is not
//! forgotten until the next whole reading by the clock: a person hears of it within minutes. Leaves what
//! real servers do to [`crate::peer_slapd`].

use super::house::{CONFIG, Directory, Site, Sound};

/// How many names lead to nobody, and that something has changed.
fn tells(directory: &Directory, names: usize) {
    *directory.names.lock().expect("nobody panicked") = Some(names);
    directory.sounds(Sound::Change);
}

fn whole(directory: &Directory) -> usize {
    directory.reads.lock().expect("nobody panicked").0
}

#[tokio::test(start_paused = true)]
async fn a_leaver_is_off_as_soon_as_the_server_has_tidied_up() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(8);
    tells(&site.directory, 0);
    let house = site.start();
    site.wait(5).await;
    let before = whole(&site.directory);
    site.directory.remove("p0003");
    tells(&site.directory, 1);
    site.wait(2).await;
    assert_eq!(site.is_active("wiki", "p0003"), Some(true));
    tells(&site.directory, 0);
    site.wait(4).await;
    assert_eq!(site.is_active("wiki", "p0003"), Some(false));
    assert_eq!(site.is_active("chat", "p0003"), Some(false));
    site.wait(5 * 60).await;
    assert_eq!(whole(&site.directory), before, "nothing was doubtful");
    drop(house);
}

#[tokio::test(start_paused = true)]
async fn where_the_names_stay_a_person_hears_of_it_soon() {
    let site = Site::new(CONFIG);
    site.directory.hire_many(8);
    tells(&site.directory, 0);
    let house = site.start();
    site.wait(5).await;
    let before = whole(&site.directory);
    site.directory.remove("p0003");
    tells(&site.directory, 1);
    for _ in 0..5 {
        site.wait(10).await;
        tells(&site.directory, 1);
    }
    assert_eq!(whole(&site.directory), before);
    assert_eq!(house.target("wiki").holds, 0);
    site.wait(20).await;
    assert_eq!(whole(&site.directory), before + 1);
    for target in ["wiki", "chat"] {
        assert_eq!(house.target(target).holds, 1, "{target}");
        assert_eq!(site.is_active(target, "p0003"), Some(true), "{target}");
    }
}
