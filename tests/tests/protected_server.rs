//! The binary as others run it: its first line, its answers, its end, and its complaints.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails in here fails a test")]

use core::time::Duration;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;

use tests::config::{Config, ConfigFault};
use tests::server::Framework;
use tests::tokens::{AUDIENCE, HMAC_ISSUER, ISSUER, NOW, alice, issuer, keys, write_keys};
use tests::wire::{Request, exchange, websocket};

/// How long the program may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);

fn folder(name: &str) -> PathBuf {
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("server-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    write_keys(&folder);
    folder
}

fn write(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("config.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_protected-server"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Does something that may hang, on a thread of its own.
fn in_time<T: Send + 'static>(what: &'static str, action: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(action()));
    told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{what} takes too long"))
}

/// A running server; killed when dropped.
struct Running {
    child: Option<Child>,
    address: SocketAddr,
}

impl Running {
    fn start(framework: Framework, config: &Path) -> Self {
        let framework = framework.to_string();
        let config = config.to_str().unwrap();
        let arguments = ["--framework", &framework, "--listen", "127.0.0.1:0", "--config", config];
        let mut child = command(&arguments).stderr(Stdio::inherit()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut running = Self { child: Some(child), address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let line = in_time("the first line", move || {
            let mut line = String::new();
            output.read_line(&mut line).map(|_| line)
        });
        let line = line.unwrap();
        let address =
            line.trim_end().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?}"));
        running.address = address.parse().unwrap();
        running
    }

    /// Sends `SIGTERM` and waits for the end.
    fn terminate(mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        in_time("the end", move || child.wait().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn every_framework_serves_a_configuration_and_ends_when_told() {
    let folder = folder("good");
    let config = format!(
        r#"
        issuer = "{ISSUER}"
        audience = ["{AUDIENCE}", "https://other.example.com"]
        leeway_seconds = 5
        sources = ["header", "cookie:__Host-access", "query:access_token", "websocket"]
        realm = "the server"
        allowed_origins = ["https://app.example.com"]
        clock_unix_seconds = {NOW}

        [[keys]]
        algorithm = "RS256"
        kid = "rs"
        pem_file = "rs256.pem"

        [[keys]]
        algorithm = "ES256"
        jwk_file = "es256.jwk"
        "#
    );
    let config = write(&folder, &config);
    let by_rsa = issuer(&keys().rs256, ISSUER, AUDIENCE).token().with_subject("bob").sign().unwrap();
    for &framework in Framework::ALL {
        let server = Running::start(framework, &config);
        let ask = |request: Request| exchange(server.address, &request);
        let status = |request: Request| ask(request).status;
        assert_eq!(status(Request::get("/me").bearer(&alice())), 200, "{framework}");
        assert!(ask(Request::get("/me").bearer(&by_rsa)).text().starts_with(r#"{"sub":"bob","claims":{"#));
        assert_eq!(status(Request::get("/me").with("Cookie", format!("__Host-access={}", alice()))), 200);
        assert_eq!(status(Request::get(&format!("/me?access_token={}", alice()))), 200);
        assert_eq!(status(Request::get("/me")), 401);
        assert_eq!(ask(Request::get("/me")).field("www-authenticate"), Some(r#"Bearer realm="the server""#));
        assert_eq!(status(Request::get("/optional")), 200);
        assert_eq!(status(Request::get("/admin").bearer(&alice())), 403);
        assert_eq!(status(Request::get("/admin-or-ops").bearer(&alice())), 403);
        assert_eq!(status(Request::get("/step-up").bearer(&alice())), 401);
        assert_eq!(status(Request::get("/public")), 200);
        assert_eq!(status(Request::get("/unlayered").bearer(&alice())), 500);
        assert_eq!(status(Request::get("/nowhere")), 404);
        let (response, echo) =
            websocket(server.address, &Request::websocket("/ws").bearer(&alice()), "hello");
        assert_eq!((response.status, echo.as_deref()), (101, Some("hello")), "{framework}");
        assert!(server.terminate().success(), "{framework}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn shared_secrets_several_issuers_and_outages_can_be_configured() {
    let folder = folder("more");
    let by_secret = issuer(&keys().hs256, HMAC_ISSUER, AUDIENCE).token().with_subject("bob").sign().unwrap();
    let single = format!("clock_unix_seconds = {NOW}\nissuer = '{HMAC_ISSUER}'\naudience = '{AUDIENCE}'\n");
    let secret: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("hs256.jwk")).unwrap()).unwrap();
    let secret = secret["k"].as_str().unwrap();
    let several = format!(
        "clock_unix_seconds = {NOW}
         [[issuers]]\nissuer = '{ISSUER}'\naudience = '{AUDIENCE}'\njwks_file = 'asymmetric.json'
         [[issuers]]\nissuer = '{HMAC_ISSUER}'\naudience = ['{AUDIENCE}']\njwks_file = 'hmac.json'"
    );
    for (config, token, status) in [
        (format!("{single}[[keys]]\nalgorithm = 'HS256'\nsecret_base64url = '{secret}'"), &by_secret, 200),
        (format!("{single}[[keys]]\nalgorithm = 'HS256'\njwk_file = 'hs256.jwk'"), &by_secret, 200),
        (format!("{single}jwks_file = 'hmac.json'"), &by_secret, 200),
        (format!("{single}jwks_file = 'hmac.json'"), &alice(), 401),
        (format!("keys_unavailable = true\n{single}"), &alice(), 503),
        (several.clone(), &by_secret, 200),
        (several.clone(), &alice(), 200),
        (format!("keys_unavailable = true\n{several}"), &alice(), 503),
    ] {
        let server = Running::start(Framework::Tower, &write(&folder, &config));
        let response = exchange(server.address, &Request::get("/me").bearer(token));
        assert_eq!(response.status, status, "{config}\n{response:?}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_mistake_is_told_on_standard_error_with_exit_code_2() {
    let folder = folder("bad");
    let good = format!("issuer = '{ISSUER}'\naudience = '{AUDIENCE}'\njwks_file = 'asymmetric.json'\n");
    let nothing = String::new();
    let mut rows: Vec<(Vec<&str>, Option<String>, &str)> = vec![
        (vec![], None, "--framework is missing"),
        (vec!["--framework"], None, "--framework needs a value"),
        (vec!["--framework", "rocket"], None, "framework \"rocket\" is none of tower, axum, actix"),
        (vec!["--verbose"], None, "\"--verbose\" is no argument"),
        (vec!["--framework", "tower", "--listen", "127.0.0.1:0"], None, "--config is missing"),
        (
            vec!["--framework", "tower", "--listen", "127.0.0.1:0", "--config", "absent.toml"],
            None,
            "absent.toml",
        ),
        (
            vec!["--framework", "tower", "--listen", "nowhere", "--config", "CONFIG"],
            Some(good.clone()),
            "cannot listen",
        ),
    ];
    let serve = ["--framework", "tower", "--listen", "127.0.0.1:0", "--config", "CONFIG"];
    for (config, complaint) in [
        (nothing, "`issuer`: it is missing"),
        ("issuer =".to_owned(), "TOML parse error"),
        ("isuer = 'a'".to_owned(), "unknown field `isuer`"),
        ("issuer = 1".to_owned(), "invalid type"),
        ("audience = 1".to_owned(), "expected a string or a list of strings"),
        ("issuer = 'a'".to_owned(), "`audience`: it is missing"),
        ("issuer = 'a'\naudience = 'b'".to_owned(), "neither a key nor a `jwks_file`"),
        ("issuer = 'a'\naudience = 'b'\njwks_file = 'absent.json'".to_owned(), "absent.json` cannot be read"),
        ("issuer = 'a'\naudience = 'b'\njwks_file = 'rs256.pem'".to_owned(), "rs256.pem"),
        ("issuer = ''\naudience = 'b'\njwks_file = 'hmac.json'".to_owned(), "must not be the empty string"),
        ("issuer = 'a'\naudience = []\njwks_file = 'hmac.json'".to_owned(), "audience must be given"),
        (format!("leeway_seconds = 301\n{good}"), "301 s"),
        (format!("leeway_seconds = -1\n{good}"), "invalid value"),
        (format!("sources = []\n{good}"), "`sources`: no carrier"),
        (format!("sources = ['body']\n{good}"), "`sources`: \"body\" is unknown"),
        (format!("sources = ['cookie:a b']\n{good}"), "cookie name"),
        (format!("sources = ['query:']\n{good}"), "query parameter"),
        (format!("sources = ['websocket', 'websocket']\n{good}"), "configured twice"),
        (format!("realm = ''\n{good}"), "`realm`"),
        (format!("resource_metadata = 'http://example.com/'\n{good}"), "`resource_metadata`"),
        (format!("allowed_origins = ['*']\n{good}"), "`allowed_origins`"),
        (
            format!("{good}[[keys]]\nalgorithm = 'ES256'\njwk_file = 'es256.jwk'"),
            "`jwks_file`: it stands beside",
        ),
        (
            format!("{good}[[issuers]]\nissuer = 'a'\naudience = 'b'\njwks_file = 'hmac.json'"),
            "`issuers`: they stand",
        ),
        (one_key("algorithm = 'none'\njwk_file = 'es256.jwk'"), "`keys.algorithm`: \"none\" is unknown"),
        (one_key("algorithm = 'ES256'"), "each needs one of"),
        (one_key("algorithm = 'ES256'\njwk_file = 'es256.jwk'\npem_file = 'rs256.pem'"), "each needs one of"),
        (one_key("algorithm = 'ES256'\npem_file = 'rs256.pem'"), "rs256.pem"),
        (one_key("algorithm = 'ES256'\ncurve = 'P-256'\njwk_file = 'es256.jwk'"), "unknown field `curve`"),
        (one_key("algorithm = 'HS256'\nsecret_base64url = 'c2hvcnQ'"), "5 bytes"),
        (one_key("algorithm = 'HS256'\nsecret_base64url = '!'"), "base64url"),
        (
            "[[issuers]]\nissuer = 'a'\naudience = 'b'\njwks_file = 'hmac.json'\n".repeat(2),
            "two authorities have the issuer",
        ),
        ("[[issuers]]\nissuer = 'a'\naudience = 'b'".to_owned(), "missing field `jwks_file`"),
    ] {
        rows.push((serve.to_vec(), Some(config), complaint));
    }
    for (arguments, config, complaint) in rows {
        let path = config.as_deref().map(|config| write(&folder, config));
        let path = path.as_deref().and_then(Path::to_str).unwrap_or_default();
        let arguments: Vec<&str> =
            arguments.iter().map(|argument| if *argument == "CONFIG" { path } else { argument }).collect();
        let mut child = command(&arguments).spawn().unwrap();
        let (mut output, mut error) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (status, output, error) = in_time("the end", move || {
            let (mut said, mut complained) = (String::new(), String::new());
            error.read_to_string(&mut complained).unwrap();
            output.read_to_string(&mut said).unwrap();
            (child.wait().unwrap(), said, complained)
        });
        assert_eq!(status.code(), Some(2), "{complaint}: {error}");
        assert_eq!(output, "", "{complaint}");
        // A file's own problem may be quoted over several lines.
        assert!(error.starts_with("protected-server: ") && error.contains(complaint), "{complaint}: {error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

fn one_key(key: &str) -> String {
    format!("issuer = '{ISSUER}'\naudience = '{AUDIENCE}'\n[[keys]]\n{key}\n")
}

#[test]
fn a_fault_says_which_field_it_is_about() {
    let fault = Config::parse(&one_key("algorithm = 'es256'\njwk_file = 'es256.jwk'"), "")
        .and_then(|config| config.request_auth())
        .unwrap_err();
    assert!(
        matches!(&fault, ConfigFault::Value { field: "keys.algorithm", problem } if problem.contains("es256"))
    );
}
