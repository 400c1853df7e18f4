//! The sandbox before scim2-tester, a test of SCIM servers that nobody here wrote.
//!
//! Promises that a sandbox copy of the profile `scim` describes itself as RFC 7643 asks and acts as
//! it says. `tests/run` installs the tester and names its Python in `ROLLCALL_TEST_SCIM2_TESTER`. Leaves
//! what the checks are to `tests/peers/scim2-tester/check.py`.

use std::process::Command;

use crate::company::Company;
use crate::served::{Home, Ran, Talking, without_proxies};

/// No schema can say that a country is two letters (RFC 7643, 4.1.2), so the tester cannot know; it takes
/// the values that are named.
const CONFIG: &str = r"
sources:
  hq: { file: { users: users.csv, groups: groups.csv } }
targets:
  peer:
    connector: scim
    base_url: https://peer.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: everyone
    override: { attributes: { addresses.country: { one_of: [CH, FR] } } }
";

#[test]
#[ignore = "needs scim2-tester: run ./tests/run"]
fn the_sandbox_passes_the_test_of_servers() {
    let python = std::env::var("ROLLCALL_TEST_SCIM2_TESTER")
        .expect("ROLLCALL_TEST_SCIM2_TESTER says where its Python is; ./tests/run sets it");
    let home = Home::new(CONFIG, &Company::of(1, 1));
    let mut sandbox = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    sandbox.arg("sandbox").arg("--config").arg(home.config());
    let mut sandbox = Talking::start(sandbox.args(["--listen", "127.0.0.1:0"]));
    let address = sandbox.line_after("  base_url");
    let token = sandbox.line_after("  token");

    let mut tester = Command::new(python);
    tester.arg("tests/peers/scim2-tester/check.py");
    tester.current_dir(env!("CARGO_MANIFEST_DIR"));
    tester
        .env("ADDRESS", address.trim())
        .env("TOKEN", token.trim());
    without_proxies(&mut tester);
    let ran = Ran::of(&mut tester);
    tell(&ran.out);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{}", ran.out);
    let last = ran.out.lines().last().unwrap_or_default();
    assert_eq!(last, "2 left out, 125 success");
}

#[expect(
    clippy::print_stdout,
    reason = "seen with --nocapture, by whoever asks what was checked"
)]
fn tell(report: &str) {
    println!("scim2-tester on the sandbox\n{report}");
}
