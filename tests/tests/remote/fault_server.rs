//! A server that misbehaves on the byte level, and counts what it is asked.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// How long a test waits for something that must come about.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Between two bytes of a server that drips.
const DRIP: Duration = Duration::from_millis(50);
/// The longest request head that is read.
const MOST_HEAD: usize = 16 * 1024;
/// The last requests that are kept to be looked at; the counts are of all.
const MOST_KEPT: usize = 64;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// A field's value; names are in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// A well-formed response.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    status: u16,
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, fields: Vec::new(), body: body.into() }
    }

    pub(crate) fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body).with("content-type", "application/json")
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} x\r\n", self.status);
        for (name, value) in &self.fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        // RFC 9110 §15.3.5, §15.4.5: these have no body.
        if !matches!(self.status, 204 | 304) {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

/// What a request is answered with.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A response, after which the connection may be used again.
    Good(Response),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// The first bytes of a response, then the end of the connection.
    CutOff(Response),
    /// Nothing, until the client gives up.
    Hang,
    /// A response byte by byte, long beyond anybody's patience.
    Drip(Response),
    /// The first bytes, then the others again and again, up to so many or until the client gives up.
    Endless { start: &'static str, again: Vec<u8>, most: usize },
    /// RST instead of an answer.
    Reset,
    /// The answer, once the gate is open.
    Once(watch::Receiver<bool>, Box<Answer>),
}

impl Answer {
    pub(crate) fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::Good(Response::json(body))
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Good(Response::new(status, ""))
    }
}

type Script = Box<dyn FnMut(&Asked) -> Answer + Send>;

/// What can be waited for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gauge {
    /// Connections that are open.
    pub(crate) open: usize,
    /// Connections that ever were.
    pub(crate) connections: usize,
    /// Requests that came in.
    pub(crate) asked: usize,
}

struct Shared {
    script: Mutex<Script>,
    counts: Mutex<BTreeMap<String, usize>>,
    last: Mutex<VecDeque<Asked>>,
    gauge: watch::Sender<Gauge>,
    sent: AtomicU64,
}

/// A server on a free port of the loopback interface. It ends when it is dropped, and its connections with it.
pub(crate) struct FaultServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: AbortHandle,
}

impl FaultServer {
    /// Answers as the script says.
    pub(crate) async fn start(script: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), script).await
    }

    /// Answers everything with this.
    pub(crate) async fn always(answer: Answer) -> Self {
        Self::start(move |_| answer.clone()).await
    }

    /// At an address that another one had.
    pub(crate) async fn start_at(
        address: SocketAddr,
        script: impl FnMut(&Asked) -> Answer + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Mutex::new(Box::new(script)),
            counts: Mutex::default(),
            last: Mutex::default(),
            gauge: watch::Sender::default(),
            sent: AtomicU64::new(0),
        });
        let task = tokio::spawn(listen(listener, Arc::clone(&shared))).abort_handle();
        Self { address, shared, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers as the script says from the next request on.
    pub(crate) fn script(&self, script: impl FnMut(&Asked) -> Answer + Send + 'static) {
        *self.shared.script.lock().unwrap() = Box::new(script);
    }

    /// Answers everything with this from the next request on.
    pub(crate) fn answers(&self, answer: Answer) {
        self.script(move |_| answer.clone());
    }

    /// How often a path was asked for.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.shared.counts.lock().unwrap().get(path).copied().unwrap_or_default()
    }

    /// The last request.
    pub(crate) fn last(&self) -> Option<Asked> {
        self.shared.last.lock().unwrap().back().cloned()
    }

    pub(crate) fn gauge(&self) -> Gauge {
        *self.shared.gauge.borrow()
    }

    /// All bytes that the system took over for sending.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::SeqCst)
    }

    /// Waits until it holds.
    #[track_caller]
    pub(crate) fn until(&self, what: &'static str, holds: fn(&Gauge) -> bool) -> impl Future<Output = ()> {
        let mut gauge = self.shared.gauge.subscribe();
        async move {
            let waited = tokio::time::timeout(PATIENCE, gauge.wait_for(holds)).await;
            assert!(waited.is_ok(), "{what}: it did not come about");
        }
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    // Ends all connections when it is dropped.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let open = Open::new(&shared);
                connections.spawn(async move {
                    // A client that goes away is part of most tests.
                    let _ = converse(stream, &open.0).await;
                });
            }
            Some(_ended) = connections.join_next() => {}
        }
    }
}

