//! The examples' own lines, with this provider: the binaries as others run them.

use std::process::Command;

use super::client::Browser;
use super::*;
use crate::interop::printed_lines;
use crate::interop::process::binary;

/// Three lines of set-up protect a route: a service's token is good, a stranger's and one for others are not.
#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn the_examples_take_tokens_of_the_provider() {
    let provider = Provider::start().await;
    for name in ["oidc-axum", "oidc-actix"] {
        for algorithm in ALGORITHMS {
            let mut program = Command::new(binary(name));
            program.env("ISSUER", provider.issuer()).env("CLIENT_ID", format!("service-{algorithm}"));
            let checked = tokio::task::spawn_blocking(move || {
                printed_lines::check(program, 2, 4).map_err(|error| error.to_string())
            });
            checked.await.unwrap().unwrap_or_else(|problem| panic!("{name} {algorithm}: {problem}"));
        }
    }
}

#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn the_example_of_health_is_ready_with_the_provider() {
    let provider = Provider::start().await;
    let mut program = Command::new(binary("health-and-readiness"));
    program.env("ISSUER", provider.issuer());
    let started = tokio::task::spawn_blocking(|| {
        printed_lines::Running::start(program).map_err(|error| error.to_string())
    });
    let running = started.await.unwrap().unwrap();
    // The route `/me` verifies by the keys for which `/readyz` waits.
    let me = running.lines.last().unwrap().split_whitespace().find(|word| word.starts_with("http")).unwrap();
    let user = User::at(me);
    let login = Browser::new(&provider, "web-ES256").log_in(&[]).await;
    until("readiness", async || user.status(&login.access_token).await == 200).await;
    let checked = tokio::task::spawn_blocking(move || running.check(0, 3).map_err(|error| error.to_string()));
    checked.await.unwrap().unwrap();
}

/// The provider asks nobody who logs in, so that curl with a cookie jar is browser enough.
#[tokio::test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn the_example_of_a_login_lets_in_whom_the_provider_knows() {
    let provider = Provider::start().await;
    for algorithm in ALGORITHMS {
        let mut program = Command::new(binary("login-with-provider"));
        program.env("ISSUER", provider.issuer()).env("CLIENT_ID", format!("web-{algorithm}"));
        let checked = tokio::task::spawn_blocking(move || {
            let mut running = printed_lines::Running::start(program).map_err(|error| error.to_string())?;
            let login = running.lines.pop().unwrap();
            let url = login.split_whitespace().find(|word| word.starts_with("http")).unwrap();
            let me = url.replace("/login", "/me");
            running.lines = vec![
                "jar=$(mktemp)".to_owned(),
                format!("curl -i {me}   # 401"),
                login,
                format!("curl -i -b $jar {me}   # 200"),
                format!("test \"$(curl -s -b $jar {me})\" = 'you are alice' && rm $jar"),
            ];
            running.check(2, 3).map_err(|error| error.to_string())
        });
        checked.await.unwrap().unwrap_or_else(|problem: String| panic!("{algorithm}: {problem}"));
    }
}
