//! Starts the example before its provider: alive and not ready. Then the provider comes, and the lines that the example
//! prints give the statuses that they promise.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use jwt_core::{Algorithm, Issuer, SigningKey};

#[path = "../../../tests/printed_lines.rs"]
mod printed_lines;
#[path = "../../../tests/small_provider.rs"]
mod small_provider;

/// How often readiness is looked at, a tenth of a second apart.
const LOOKS: usize = 300;

/// The address of the running example, as it prints it.
fn address(running: &printed_lines::Running) -> Option<&str> {
    running.lines.first()?.split("http://").nth(1)?.split('/').next()
}

fn ask(address: &str, path: &str) -> Result<(u16, String), Box<dyn Error>> {
    ask_with(address, path, "")
}

/// As [`ask`], with one more line in the head.
fn ask_with(address: &str, path: &str, line: &str) -> Result<(u16, String), Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{line}\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let status = text.split(' ').nth(1).ok_or("no status")?.parse()?;
    Ok((status, text))
}

/// A token that says the issuer's name, of a key that it will not have.
fn token_of(issuer: &str) -> Result<String, Box<dyn Error>> {
    let key = SigningKey::generate(Algorithm::ES256)?;
    let us = Issuer::builder()
        .with_key(key)
        .with_audience("https://api.example.com")
        .with_issuer(issuer)
        .build()?;
    Ok(us.token().with_subject("alice").sign()?)
}

#[test]
fn ready_from_the_moment_that_there_are_keys_and_alive_all_the_time() -> Result<(), Box<dyn Error>> {
    // A port that is held, and at which nobody answers yet.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_health-and-readiness"));
    let issuer = format!("http://{}", listener.local_addr()?);
    program.env("ISSUER", &issuer);
    let running = printed_lines::Running::start(program)?;
    let at = address(&running).ok_or("no address")?;

    assert_eq!(ask(at, "/healthz")?.0, 200);
    let (status, body) = ask(at, "/readyz")?;
    assert_eq!(status, 503, "{body}");
    assert!(body.contains(r#""ready":false"#) && body.contains(r#""keys_age_seconds":null"#), "{body}");
    // Who has no token need not wait for keys to be told so; who has one of this issuer cannot be judged.
    assert_eq!(ask(at, "/me")?.0, 401);
    let (status, text) = ask_with(at, "/me", &format!("Authorization: Bearer {}\r\n", token_of(&issuer)?))?;
    assert_eq!(status, 503, "{text}");

    let _provider = small_provider::SmallProvider::on(listener)?;
    let mut body = String::new();
    for _ in 0..LOOKS {
        let (status, text) = ask(at, "/readyz")?;
        body = text;
        if status == 200 {
            assert!(body.contains(r#""last_error":null"#), "{body}");
            assert!(!body.contains(r#""keys_age_seconds":null"#), "{body}");
            let token = format!("Authorization: Bearer {}\r\n", token_of(&issuer)?);
            assert_eq!(ask_with(at, "/me", &token)?.0, 401);
            return running.check(0, 3);
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "another process is waited for, which has its own time"
        )]
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(format!("never ready: {body}").into())
}
