//! `rollcall authorize`: a person consents, once, and the refresh token is kept.
//!
//! Promises that neither the code nor the verifier nor a token is printed, and that only an answer to
//! our own request counts. Listens on loopback alone (RFC 8252, 7.3 and 8.3). Leaves the exchange to
//! the client, and keeping the token to the state.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::routing::get;
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use url::{Host, Url};

use super::{Common, Exit, errand};
use crate::clock::Clock;
use crate::config::{self, AuthConfig, Config, GrantConfig, Oauth2Config, TargetConfig};
use crate::core::key::TargetName;
use crate::draw;
use crate::http::Transport;
use crate::http::client::{Connection, ReqwestTransport};
use crate::http::consent::{Agreed, Consent, ConsentError};
use crate::http::keeper::Keeper;
use crate::http::token::{self, Oauth2Client};
use crate::installation::way;
use crate::installation::{self, Apps, Need};
use crate::sandbox;
use crate::show;
use crate::show::console::Console;
use crate::show::credential::Waits;
use crate::show::problem::Trouble;

/// How long a person may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// Where the browser is sent back to, on the address that is listened on.
const CALLBACK: &str = "/callback";

/// The arguments of `authorize`.
#[derive(Debug, Args)]
pub struct AuthorizeArgs {
    #[command(flatten)]
    common: Common,
    /// The target whose app is to be consented to.
    target: String,
    /// Where to wait for the browser, on loopback; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "paste")]
    listen: Option<SocketAddr>,
    /// Take the address that the browser ended at from standard input: for a machine without a
    /// browser.
    #[arg(long)]
    paste: bool,
}

/// Asks for consent, and keeps what it gives.
///
/// # Errors
/// When nobody consents, the token endpoint refuses, or the token cannot be kept.
pub async fn run(args: AuthorizeArgs) -> Result<Exit, Trouble> {
    let config = config::load(&args.common.config)?;
    let desk = Desk::new(&args, &config)?;
    let door = Door::open(&args, desk.redirect_uri.as_ref()).await?;
    let chance = [draw::key(), draw::key()];
    let consent = Consent::new(
        &desk.client,
        &desk.authorize_url,
        &door.redirect_uri,
        chance,
    );
    let target = &desk.target.rules.target;
    show::out(&show::credential::consent(
        target,
        consent.url(),
        &door.waits(),
    ));
    let agreed = door.wait(consent).await?;
    token::exchange(
        &desk.transport,
        &desk.client,
        &agreed,
        &*desk.keeper,
        &Clock::System,
    )
    .await?;
    show::out(&show::credential::consented(target));
    take_up(&args).await
}

/// Has a daemon that runs use the consent at once: the app may have refused it before.
async fn take_up(args: &AuthorizeArgs) -> Result<Exit, Trouble> {
    let words = ["rollcall", "reload"].map(OsString::from);
    let (console, _) = Console::kept();
    let exit = errand::ask(&args.common, &words, &console).await?;
    match exit {
        None | Some(Exit::InLine) => Ok(Exit::InLine),
        Some(_) => Err(Trouble::new(
            "the consent is kept, but the daemon that runs has not taken it up",
            Some("rollcall reload says why"),
        )),
    }
}

/// What it takes to ask for a consent and to exchange it.
struct Desk<'a> {
    target: &'a TargetConfig,
    client: Oauth2Client,
    authorize_url: Url,
    redirect_uri: Option<Url>,
    transport: Arc<dyn Transport>,
    keeper: Arc<dyn Keeper>,
}

impl<'a> Desk<'a> {
    fn new(args: &AuthorizeArgs, config: &'a Config) -> Result<Self, Trouble> {
        let target = find(config, &args.target)?;
        let (oauth2, page, redirect_uri) = grant(target)?;
        let apps = installation::apps(&args.common)?;
        let keepers = installation::keepers(&args.common, config, &apps, Need::Ask)?;
        let name = &target.rules.target;
        let (client, authorize_url, transport) = match &apps {
            Apps::Real => {
                let way = way::equipped(target).map_err(Trouble::from)?;
                let client = way::oauth2_client(target, oauth2)?;
                (client, page.clone(), way.transport)
            }
            Apps::Served(root) => {
                let known = sandbox::credentials(name);
                let client = way::sandboxed_client(target, oauth2, root, known);
                let transport: Arc<dyn Transport> =
                    Arc::new(ReqwestTransport::new(&Connection::default())?);
                (client, sandbox::authorize_url(root, name), transport)
            }
            Apps::InProcess => return Err(nowhere()),
        };
        let keeper = keepers
            .map(|keepers| keepers.of(name))
            .ok_or_else(nowhere)?;
        Ok(Self {
            target,
            client,
            authorize_url,
            redirect_uri: redirect_uri.cloned(),
            transport,
            keeper,
        })
    }
}

fn nowhere() -> Trouble {
    Trouble::new(
        "a sandbox in this process ends with it, and the consent with the sandbox",
        Some("serve one with `rollcall sandbox`, and name it: --sandbox=URL"),
    )
}

fn find<'a>(config: &'a Config, name: &str) -> Result<&'a TargetConfig, Trouble> {
    let found = config
        .targets
        .iter()
        .find(|(known, _)| known.as_str() == name);
    found.map(|(_, target)| target).ok_or_else(|| {
        let names: Vec<&str> = config.targets.keys().map(TargetName::as_str).collect();
        Trouble::new(
            format!("there is no target `{name}`"),
            Some(&format!("the config has: {}", names.join(", "))),
        )
    })
}

