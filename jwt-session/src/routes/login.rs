//! `POST /login`: the application says who it is, a session is started.

use core::fmt;
use core::future::Future;

use jwt_core::BoxFuture;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::body::{Accepts, Members};
use super::request::Kept;
use super::response::{OAuthError, RouteResponse};
use super::{Answered, Routes};
use crate::events::AttemptRefusal;
use crate::sessions::NewSession;

/// Bytes of a name at most, as those of a subject.
const MOST_NAME: usize = 256;

/// Checks who logs in. The application's part of `POST /login`; a closure will do.
///
/// None is the answer where the name is unknown **and** where the password is wrong, and should take as long for the one
/// as for the other: hash the password against a made-up hash where there is no user.
///
/// A check is made to its end, on a task of its own, also where the client has gone meanwhile: until then it is one of those
/// that its address and its name may have at a time. Give whatever it waits for a time limit.
///
/// Names are compared by the application's own rules, or its database's. The limits of a name fold more than most of those
/// do: letters and digits count, without case, accents, width and whatever does not show, so that no other spelling of an
/// account has attempts of its own, and names that look alike have some in common.
///
/// The client is that of the request (`client_id`), and is not to be set here: a session that is bound to another one
/// could never be refreshed, so that such a login is a 500.
///
/// ```
/// use jwt_session::NewSession;
/// use jwt_session::routes::{Credentials, Login, LoginUnavailable};
///
/// /// In the place of a password hash, which takes as long for every hash.
/// fn is_right(password: &str, hash: &str) -> bool {
///     password.bytes().rev().eq(hash.bytes())
/// }
///
/// fn is_login(_: impl Login) {}
/// is_login(|credentials: Credentials| async move {
///     // Here a database would be asked.
///     let user = (credentials.username() == "alice").then_some(("alice", "esroh tcerroc"));
///     // A hash in any case, and no `&&` before it.
///     let is_right = is_right(credentials.password(), user.map_or("made up", |(_, hash)| hash));
///     let user = user.filter(|_| is_right);
///     Ok::<_, LoginUnavailable>(user.map(|(id, _)| NewSession::of(id).with_scope("read")))
/// });
/// ```
pub trait Login: Send + Sync + 'static {
    /// The session to start, or None where nobody is known by these credentials.
    ///
    /// # Errors
    /// [`LoginUnavailable`] where it cannot be said: 503.
    fn check(&self, credentials: Credentials) -> BoxFuture<'_, Result<Option<NewSession>, LoginUnavailable>>;
}

impl<F, Fut> Login for F
where
    F: Fn(Credentials) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<NewSession>, LoginUnavailable>> + Send + 'static,
{
    fn check(&self, credentials: Credentials) -> BoxFuture<'_, Result<Option<NewSession>, LoginUnavailable>> {
        Box::pin(self(credentials))
    }
}

/// Whoever knows the users cannot be asked now. The cause goes to the application's own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginUnavailable;

impl fmt::Display for LoginUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("credentials cannot be checked now")
    }
}

impl std::error::Error for LoginUnavailable {}

/// What somebody who logs in has sent.
pub struct Credentials {
    members: Members,
    username: String,
    password: Zeroizing<String>,
}

impl Credentials {
    /// The member `username`: not empty, at most 256 bytes.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The member `password`: not empty.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The scopes that are asked for. What is granted is up to the application.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.members.text("scope")
    }

    /// The client that asks: one of those that the routes know, or none.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        self.members.text("client_id")
    }

    /// Another member of the body, where it is there and not empty: a one-time code, say.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&str> {
        self.members.text(name)
    }
}