/// Counts an open connection for as long as it lives.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.gauge.send_modify(|gauge| {
            gauge.open += 1;
            gauge.connections += 1;
        });
        Self(Arc::clone(shared))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.gauge.send_modify(|gauge| gauge.open -= 1);
    }
}

async fn converse(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let _ = stream.set_nodelay(true);
    let mut read = Vec::new();
    while let Some(asked) = next(&mut stream, &mut read).await? {
        *shared.counts.lock().unwrap().entry(asked.path.clone()).or_default() += 1;
        let answer = (shared.script.lock().unwrap())(&asked);
        {
            let mut last = shared.last.lock().unwrap();
            last.push_back(asked);
            if last.len() > MOST_KEPT {
                last.pop_front();
            }
        }
        shared.gauge.send_modify(|gauge| gauge.asked += 1);
        if !play(answer, &mut stream, shared).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// The next request.
async fn next(stream: &mut TcpStream, read: &mut Vec<u8>) -> io::Result<Option<Asked>> {
    let end = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if read.len() > MOST_HEAD || stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    read.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let path = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
    let fields = lines.filter_map(|line| line.split_once(':'));
    let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let mut asked = Asked { path, fields, body: Vec::new() };
    let length = asked.field("content-length").map_or(0, |length| length.parse().unwrap());
    while read.len() < length {
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
    asked.body = read.drain(..length).collect();
    Ok(Some(asked))
}

/// Says whether the connection may be used again.
async fn play(answer: Answer, stream: &mut TcpStream, shared: &Shared) -> io::Result<bool> {
    let answer = match answer {
        Answer::Once(mut gate, answer) => {
            tokio::select! {
                opened = gate.wait_for(|open| *open) => if opened.is_err() { return Ok(false) },
                () = closed(stream) => return Ok(false),
            }
            *answer
        }
        answer => answer,
    };
    match answer {
        Answer::Good(response) => {
            send(stream, &response.bytes(), shared).await?;
            return Ok(true);
        }
        Answer::Raw(bytes) => send(stream, &bytes, shared).await?,
        Answer::CutOff(response) => {
            let bytes = response.bytes();
            send(stream, &bytes[..bytes.len() - response.body.len() / 2], shared).await?;
        }
        Answer::Hang | Answer::Once(..) => closed(stream).await,
        Answer::Drip(response) => {
            for byte in response.bytes() {
                send(stream, &[byte], shared).await?;
                tokio::time::sleep(DRIP).await;
            }
        }
        Answer::Endless { start, again, most } => {
            send(stream, start.as_bytes(), shared).await?;
            for _ in 0..most / again.len() {
                send(stream, &again, shared).await?;
            }
        }
        Answer::Reset => stream.set_zero_linger()?,
    }
    Ok(false)
}

/// Until the client closes the connection.
async fn closed(stream: &mut TcpStream) {
    let mut ignored = [0; 512];
    while stream.read(&mut ignored).await.is_ok_and(|read| read > 0) {}
}

/// Counts what the system takes over, also where it takes only a part.
async fn send(stream: &mut TcpStream, mut bytes: &[u8], shared: &Shared) -> io::Result<()> {
    while !bytes.is_empty() {
        let sent = stream.write(bytes).await?;
        shared.sent.fetch_add(sent as u64, Ordering::SeqCst);
        bytes = &bytes[sent..];
    }
    Ok(())
}
