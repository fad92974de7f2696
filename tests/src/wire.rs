//! HTTP/1.1 byte by byte over a socket: what is sent is what a test wrote, nothing is tidied up.

#![expect(clippy::unwrap_used, clippy::panic, reason = "fixtures: a broken exchange fails the test")]

use core::fmt::Write as _;
use core::time::Duration;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::told::Credentials;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request in the making. `Host` comes first and `Connection: close` second, unless
/// [`Request::bare`] starts it.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct Request {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Request {
    /// `method` for `target`, on a connection that ends with the response.
    pub fn new(method: &str, target: &str) -> Self {
        Self::bare(method, target).with("Host", "api.example.com").with("Connection", "close")
    }

    /// A `GET`.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A `POST` with an empty body.
    pub fn post(target: &str) -> Self {
        Self::new("POST", target).with("Content-Length", "0")
    }

    /// The opening of a WebSocket (RFC 6455 §1.2).
    pub fn websocket(target: &str) -> Self {
        Self::bare("GET", target)
            .with("Host", "api.example.com")
            .with("Connection", "Upgrade")
            .with("Upgrade", "websocket")
            .with("Sec-WebSocket-Version", "13")
            .with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    /// The request line alone.
    pub fn bare(method: &str, target: &str) -> Self {
        Self { head: format!("{method} {target} HTTP/1.1\r\n").into_bytes(), body: Vec::new() }
    }

    /// One more field, whatever was there before; the value is sent as it stands.
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.head.extend_from_slice(name.as_bytes());
        self.head.extend_from_slice(b": ");
        self.head.extend_from_slice(value.as_ref());
        self.head.extend_from_slice(b"\r\n");
        self
    }

    /// `Authorization: Bearer` and the token.
    pub fn bearer(self, token: &str) -> Self {
        self.with("Authorization", format!("Bearer {token}"))
    }

    /// A body, whose length the caller has told.
    pub fn body(mut self, body: &[u8]) -> Self {
        self.body.extend_from_slice(body);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        [&self.head, b"\r\n".as_slice(), &self.body].concat()
    }
}

/// Shows the request with its unusual bytes escaped.
impl core::fmt::Debug for Request {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let text = self.head.escape_ascii().to_string();
        f.write_str(&text.chars().take(400).collect::<String>())
    }
}

/// A response as it came.
#[derive(Clone)]
pub struct Response {
    /// Every byte but the line of `date`.
    pub raw: Vec<u8>,
    /// The status.
    pub status: u16,
    /// The fields but `date`: names in lower case, sorted.
    pub fields: Vec<(String, String)>,
    /// The body, put together where it came in chunks.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a field that stands once; `None` where it is absent.
    ///
    /// # Panics
    /// Where it stands twice.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values =
            self.fields.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "{name} stands twice");
        value
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let Some((head, body)) = end.and_then(|end| bytes.split_at_checked(end)) else {
            panic!("no response: {}", bytes.escape_ascii());
        };
        let head = String::from_utf8_lossy(head);
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
        let mut fields: Vec<(String, String)> = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .filter(|(name, _)| name != "date")
            .collect();
        fields.sort();
        let is_chunked = fields.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = body.get(4..).unwrap();
        let body = if is_chunked && status != 101 { unchunked(body) } else { body.to_owned() };
        let raw =
            bytes.split_inclusive(|&b| b == b'\n').filter(|line| !is_date(line)).flatten().copied().collect();
        Self { raw, status, fields, body }
    }
}

fn is_date(line: &[u8]) -> bool {
    line.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"date:"))
}

/// Reads as HTTP, without what every response has.
impl core::fmt::Debug for Response {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut text = format!("{}", self.status);
        for (name, value) in &self.fields {
            write!(text, "\n    {name}: {value}")?;
        }
        write!(f, "{text}\n    {}", self.body.escape_ascii())
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = core::str::from_utf8(rest.get(..end).unwrap()).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        rest = rest.get(end..).unwrap().get(2..).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(rest.get(..size).unwrap());
        rest = rest.get(size..).unwrap().get(2..).unwrap();
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends a request and reads until the server closes the connection.
///
/// # Panics
/// Where no response comes, or a credential of the request stands in it or in what was logged.
#[must_use]
pub fn exchange(address: SocketAddr, request: &Request) -> Response {
    let sent = request.bytes();
    let credentials = Credentials::of(&sent);
    let received = answer(address, request, &sent);
    credentials.assert_kept(&received);
    Response::parse(&received)
}

fn answer(address: SocketAddr, request: &Request, sent: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    // A server may answer and close before it has read everything.
    let _ = stream.write_all(sent);
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return bytes,
            Ok(read) => bytes.extend_from_slice(chunk.get(..read).unwrap()),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return bytes,
            Err(error) => panic!("{request:?}: {error}"),
        }
        if is_complete(&bytes) {
            // Some servers wait for the client to go first. What comes after the body is read all the same.
            let _ = stream.shutdown(Shutdown::Write);
        }
    }
}

/// Whether the body has the length that the head promises.
fn is_complete(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap()).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: Option<usize> = length.and_then(|length| length.trim().parse().ok());
    length.is_some_and(|length| bytes.len().saturating_sub(end).saturating_sub(4) >= length)
}

/// Opens a WebSocket, sends `message` and reads what comes back. `None` for the message where the
/// server did not switch protocols; the response is then read in full.
///
/// # Panics
/// Where no response comes, or something that is no short text frame.
#[must_use]
pub fn websocket(address: SocketAddr, request: &Request, message: &str) -> (Response, Option<String>) {
    let mut stream = connect(address);
    stream.write_all(&request.bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap_or_else(|error| panic!("{request:?}: {error}"));
        head.extend_from_slice(&byte);
    }
    let response = Response::parse(&head);
    if response.status != 101 {
        let length = response.field("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        return (Response { body, ..response }, None);
    }
    // RFC 6455 §5.2: a final text frame, masked with zeros, which leaves the bytes as they are.
    let length = u8::try_from(message.len()).ok().filter(|length| *length < 126).unwrap();
    let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], message.as_bytes()].concat();
    stream.write_all(&frame).unwrap();
    let mut start = [0; 2];
    stream.read_exact(&mut start).unwrap();
    let [0x81, length @ 0..126] = start else { panic!("no short text frame: {start:?}") };
    let mut text = vec![0; usize::from(length)];
    stream.read_exact(&mut text).unwrap();
    (response, Some(String::from_utf8(text).unwrap()))
}