/// Shows nothing.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl Routes {
    pub(super) async fn login(&self, request: Kept) -> Answered {
        let members = Self::members(&request, Accepts::JsonOrForm)?;
        let client = self.client(&request, &members)?;
        let mode = client.mode();
        if mode.has_cookies() {
            // There is no session yet that a double-submit value could be of.
            self.prove_origin_of_login(&request)?;
        }
        let client = self.proven(&request, client).await?;
        let (Some(username), Some(password)) = (members.text("username"), members.text("password")) else {
            return Err(RouteResponse::malformed());
        };
        // The answer for a name that nobody can have is that for one that nobody has.
        let wrong = || RouteResponse::error(400, OAuthError::InvalidGrant);
        let is_name = username.len() <= MOST_NAME;
        let (username, password) = (username.to_owned(), Zeroizing::new(password.to_owned()));
        let name = username.clone();
        let refused = |why| self.tell_login_refused(&request, &name, why);
        let limited = |_: &RouteResponse| refused(AttemptRefusal::RateLimited);
        let folded = if is_name { folded(&username) } else { String::new() };
        let attempt = self.0.login_limits.attempt(self.address(&request), &folded, self.now());
        let attempt = attempt.inspect_err(limited)?;
        // Before the password is looked at, so that nobody learns by it that one was right.
        let starts = self.0.start_limits.attempt(None, &folded, self.now()).inspect_err(limited)?;
        // A password that is changed while this one is checked leaves no session behind.
        let begun = self.0.sessions.begin_login().await.map_err(|error| {
            refused(AttemptRefusal::Unavailable);
            Self::broken(&error)
        })?;
        let credentials = Credentials { members, username, password };
        let checked = if is_name { self.0.login.check(credentials).await } else { Ok(None) };
        let new = match checked {
            Ok(Some(new)) => new,
            Ok(None) => {
                attempt.failed(self.now()).inspect_err(limited)?;
                refused(AttemptRefusal::WrongCredentials);
                return Err(wrong());
            }
            Err(LoginUnavailable) => {
                refused(AttemptRefusal::Unavailable);
                return Err(RouteResponse::unavailable());
            }
        };
        attempt.passed(self.now()).inspect_err(limited)?;
        starts.passed_of_name(self.now());
        if new.client().is_some() && new.client() != client.as_deref() {
            tracing::error!(
                "the login named another client than the request did, which could never refresh the session: leave \
                 `NewSession::with_client` to the routes"
            );
            return Err(RouteResponse::failed());
        }
        let new = new.seen(client, request.text("user-agent"), self.address(&request), begun);
        let tokens = self.0.sessions.start(new).await.map_err(|error| {
            refused(AttemptRefusal::Unavailable);
            Self::broken(&error)
        })?;
        match self.tokens(mode, &tokens) {
            Ok(response) => Ok(response),
            Err(response) => {
                // Nobody was given its tokens. Where this fails too, it expires.
                let _ = self.0.sessions.end(tokens.session()).await;
                Err(response)
            }
        }
    }
}

/// What the limits know a name by: one for all names that the collation of some database takes for one.
fn folded(name: &str) -> String {
    // Upper case first, for `ß` is `ss` to many.
    let letters = name.nfkd().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    let folded: String = letters.filter(|letter| letter.is_alphanumeric()).collect();
    if folded.is_empty() { format!(" {}", name.trim()) } else { folded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_name_are_one_to_its_limits() {
        let spellings = [
            "alice",
            " Alice\u{a0}",
            "al\u{ad}ice",
            "al\u{200b}ice",
            "\u{ff41}lice",
            "a\u{301}lice",
            "\u{e1}lice",
        ];
        for spelling in
            spellings.into_iter().chain(["al\u{fe0f}ice", "\u{1d41a}lice", "a.l.i.c.e", "al\u{131}ce"])
        {
            assert_eq!(folded(spelling), "alice", "{}", spelling.escape_unicode());
        }
        assert_eq!(folded("Straße"), folded("STRASSE"));
        assert_eq!(folded("ὈΔΥΣΣΕΎΣ"), folded("οδυσσευς"));
        for (one, other) in
            [("alice", "alicia"), ("user1", "user2"), ("李", "王"), ("!", "?"), ("!", "x"), (" ", "!")]
        {
            assert_ne!(folded(one), folded(other));
        }
        assert_eq!(folded(" ! "), folded("!"));
        assert!(!folded("\u{200b}").is_empty() && !folded(" ").is_empty(), "every name has limits");
    }
}
