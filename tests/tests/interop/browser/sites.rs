//! What pages of another site, and of another port, cause. `localhost` and `127.0.0.1` are two sites; two ports of one
//! host are one site and two origins.

use super::*;

/// Posts a form into a frame, and tells once it was answered. What the answer is nobody in here can read.
const POST_FORM: &str = "async (url) => {
    const frame = Object.assign(document.createElement('iframe'), { name: 'there' });
    document.body.append(frame);
    const form = Object.assign(document.createElement('form'), { method: 'POST', action: url, target: 'there' });
    for (const [name, value] of [['username', 'mallory'], ['password', 'mallory'], ['grant_type', 'refresh_token']]) {
        form.append(Object.assign(document.createElement('input'), { name, value }));
    }
    document.body.append(form);
    const loaded = new Promise((resolve) => (frame.onload = resolve));
    form.submit();
    await loaded;
    frame.remove();
}";

/// The first message of a WebSocket, or that it was refused.
const OPEN_SOCKET: &str = "(url) => new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.onmessage = (message) => resolve(message.data);
    socket.onerror = () => resolve('refused');
})";

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn a_form_of_another_site_or_port_changes_nothing() {
    let (quickstart, foreign, chromium) =
        (Quickstart::start(), Site::start(SiteRules::default()), Chromium::start());
    let context = chromium.context();
    let tab = context.tab_at(&quickstart.url);
    quickstart.log_in(&tab);
    for (host, logout) in [
        // Another site: the cookie stays away, and nobody is logged out who is not known.
        ("localhost", "POST /auth/logout-all 401"),
        // Another origin of the same site: the cookie goes along, and the proof of origin refuses.
        ("127.0.0.1", "POST /auth/logout-all 403"),
    ] {
        let page = context.tab_at(&foreign.at(host, "/"));
        context.answers();
        for path in ["/auth/logout-all", "/auth/refresh", "/auth/login"] {
            page.run(POST_FORM, &json!(format!("{}{path}", quickstart.url)));
        }
        let answers: Vec<String> =
            context.answers().into_iter().filter(|answer| answer.starts_with("POST")).collect();
        assert_eq!(answers, [logout, "POST /auth/refresh 403", "POST /auth/login 403"], "{host}");
    }
    tab.reload();
    tab.until_text("Hello, alice");
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn a_websocket_opens_for_our_own_page_and_for_no_other() {
    let (site, foreign) = (Site::start(SiteRules::default()), Site::start(SiteRules::default()));
    let chromium = Chromium::start();
    let context = chromium.context();
    let tab = context.tab_at(&site.at("127.0.0.1", "/"));
    let socket = json!(format!("ws://127.0.0.1:{}/ws", site.port));
    assert_eq!(tab.run(OPEN_SOCKET, &socket), "refused", "nobody is logged in");
    assert_eq!(tab.run(LOG_IN, &json!("/auth/login")), 200);
    assert_eq!(tab.run(OPEN_SOCKET, &socket), "welcome");
    for host in ["localhost", "127.0.0.1"] {
        let page = context.tab_at(&foreign.at(host, "/"));
        assert_eq!(page.run(OPEN_SOCKET, &socket), "refused", "{host}");
    }
    assert_eq!(tab.run(OPEN_SOCKET, &socket), "welcome");
}

const LOG_IN: &str = "async (url) => {
    const body = new URLSearchParams({ username: 'alice', password: 'alice' });
    return (await fetch(url, { method: 'POST', body, credentials: 'include' })).status;
}";

/// The page is at `https://app.test`, the routes at `https://id.test`.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn across_sites_a_double_submit_value_is_asked_for_on_top_of_the_origin() {
    let rules = SiteRules { tls: true, across_sites_from: Some("app.test") };
    let (site, chromium) = (Site::start(rules), Chromium::start());
    let context = chromium.context_with_third_parties();
    let tab = context.tab_at(&site.at("app.test", "/"));
    let at = |path: &str| json!(site.at("id.test", path));
    assert_eq!(tab.run(LOG_IN, &at("/auth/login")), 200);
    for (name, path) in [(ACCESS, "/"), (REFRESH, "/auth/refresh")] {
        let cookie = context.cookie(name).unwrap();
        let shown = ["domain", "path", "sameSite", "secure", "httpOnly"].map(|member| cookie[member].clone());
        assert_eq!(json!(shown), json!(["id.test", path, "None", true, true]), "{name}");
    }
    let get = "async (url) => (await fetch(url, { credentials: 'include' })).status";
    assert_eq!(tab.run(get, &at("/me")), 200, "what changes nothing needs no value");
    let post = "async (url) => (await fetch(url, { method: 'POST', credentials: 'include' })).status";
    for path in ["/me", "/auth/refresh", "/auth/logout"] {
        assert_eq!(tab.run(post, &at(path)), 403, "{path} without the value");
    }
    let with_value = "async (url) => {
        const options = { credentials: 'include' };
        const { csrf_token } = await (await fetch(new URL('/auth/csrf', url), options)).json();
        return (await fetch(url, { ...options, method: 'POST', headers: { 'x-csrf-token': csrf_token } })).status;
    }";
    for (path, status) in [("/me", 200), ("/auth/refresh", 200), ("/me", 200), ("/auth/logout", 204)] {
        assert_eq!(tab.run(with_value, &at(path)), status, "{path} with the value");
    }
    assert_eq!(context.cookies(), Vec::<Value>::new());

    // Another site has the cookies sent along, and neither the value nor the origin.
    assert_eq!(tab.run(LOG_IN, &at("/auth/login")), 200);
    let foreign = context.tab_at(&site.at("evil.test", "/"));
    context.answers();
    for path in ["/auth/logout-all", "/auth/refresh", "/auth/login"] {
        foreign.run(POST_FORM, &at(path));
    }
    let answers: Vec<String> =
        context.answers().into_iter().filter(|answer| answer.starts_with("POST")).collect();
    assert_eq!(answers, ["POST /auth/logout-all 403", "POST /auth/refresh 403", "POST /auth/login 403"]);
    let socket = json!(format!("wss://id.test:{}/ws", site.port));
    assert_eq!(foreign.run(OPEN_SOCKET, &socket), "refused");
    assert_eq!(tab.run(get, &at("/me")), 200);

    // Where third parties may have no cookies, there is no login across sites: `with_cookies_across_sites` tells so.
    let strict = chromium.context();
    let tab = strict.tab_at(&site.at("app.test", "/"));
    assert_eq!(tab.run(LOG_IN, &at("/auth/login")), 200);
    assert_eq!(strict.cookies(), Vec::<Value>::new());
}
