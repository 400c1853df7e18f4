//! `rollcall probe`: what a live SCIM server is like, as a connector for it.
//!
//! Promises that nothing is written before somebody said yes, and that ctrl-c ends in cleaning up.
//! Leaves finding out to [`crate::probe`].

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgGroup, Args, ValueEnum};
use url::Url;

use super::Exit;
use crate::clock::Clock;
use crate::config::{self, AuthConfig, profile};
use crate::core::profile::{AuthKind, HttpRules, Profile};
use crate::draw::Draw;
use crate::http::Transport;
use crate::http::auth::{Authorized, Credentials};
use crate::http::client::{Connection, ReqwestTransport};
use crate::http::keeper::Forgetful;
use crate::http::limit::{Limited, Limiter};
use crate::installation::trouble;
use crate::installation::way::{Way, real, sandboxed};
use crate::probe::{self, ProbeError, Reach, Report, Setting, Stop};
use crate::secret::SecretRef;
use crate::show;
use crate::show::problem::Trouble;

/// The connector whose attributes are tried.
const BASE: &str = "scim";

/// The arguments of `probe`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("app").required(true).args(["url", "target"])))]
#[command(group(ArgGroup::new("token").args(["bearer_file", "bearer_env", "bearer_credential"])))]
pub struct ProbeArgs {
    /// The base URL of the app: it ends before `/Users`.
    #[arg(value_name = "URL", requires = "token")]
    url: Option<Url>,
    /// The file with the token for URL.
    #[arg(long, value_name = "FILE")]
    bearer_file: Option<PathBuf>,
    /// The environment variable with the token for URL.
    #[arg(long, value_name = "NAME")]
    bearer_env: Option<String>,
    /// The systemd credential with the token for URL.
    #[arg(long, value_name = "NAME")]
    bearer_credential: Option<String>,
    /// A private CA to trust, for URL.
    #[arg(long, value_name = "FILE", requires = "url")]
    ca: Option<PathBuf>,
    /// A target of the config in place of URL, with its address and credentials.
    #[arg(long, value_name = "NAME", conflicts_with = "token")]
    target: Option<String>,
    /// The config file, for --target.
    #[arg(
        long,
        env = "ROLLCALL_CONFIG",
        default_value = "/etc/rollcall/config.yaml",
        value_name = "FILE"
    )]
    config: PathBuf,
    /// The sandbox copy of the target that is served at ADDRESS, in place of the real app.
    #[arg(
        long,
        value_name = "ADDRESS",
        requires = "target",
        require_equals = true
    )]
    sandbox: Option<Url>,
    /// Make throw-away users and groups without asking.
    #[arg(long)]
    yes: bool,
    /// Make so many users more, to find out how many members one request may name.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=1000))]
    chunk_users: u16,
    /// The domain of throw-away addresses, where the app wants one that it knows.
    #[arg(long, value_name = "DOMAIN", default_value = "example.com")]
    domain: String,
    /// A connector file, or all findings for programs.
    #[arg(long, value_enum, default_value_t = Shape::Yaml)]
    format: Shape,
    /// Where the result goes, in place of standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Say on standard error which requests showed what.
    #[arg(long)]
    tell: bool,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    Yaml,
    Json,
}

/// Probes an app.
///
/// # Errors
/// When the app cannot be asked, or the result cannot be written.
pub async fn run(args: &ProbeArgs) -> Result<Exit, Trouble> {
    let (way, auth, base) = app(args)?;
    let draw = Draw::ambient();
    let marker = format!("rollcall-probe-{:08x}", draw.next() >> 32);
    let reach = reach(args, &way, &marker);
    let setting = Setting {
        base_url: way.base_url.clone(),
        profile: base,
        auth,
        reach,
        marker,
        domain: args.domain.clone(),
    };
    let report = ask(way, setting).await;
    finish(args, &report)
}

/// The way to the app, how we prove who we are, and what it is taken to be like.
fn app(args: &ProbeArgs) -> Result<(Way, AuthKind, Profile), Trouble> {
    let plain = profile::load(BASE, None, None)?.profile;
    let Some(name) = &args.target else {
        return Ok((by_url(args)?, AuthKind::Bearer, plain));
    };
    let config = config::load(&args.config)?;
    let found = config
        .targets
        .values()
        .find(|target| target.rules.target.as_str() == name);
    let Some(target) = found else {
        let names: Vec<&str> = config
            .targets
            .keys()
            .map(crate::core::key::TargetName::as_str)
            .collect();
        let hint = format!("the config has: {}", names.join(", "));
        return Err(Trouble::new(
            format!("there is no target `{name}`"),
            Some(&hint),
        ));
    };
    let way = match &args.sandbox {
        Some(root) => sandboxed(
            target,
            root,
            Arc::new(ReqwestTransport::new(&Connection::default())?),
        ),
        None => real(target),
    };
    let kind = match &target.auth {
        AuthConfig::Bearer(_) => AuthKind::Bearer,
        AuthConfig::Basic { .. } => AuthKind::Basic,
        AuthConfig::Header { .. } => AuthKind::Header,
        AuthConfig::Oauth2(_) => AuthKind::Oauth2,
    };
    let rates = target.rules.profile.rates.clone();
    let http = HttpRules {
        headers: target.rules.profile.http.headers.clone(),
        timeout: target.rules.profile.http.timeout,
        ..plain.http.clone()
    };
    Ok((
        way,
        kind,
        Profile {
            http,
            rates,
            ..plain
        },
    ))
}

