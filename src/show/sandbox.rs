//! What `rollcall sandbox` says when it begins: which copies are served, and how one gets in.
//!
//! Promises that nothing shown is a secret: the credentials of a copy are made from its name. Leaves
//! serving to the sandbox.

use std::fmt::Write;

use url::Url;

use super::{BOLD, styled};
use crate::core::key::TargetName;

/// A sandbox copy that is served.
pub struct Copy {
    /// Of which target.
    pub target: TargetName,
    /// Where it is.
    pub base_url: Url,
    /// Its test credentials: made from the target's name, secret to nobody.
    pub credentials: Vec<(&'static str, String)>,
}

/// What `rollcall sandbox` says when it begins.
#[must_use]
pub fn served(root: &Url, copies: &[Copy]) -> String {
    let mut text = String::new();
    for copy in copies {
        let _ = writeln!(text, "{}", styled(BOLD, &copy.target));
        let _ = writeln!(text, "  {:<14} {}", "base_url", copy.base_url);
        for (name, value) in &copy.credentials {
            let _ = writeln!(text, "  {name:<14} {value}");
        }
    }
    let root = root.as_str().trim_end_matches('/');
    let _ = writeln!(
        text,
        "\nserving at {root}; stop with Ctrl-C. In another terminal:"
    );
    let _ = writeln!(
        text,
        "  rollcall sync --config … --sandbox={root} --state DIR"
    );
    text
}
