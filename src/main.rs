//! The program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("ROLLCALL_LOG"))
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            rollcall::show::err(&format!("error: the program cannot start: {error}\n"));
            return ExitCode::FAILURE;
        }
    };
    runtime
        .block_on(rollcall::cli::run(std::env::args_os()))
        .into()
}
