//! The routes in each framework.

mod actix;
mod axum;
mod tower;

use core::fmt;
use core::str::FromStr;
use core::time::Duration;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::routes::Routes;

/// How long connections may take to end after a server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// A framework that has an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// hyper with tower services and nothing else.
    Tower,
    /// axum.
    Axum,
    /// actix-web.
    Actix,
}

impl Framework {
    /// Every framework.
    pub const ALL: &[Framework] = &[Framework::Tower, Framework::Axum, Framework::Actix];
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Framework::Tower => "tower",
            Framework::Axum => "axum",
            Framework::Actix => "actix",
        })
    }
}

impl FromStr for Framework {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let named = Self::ALL.iter().find(|framework| framework.to_string() == name);
        named.copied().ok_or_else(|| {
            let known: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
            format!("framework {name:?} is none of {}", known.join(", "))
        })
    }
}

/// Serves the routes until `stop` ends and then until the open connections do, at most ten seconds.
///
/// # Errors
/// Those of the socket.
pub async fn serve(
    framework: Framework,
    listener: TcpListener,
    routes: Routes,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let (tell, told) = oneshot::channel();
    let stop = async move {
        stop.await;
        // Nobody listens where the server has ended by itself.
        let _ = tell.send(());
    };
    let serving = async {
        match framework {
            Framework::Tower => tower::serve(listener, routes, stop).await,
            Framework::Axum => axum::serve(listener, routes, stop).await,
            Framework::Actix => actix::serve(listener, routes, stop).await,
        }
    };
    let out_of_patience = async {
        match told.await {
            Ok(()) => tokio::time::sleep(GRACE).await,
            Err(_) => core::future::pending().await,
        }
    };
    tokio::select! {
        served = serving => served,
        () = out_of_patience => Ok(()),
    }
}

/// A server on a thread of its own, on a port that the system chose; stopped when dropped.
#[derive(Debug)]
pub struct TestServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl TestServer {
    /// Starts it. Connections are taken from the moment this returns.
    ///
    /// # Errors
    /// Those of the socket and of the runtime.
    pub fn start(framework: Framework, routes: Routes) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name(framework.to_string()).spawn(move || {
            runtime.block_on(serve(framework, listener, routes, async {
                // A sender that is gone means the same as its word.
                let _ = stopped.await;
            }))
        })?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // What went wrong in there has failed a test already.
            let _ = thread.join();
        }
    }
}
