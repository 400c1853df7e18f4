//! `rollcall resend`: one account is switched off and on again, so that the app sends its mail anew.

use clap::Args;

use super::desk::Desk;
use super::{Common, Exit, people};
use crate::core::change::Subject;
use crate::engine::resend::{ResendError, Resent, resend};
use crate::installation::Installation;
use crate::show;
use crate::show::problem::Trouble;
use crate::store::JournalEntry;

/// The arguments of `resend`.
#[derive(Debug, Args)]
pub struct ResendArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// The person: login name, e-mail or key.
    user: String,
    /// The app.
    target: String,
    /// Why; it is kept in the journal.
    #[arg(long, value_name = "TEXT", default_value = "")]
    because: String,
}

/// Switches the account of one person off and on again. Ends with 4 when that did not go through.
///
/// # Errors
/// When it may not be done (then nothing is sent), or the state cannot be written.
pub(super) async fn pull(
    args: &ResendArgs,
    installation: &Installation,
    desk: &Desk,
) -> Result<Exit, Trouble> {
    let target = &installation.unit(&args.target)?.target;
    let rules = &target.rules;
    let hear = |_| ();
    let world = installation.world(&hear);
    let roster = people::whole_roster(installation, desk, world).await?;
    let everybody = people::of_roster(&roster, &[rules]);
    let user = &people::pick(&args.user, &everybody, people::NO_USER)?.item;
    let _turn = desk.turn(&rules.target).await;
    let line = JournalEntry {
        subject: Subject::User(user.key.clone()).journal_name(),
        label: user.label.to_string(),
        ..desk.lever(&args.because).line(&rules.target, "resend", "")
    };
    let resent = match resend(target, &roster, &user.key, line, world).await {
        Ok(resent) => resent,
        Err(ResendError::Refused(refusal)) => {
            return Err(Trouble::new(refusal.problem, Some(&refusal.hint)));
        }
        Err(ResendError::Unknown(error)) => return Err(error.into()),
        Err(ResendError::Unwritten(error)) => return Err(error.into()),
    };
    desk.changed(&rules.target);
    let text = show::lever::resent(&rules.target, &user.label, &resent);
    match resent {
        Resent::Done => {
            desk.console.out(&text);
            Ok(Exit::InLine)
        }
        Resent::NotOff { .. } | Resent::StillOff { .. } => {
            desk.console.err(&text);
            Ok(Exit::Unfinished)
        }
    }
}
