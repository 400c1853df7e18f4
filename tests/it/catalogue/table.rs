//! Holds the table of connectors in the documentation against the files.
//!
//! Promises a row for each connector, in the order of the list, with the same words. Leaves what the
//! words mean to the keys.

use rollcall::config::profile;
use rollcall::show::profile::{COLUMNS, entry};

use crate::markdown::{file, rows, section};

#[test]
fn every_connector_stands_in_the_table() {
    let reference = file("connectors/README.md");
    let table = section(&reference, "## Which there are");
    assert!(table.contains(&format!("| {} |", COLUMNS.join(" | "))));
    let told: Vec<Vec<String>> = rows(table)
        .into_iter()
        .map(|row| row.iter().map(|cell| cell.replace('`', "")).collect())
        .collect();
    let real: Vec<Vec<String>> = profile::names(None)
        .iter()
        .map(|name| entry(&profile::load(name, None, None).expect("it loads")))
        .map(|entry| entry.cells().map(str::to_owned).to_vec())
        .collect();
    assert_eq!(told, real);
}
