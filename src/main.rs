//! The program: arguments in, exit code out.

use std::process::ExitCode;

use rollcall::cli::Exit;
use rollcall::daemon::logging;
use rollcall::show;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if let Err(problem) = logging::begin() {
        show::err(&show::error(&problem, &[], None));
        return Exit::Usage.into();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            show::err(&format!("error: the program cannot start: {error}\n"));
            return ExitCode::FAILURE;
        }
    };
    runtime
        .block_on(rollcall::cli::run(std::env::args_os()))
        .into()
}
