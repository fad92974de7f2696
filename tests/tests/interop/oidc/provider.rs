//! The provider's process, and its commands.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::interop::foreign::npm_pin;
use crate::interop::process::Process;

const FIX: &str = "run `scripts/install interop-node`";

/// A running provider; killed when dropped, as by a crash: without a farewell.
pub(crate) struct Provider {
    process: Arc<Mutex<Process>>,
    /// The first line.
    about: Value,
}

impl Provider {
    /// On a free port.
    pub(crate) async fn start() -> Self {
        Self::start_at(0).await
    }

    /// On a port on which another one was.
    pub(crate) async fn start_at(port: u16) -> Self {
        let started = tokio::task::spawn_blocking(move || {
            Process::start("oidc-provider.mjs", &[port.to_string()], false)
        });
        let (process, about) = started.await.unwrap().unwrap_or_else(|problem| panic!("{problem}; {FIX}"));
        assert_eq!(about["version"].as_str().map(str::to_owned), npm_pin("oidc-provider"), "{about}; {FIX}");
        Self { process: Arc::new(Mutex::new(process)), about }
    }

    pub(crate) fn issuer(&self) -> &str {
        self.about["issuer"].as_str().unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.about["port"].as_u64().unwrap().try_into().unwrap()
    }

    /// The key of the client `service-key`.
    pub(crate) fn client_key(&self) -> &str {
        self.about["private_key_pem"].as_str().unwrap()
    }

    /// Has it do something, and waits until it is done.
    pub(crate) async fn ask(&self, op: &'static str) -> Value {
        self.ask_with(json!({ "op": op })).await
    }

    /// Has it tell the client `web-logout` of logouts, at an address.
    pub(crate) async fn tell_of_logouts(&self, uri: &str) {
        self.ask_with(json!({ "op": "tell", "uri": uri })).await;
    }

    async fn ask_with(&self, request: Value) -> Value {
        let (process, asked) = (Arc::clone(&self.process), request.clone());
        let answer = tokio::task::spawn_blocking(move || process.lock().unwrap().ask(&asked));
        answer.await.unwrap().unwrap_or_else(|problem| panic!("{request}: {problem}"))
    }

    /// How many requests for a path it took.
    pub(crate) async fn requests(&self, path: &str) -> u64 {
        self.ask("requests").await["requests"][path].as_u64().unwrap_or_default()
    }
}
