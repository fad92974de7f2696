//! A server of protected routes, for scanners and load tools outside of this workspace.
//!
//! ```text
//! protected-server --framework tower|axum|actix --listen 127.0.0.1:0 --config FILE.toml
//! ```
//!
//! The first line on standard output says where it listens. `SIGTERM` and `SIGINT` end it once open
//! connections have ended. A mistake in arguments or configuration is told on standard error, with
//! exit code 2.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its interface is a terminal")]

use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;

use tests::config::Config;
use tests::routes::{self, Routes};
use tests::server::{self, Framework};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: protected-server --framework FRAMEWORK --listen ADDRESS:PORT --config FILE.toml";

struct Arguments {
    framework: Framework,
    listen: String,
    config: PathBuf,
}

impl Arguments {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut framework, mut listen, mut config) = (None, None, None);
        let mut arguments = arguments;
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--framework" => framework = Some(value()?.parse()?),
                "--listen" => listen = Some(value()?),
                "--config" => config = Some(PathBuf::from(value()?)),
                _ => return Err(format!("{name:?} is no argument")),
            }
        }
        Ok(Self {
            framework: framework.ok_or("--framework is missing")?,
            listen: listen.ok_or("--listen is missing")?,
            config: config.ok_or("--config is missing")?,
        })
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => return mistake(&format!("{problem}\n{USAGE}")),
    };
    let auth = match Config::read(&arguments.config).and_then(|config| config.request_auth()) {
        Ok(auth) => auth,
        Err(fault) => return mistake(&format!("{}: {fault}", arguments.config.display())),
    };
    let listener = match TcpListener::bind(&arguments.listen) {
        Ok(listener) => listener,
        Err(error) => return mistake(&format!("cannot listen on {:?}: {error}", arguments.listen)),
    };
    match run(arguments.framework, listener, routes::protected(&auth)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("protected-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn mistake(problem: &str) -> ExitCode {
    eprintln!("protected-server: {problem}");
    ExitCode::from(2)
}

fn run(framework: Framework, listener: TcpListener, routes: Routes) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        println!("listening on http://{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        server::serve(framework, listener, routes, async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await
    })
}
