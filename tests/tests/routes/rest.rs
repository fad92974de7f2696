//! What a story tells in each mode alike: a user's own sessions, what services may ask, and logouts from elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tests::wire::Response;

use super::world::{cookies, member};
use super::{FORM, JSON, OURS, Story};

/// A user who is logged in.
struct User {
    fields: Vec<(&'static str, String)>,
    access: String,
    session: String,
}

impl User {
    fn log_in(story: &Story, client: &str) -> Self {
        let login = login(story, client);
        let held = cookies(&login);
        let in_cookie = held.split("; ").find_map(|cookie| cookie.strip_prefix("__Host-access="));
        let (access, fields) = match in_cookie {
            Some(access) => (access.to_owned(), vec![(OURS.0, OURS.1.to_owned()), ("Cookie", held.clone())]),
            None => {
                let access = member(&login, "access_token");
                let bearer = format!("Bearer {access}");
                (access, vec![("Authorization", bearer)])
            }
        };
        let mut user = Self { fields, access, session: String::new() };
        let list = user.send(story, "GET", "/auth/sessions");
        let list: serde_json::Value = serde_json::from_slice(&list.body).unwrap();
        let mut sessions = list["sessions"].as_array().unwrap().iter();
        let own = sessions.find(|session| session["current"] == true).unwrap();
        user.session = own["id"].as_str().unwrap().to_owned();
        user
    }

    fn fields(&self) -> Vec<(&str, &str)> {
        self.fields.iter().map(|(name, value)| (*name, &**value)).collect()
    }

    fn send(&self, story: &Story, method: &str, path: &str) -> Response {
        story.world.send(method, path, &self.fields(), "")
    }

    fn tell(&self, story: &mut Story, what: &str, method: &str, path: &str) {
        story.send(what, method, path, &self.fields(), "");
    }

    /// Whether the application's own route lets them in.
    fn is_let_in(&self, story: &Story) -> bool {
        self.send(story, "GET", "/me").status == 200
    }
}

fn login(story: &Story, client: &str) -> Response {
    let right = format!(r#"{{"username":"carol","password":"carol","client_id":"{client}"}}"#);
    let login = story.world.send("POST", "/auth/login", &[JSON, OURS], &right);
    assert_eq!(login.status, 200, "{}", login.text());
    login
}

/// All that does not depend on how a client is given its tokens, for a client that is given them in its own way.
pub(super) fn tell(story: &mut Story, client: &str) {
    let (user, other) = (User::log_in(story, client), User::log_in(story, client));
    let path = |user: &User| format!("/auth/sessions/{}", user.session);
    user.tell(story, "a double-submit value for an access token", "GET", "/auth/csrf");
    user.tell(story, "another session of the user ends", "DELETE", &path(&other));
    assert!(user.is_let_in(story) && !other.is_let_in(story), "{client}");
    user.tell(story, "one session is left", "GET", "/auth/sessions");
    user.tell(story, "and this one ends", "DELETE", &path(&user));
    assert!(!user.is_let_in(story), "{client}");

    let user = User::log_in(story, client);
    let token = format!("token={}", user.access);
    let basic = |client: &str| format!("Basic {}", STANDARD.encode(format!("{client}:{client}")));
    let (service, own) = (basic("api"), basic(client));
    let (service, own) = ([FORM, ("Authorization", &service)], [FORM, ("Authorization", &own)]);
    story.send("a service asks about a good token", "POST", "/auth/introspect", &service, &token);
    story.send("the client takes it back", "POST", "/auth/revoke", &own, &token);
    assert!(!user.is_let_in(story), "{client}");
    story.send("a service asks again", "POST", "/auth/introspect", &service, &token);

    let user = User::log_in(story, client);
    user.tell(story, "logout by the access token", "POST", "/auth/logout");
    assert!(!user.is_let_in(story), "{client}");

    let user = User::log_in(story, client);
    let logout = story.world.logout_of("carol");
    story.send("a logout at the provider", "POST", "/auth/backchannel-logout", &[FORM], &logout);
    assert!(!user.is_let_in(story), "{client}");
    // What was started up to 30 s later ends with it.
    story.world.clock.advance(60);
    let (user, other) = (User::log_in(story, client), User::log_in(story, client));
    user.tell(story, "a logout of all sessions", "POST", "/auth/logout-all");
    assert!(!user.is_let_in(story) && !other.is_let_in(story), "{client}");
}

/// What needs nothing but the refresh cookie.
pub(super) fn tell_of_refresh_cookie(story: &mut Story, client: &str) {
    let held = cookies(&login(story, client));
    let page = [OURS, ("Cookie", &*held)];
    story.send("a double-submit value for a refresh cookie", "GET", "/auth/refresh/csrf", &page, "");
    story.send("logout by the refresh cookie", "POST", "/auth/refresh/logout", &page, "");
}