/// The consent that a target's config describes.
fn grant(target: &TargetConfig) -> Result<(&Oauth2Config, &Url, Option<&Url>), Trouble> {
    if let AuthConfig::Oauth2(oauth2) = &target.auth
        && let GrantConfig::AuthorizationCode {
            authorize_url,
            redirect_uri,
        } = &oauth2.grant
    {
        return Ok((oauth2, authorize_url, redirect_uri.as_ref()));
    }
    Err(Trouble::new(
        format!(
            "{} needs no consent: its `auth:` says otherwise",
            target.rules.target
        ),
        Some(
            "where an app wants one, write auth: { oauth2: { grant: authorization_code, \
             authorize_url: …, token_url: …, client_id: … } }",
        ),
    ))
}

/// Where the answer comes in.
struct Door {
    redirect_uri: Url,
    listener: Option<TcpListener>,
}

impl Door {
    /// Listens where the arguments or the config say; where the answer goes to another machine, it is
    /// pasted.
    async fn open(args: &AuthorizeArgs, redirect_uri: Option<&Url>) -> Result<Self, Trouble> {
        let own = redirect_uri.map_or_else(|| Some(free()), loopback);
        let Some(address) = args.listen.or(own).filter(|_| !args.paste) else {
            let redirect_uri = match redirect_uri {
                Some(url) => url.clone(),
                None => callback(args.listen.unwrap_or_else(unheard))?,
            };
            return Ok(Self {
                redirect_uri,
                listener: None,
            });
        };
        if !address.ip().is_loopback() {
            return Err(Trouble::new(
                format!("--listen {address} can be reached from other machines"),
                Some("name an address of loopback, such as 127.0.0.1:8089, or use --paste"),
            ));
        }
        let taken = |error: std::io::Error| {
            Trouble::new(
                format!("cannot listen on {address}: {error}"),
                Some("name another address with --listen, or use --paste"),
            )
        };
        let listener = TcpListener::bind(address).await.map_err(taken)?;
        let bound = listener.local_addr().map_err(taken)?;
        let redirect_uri = match redirect_uri {
            Some(url) => url.clone(),
            None => callback(bound)?,
        };
        Ok(Self {
            redirect_uri,
            listener: Some(listener),
        })
    }

    fn waits(&self) -> Waits {
        match self.listener {
            Some(_) => Waits::Listening(self.redirect_uri.clone()),
            None => Waits::Pasting,
        }
    }

    async fn wait(self, consent: Consent) -> Result<Agreed, Trouble> {
        let answered = if let Some(listener) = self.listener {
            listen(listener, self.redirect_uri.path(), consent).await?
        } else {
            consent.read_pasted(&paste().await?)
        };
        answered.map_err(|error| Trouble::new(error.to_string(), Some("run it again")))
    }
}

/// A free port of this machine.
fn free() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// An address where nobody listens: the browser ends there, and the person takes it from its address
/// bar.
fn unheard() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8089))
}

fn callback(address: SocketAddr) -> Result<Url, Trouble> {
    Url::parse(&format!("http://{address}{CALLBACK}"))
        .map_err(|error| Trouble::new(format!("{address} is no address: {error}"), None))
}

/// The address of loopback that a redirect leads to.
fn loopback(url: &Url) -> Option<SocketAddr> {
    let port = url.port_or_known_default()?;
    match (url.scheme(), url.host()?) {
        ("http", Host::Ipv4(address)) if address.is_loopback() => Some((address, port).into()),
        ("http", Host::Ipv6(address)) if address.is_loopback() => Some((address, port).into()),
        ("http", Host::Domain("localhost")) => Some(([127, 0, 0, 1], port).into()),
        _ => None,
    }
}

type Answered = Result<Agreed, ConsentError>;

/// What the listener knows.
#[derive(Clone)]
struct Listening {
    consent: Arc<Consent>,
    answers: mpsc::Sender<Answered>,
}

/// Waits for the browser.
async fn listen(listener: TcpListener, path: &str, consent: Consent) -> Result<Answered, Trouble> {
    let (answers, mut answered) = mpsc::channel(1);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let state = Listening {
        consent: Arc::new(consent),
        answers,
    };
    let router = Router::new().route(path, get(take)).with_state(state);
    let server = tokio::spawn(async move {
        let stopped = async {
            // Dropped or sent, it ends.
            let _ = stopped.await;
        };
        axum::serve(listener, router)
            .with_graceful_shutdown(stopped)
            .await
    });
    let came = tokio::time::timeout(PATIENCE, answered.recv()).await;
    drop(stop);
    let came = came.ok().flatten().ok_or_else(|| {
        Trouble::new(
            "nobody came back from the app's page within 10 minutes",
            Some("run it again; on a machine without a browser use --paste"),
        )
    })?;
    // The page is on its way to the browser; a browser that keeps the connection is not waited for.
    let _ = tokio::time::timeout(Duration::from_secs(1), server).await;
    Ok(came)
}

/// Takes what the browser brings. What is not the answer to our request changes nothing.
async fn take(
    State(listening): State<Listening>,
    RawQuery(query): RawQuery,
) -> (StatusCode, HeaderMap, String) {
    let answered = listening.consent.read_query(&query.unwrap_or_default());
    let (status, text) = match &answered {
        Ok(_) => (
            StatusCode::OK,
            "Thank you. You can close this page and go back to rollcall.\n".to_owned(),
        ),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    match answered {
        Err(ConsentError::Foreign | ConsentError::NoCode) => {}
        answered @ (Ok(_) | Err(ConsentError::Denied(_))) => {
            // A second answer finds the channel full, and is not needed.
            let _ = listening.answers.try_send(answered);
        }
    }
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONNECTION, "close"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    (status, headers, text)
}

/// One line of standard input.
async fn paste() -> Result<String, Trouble> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = read.await.expect("reading a line does not panic");
    line.map_err(|error| Trouble::new(format!("standard input cannot be read: {error}"), None))
}