fn by_url(args: &ProbeArgs) -> Result<Way, Trouble> {
    let url = args
        .url
        .clone()
        .expect("the command line has URL or --target");
    if let Err((problem, hint)) = config::address(url.as_str()) {
        return Err(Trouble::new(format!("{url}: {problem}"), Some(hint)));
    }
    let file = args.bearer_file.clone().map(SecretRef::File);
    let variable = args.bearer_env.clone().map(SecretRef::Env);
    let credential = args.bearer_credential.clone().map(SecretRef::Credential);
    let token = file
        .or(variable)
        .or(credential)
        .expect("the command line has a token for URL");
    let line = Connection {
        ca: args.ca.clone(),
        ..Connection::default()
    };
    Ok(Way {
        base_url: url,
        credentials: Credentials::bearer(&token.resolve()?),
        transport: Arc::new(ReqwestTransport::new(&line)?),
        keeper: Arc::new(Forgetful::default()),
    })
}

/// How far the probe may go: asks, where somebody can answer.
fn reach(args: &ProbeArgs, way: &Way, marker: &str) -> Reach {
    let chunk_users = usize::from(args.chunk_users);
    let write = Reach::Write { chunk_users };
    if args.yes {
        return write;
    }
    let host = way.base_url.host_str().unwrap_or_default();
    show::err(&show::probe::question(host, marker, chunk_users));
    let input = std::io::stdin();
    if !input.is_terminal() {
        show::err("Nobody can be asked here, so it only reads; --yes says yes.\n");
        return Reach::Read;
    }
    show::err("Go ahead? [y/N] ");
    let mut answer = String::new();
    // Whoever cannot be heard has not said yes.
    input.lock().read_line(&mut answer).ok();
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        write
    } else {
        show::err("Then it only reads.\n");
        Reach::Read
    }
}

async fn ask(way: Way, setting: Setting) -> Report {
    let clock = Clock::System;
    let limiter = Arc::new(Limiter::new(&setting.profile.rates, clock.clone()));
    let limited: Arc<dyn Transport> = Arc::new(Limited::new(way.transport, limiter));
    let known: Arc<dyn Transport> = Arc::new(Authorized::new(
        Arc::clone(&limited),
        &way.base_url,
        way.credentials,
        clock.clone(),
    ));
    let stop = Stop::default();
    let probing = probe::probe(known, limited, setting, &clock, &stop);
    tokio::pin!(probing);
    tokio::select! {
        report = &mut probing => return report,
        () = super::sandbox::stop() => {
            show::err("Stopping: what was made is removed first.\n");
            stop.pull();
        }
    }
    probing.await
}

fn finish(args: &ProbeArgs, report: &Report) -> Result<Exit, Trouble> {
    let today = Clock::System.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    if args.tell {
        show::err(&show::probe::told(report));
    }
    show::err(&show::probe::left(&report.left));
    if let Some(error) = &report.ended {
        return Err(ended(error));
    }
    let text = match args.format {
        Shape::Yaml => show::probe::yaml(report, today),
        Shape::Json => show::probe::to_json(report, today),
    };
    match &args.output {
        None => show::out(&text),
        Some(path) => std::fs::write(path, text).map_err(|error| {
            let problem = format!("{} cannot be written: {error}", path.display());
            Trouble::new(problem, Some("name another file with --output"))
        })?,
    }
    let clean = report.left.is_empty();
    Ok(if clean {
        Exit::InLine
    } else {
        Exit::Unfinished
    })
}

/// Why it ended early, and what to do.
fn ended(error: &ProbeError) -> Trouble {
    match error {
        ProbeError::App(fault) => fault.clone().into(),
        ProbeError::Stopped | ProbeError::NotOurs { .. } | ProbeError::Foreign { .. } => {
            Trouble::Plain {
                problem: error.to_string(),
                causes: trouble::causes(error),
                hint: None,
            }
        }
    }
}
