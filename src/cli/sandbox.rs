//! `rollcall sandbox`: sandbox copies of all targets, served over HTTP.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use url::Url;

use super::Exit;
use crate::clock::Clock;
use crate::config::{self, AuthConfig, GrantConfig};
use crate::core::key::TargetName;
use crate::installation;
use crate::sandbox;
use crate::show;
use crate::show::problem::Trouble;

/// The arguments of `sandbox`.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// The config file.
    #[arg(
        long,
        env = "ROLLCALL_CONFIG",
        default_value = "/etc/rollcall/config.yaml",
        value_name = "FILE"
    )]
    config: PathBuf,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8081", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
}

/// Serves until it is told to stop.
///
/// # Errors
/// When the config cannot be had or the address is taken.
pub async fn run(args: SandboxArgs) -> Result<Exit, Trouble> {
    let config = config::load(&args.config)?;
    let apps = installation::sandbox(&config, &Clock::System)?;
    let taken = |error: std::io::Error| {
        Trouble::new(
            format!("cannot listen on {}: {error}", args.listen),
            Some("name another address with --listen"),
        )
    };
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    let root = Url::parse(&format!("http://{address}/"))
        .map_err(|error| Trouble::new(format!("{address} is no address: {error}"), None))?;
    let copies: Vec<show::sandbox::Copy> = config
        .targets
        .values()
        .map(|target| {
            let name = &target.rules.target;
            let known = sandbox::credentials(name);
            show::sandbox::Copy {
                target: name.clone(),
                base_url: sandbox::base_url(&root, name),
                credentials: match &target.auth {
                    AuthConfig::Bearer(_) => vec![("token", known.token.expose().to_owned())],
                    AuthConfig::Basic { .. } => vec![
                        ("username", known.username),
                        ("password", known.password.expose().to_owned()),
                    ],
                    AuthConfig::Header { name, .. } => vec![
                        ("header", name.to_string()),
                        ("value", known.token.expose().to_owned()),
                    ],
                    AuthConfig::Oauth2(oauth2) => {
                        let mut all = vec![
                            ("token_url", sandbox::token_url(&root, name).to_string()),
                            ("client_id", known.client_id.clone()),
                            ("client_secret", known.client_secret.expose().to_owned()),
                        ];
                        all.extend(of_grant(&oauth2.grant, &root, name, &known));
                        all
                    }
                },
            }
        })
        .collect();
    show::out(&show::sandbox::served(&root, &copies));
    sandbox::serve(apps, listener, stop())
        .await
        .map_err(taken)?;
    Ok(Exit::InLine)
}

/// What a grant takes besides the client's own credentials.
fn of_grant(
    grant: &GrantConfig,
    root: &Url,
    name: &TargetName,
    known: &sandbox::Credentials,
) -> Vec<(&'static str, String)> {
    match grant {
        GrantConfig::ClientCredentials | GrantConfig::Vendor(_) => Vec::new(),
        GrantConfig::Password { .. } => vec![
            ("username", known.username.clone()),
            ("password", known.password.expose().to_owned()),
        ],
        GrantConfig::RefreshToken { .. } => {
            vec![("refresh_token", known.refresh_token.expose().to_owned())]
        }
        GrantConfig::AuthorizationCode { .. } => {
            let url = sandbox::authorize_url(root, name);
            vec![("authorize_url", url.to_string())]
        }
    }
}

/// Ends when the person or the system says so.
pub(super) async fn stop() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
