//! What is told in this process, by every crate and at every level, and that no credential stands in it.
//!
//! It listens to the crate `log`, which also hears what is told to `tracing` (its feature `log-always`): what is looked
//! for are the credentials of every request that [`wire`](crate::wire) sends, so that each suite over sockets is one
//! about leaks too.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, Once, PoisonError};

use crate::windows::Windows;

/// What is told and looked for; other tests of this process add to it.
#[derive(Default)]
struct Told {
    secrets: Mutex<Windows>,
    leaks: Mutex<Vec<String>>,
}

static TOLD: LazyLock<Told> = LazyLock::new(Told::default);

/// What was told since [`keep`].
pub static RECORDS: Log = Log::new();
/// Only where a test asked for it: a suite tells more than should be kept.
static ARE_KEPT: AtomicBool = AtomicBool::new(false);

/// Lines as they came.
#[derive(Default)]
pub struct Log(Mutex<Vec<String>>);

impl Log {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// All of them.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.since(0)
    }

    /// How many there are.
    #[must_use]
    pub fn mark(&self) -> usize {
        held(&self.0).len()
    }

    /// Those behind a mark.
    #[must_use]
    pub fn since(&self, mark: usize) -> Vec<String> {
        held(&self.0).iter().skip(mark).cloned().collect()
    }

    /// One more.
    pub fn push(&self, line: String) {
        held(&self.0).push(line);
    }
}

impl log::Log for Told {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        let leaks = held(&self.secrets).are_in(line.as_bytes());
        if leaks {
            held(&self.leaks).push(line.clone());
        }
        if are_kept() {
            RECORDS.push(line);
        }
    }

    fn flush(&self) {}
}

/// A test that failed elsewhere is no reason for this one.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens from now on.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Whoever else listened would leave this one with nothing to find.
        assert!(log::set_logger(&*TOLD).is_ok(), "another logger is there");
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// Keeps from now on whatever is told, in [`RECORDS`].
pub fn keep() {
    listen();
    ARE_KEPT.store(true, Ordering::SeqCst);
}

/// Whether it is kept.
pub fn are_kept() -> bool {
    ARE_KEPT.load(Ordering::SeqCst)
}

/// The credentials of one request.
#[must_use]
pub struct Credentials(Windows);

impl Credentials {
    /// Whatever looks like one in the bytes of a request. From now on none of it may be told.
    pub fn of(request: &[u8]) -> Self {
        listen();
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        let mut sent = Windows::default();
        for word in request.split(|byte| !is_word(byte)).filter(|word| word.len() >= 40) {
            // The header of a token is no secret, nor is the name of a session, with which a refresh token begins.
            let (_, secret) = match word.iter().position(|byte| *byte == b'.') {
                Some(dot) => word.split_at(dot),
                None => word.split_at(32),
            };
            held(&TOLD.secrets).add(secret);
            // A new token may say in an answer what this one says, under a signature of its own.
            let signature = secret.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
            sent.add(signature);
        }
        Self(sent)
    }

    /// None of them stands in the answer, and none in anything that was told up to now.
    ///
    /// # Panics
    /// Where one does.
    pub fn assert_kept(&self, answer: &[u8]) {
        assert!(!self.0.are_in(answer), "a credential is sent back: {}", answer.escape_ascii());
        let leaks = held(&TOLD.leaks);
        assert!(leaks.is_empty(), "a credential is told: {}", leaks.join("\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::WINDOW;

    /// In a process of its own: what is told here is found by all that ask afterwards.
    #[test]
    fn a_credential_that_is_sent_back_or_told_is_found() {
        let (header, payload, signature) = ("aGVhZGVy".repeat(4), "cGF5bG9h".repeat(4), "c2lnbmF0".repeat(4));
        let request =
            format!("GET / HTTP/1.1\r\nAuthorization: Bearer {header}.{payload}.{signature}\r\n\r\n");
        let credentials = Credentials::of(request.as_bytes());
        let is_kept =
            |answer: &str| std::panic::catch_unwind(|| credentials.assert_kept(answer.as_bytes())).is_ok();
        let window = |part: &str| part.get(..WINDOW).expect("32 bytes are longer than a window").to_owned();
        assert!(is_kept(&header) && is_kept(&payload) && !is_kept(&window(&signature)));
        log::trace!("{header}");
        assert!(is_kept(""));
        log::trace!("x{}", window(&payload));
        assert!(!is_kept(""));
    }
}
