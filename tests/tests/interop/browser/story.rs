//! Login, cookies, reloads, restarts, devices, logouts: by the pages of the quickstart.

use super::*;

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn a_login_outlasts_reloads_and_a_restart_of_the_server() {
    let (mut quickstart, chromium) = (Quickstart::start(), Chromium::start());
    let context = chromium.context();
    let tab = context.tab_at(&quickstart.url);
    tab.until_text("Log in");
    assert_eq!(tab.run("() => document.activeElement.id", &Value::Null), "username");
    quickstart.log_in(&tab);
    tab.reload();
    tab.until_text("Hello, alice");

    quickstart.start_again();
    tab.reload();
    tab.until_text("Hello, alice");
    // Not by the access token alone: the refresh token is known to the new process too.
    context.forget(ACCESS);
    tab.reload();
    tab.until_text("Hello, alice");
    assert!(context.cookie(ACCESS).is_some());
    assert_eq!(context.complaints(), Default::default());
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn the_browser_shows_cookies_that_no_script_no_other_site_and_no_plain_request_has() {
    let (quickstart, chromium) = (Quickstart::start(), Chromium::start());
    let context = chromium.context();
    let tab = context.tab_at(&quickstart.url);
    quickstart.log_in(&tab);
    for (name, same_site, path) in
        [(ACCESS, "Lax", "/"), (REFRESH, "Strict", "/auth/refresh"), (SESSION, "Strict", "/")]
    {
        let cookie = context.cookie(name).unwrap();
        let shown = json!({
            "name": name, "domain": "127.0.0.1", "path": path,
            "httpOnly": true, "secure": true, "sameSite": same_site,
        });
        for (member, value) in shown.as_object().unwrap() {
            assert_eq!(&cookie[member], value, "{member} of {name}");
        }
        assert!(cookie["expires"].as_f64().unwrap() > 0.0, "{name} is kept when the browser is closed");
    }
    assert_eq!(context.cookies().len(), 3);
    assert_eq!(tab.run("() => document.cookie", &Value::Null), "");
    let kept = tab
        .run("() => Object.values(localStorage).concat(Object.values(sessionStorage)).join()", &Value::Null);
    assert!(!kept.as_str().unwrap().contains("eyJ") && !kept.as_str().unwrap().contains("rt_"), "{kept}");
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn a_wrong_password_and_an_unknown_name_are_told_alike() {
    let (quickstart, chromium) = (Quickstart::start(), Chromium::start());
    let context = chromium.context();
    let tab = context.tab_at(&quickstart.url);
    let told = "The name or the password is wrong.";
    quickstart.log_in_with(&tab, "wrong");
    tab.until_text(told);
    tab.fill("#username", "bob");
    tab.fill("#password", &quickstart.password);
    tab.press("Enter");
    tab.until("document.activeElement.id === 'password' && getSelection().toString() !== ''");
    tab.until_text(told);
    assert_eq!(context.cookies(), Vec::<Value>::new());
    // Nothing is left of it after a good login.
    quickstart.log_in(&tab);
    tab.until("document.getElementById('message').textContent === ''");
    let logins = context.answers().into_iter().filter(|answer| answer.contains("/auth/login"));
    assert!(logins.eq(["POST /auth/login 400", "POST /auth/login 400", "POST /auth/login 200"]));
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn a_device_that_is_ended_from_the_list_is_out_on_its_next_request() {
    let (quickstart, chromium) = (Quickstart::start(), Chromium::start());
    let (here, there) = (chromium.context(), chromium.context());
    let (tab, other) = (here.tab_at(&quickstart.url), there.tab_at(&quickstart.url));
    quickstart.log_in(&other);
    quickstart.log_in(&tab);
    let devices = "() => document.querySelectorAll('#devices li').length";
    assert_eq!(tab.run(devices, &Value::Null), 2);
    let names = tab.run("() => document.querySelector('#devices').innerText", &Value::Null);
    assert!(names.as_str().unwrap().contains("Chrome on Linux"), "{names}");

    tab.click("#devices button");
    tab.until("document.querySelectorAll('#devices li').length === 1");
    assert!(there.cookie(ACCESS).is_some(), "the other device has its token, and it is good by its time");
    assert_eq!(other.run("async () => (await fetch('/me')).status", &Value::Null), 401);
    there.answers();
    other.reload();
    other.until("!document.getElementById('login').hidden");
    let answers = there.answers();
    assert_eq!(answers.iter().filter(|answer| *answer == "POST /auth/refresh 401").count(), 1, "{answers:?}");
    assert_eq!(there.cookies(), Vec::<Value>::new());
    tab.reload();
    tab.until_text("Hello, alice");
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn a_logout_everywhere_ends_other_browsers_on_their_next_request_and_all_tabs_here() {
    let (quickstart, chromium) = (Quickstart::start(), Chromium::start());
    let (here, there) = (chromium.context(), chromium.context());
    let (tab, second, other) = (here.tab_at(&quickstart.url), here.tab(), there.tab_at(&quickstart.url));
    quickstart.log_in(&other);
    quickstart.log_in(&tab);
    second.go(&quickstart.url);
    second.until_text("Hello, alice");

    // Its own access token is over by then, which is no reason not to log out.
    here.forget(ACCESS);
    tab.click("#logout-all");
    tab.until("!document.getElementById('login').hidden");
    second.until("!document.getElementById('login').hidden");
    assert_eq!(here.cookies(), Vec::<Value>::new());

    let status = "async () => (await fetch('/me')).status";
    assert_eq!(other.run(status, &Value::Null), 401, "at once, by a token whose time is not over");
    other.reload();
    other.until("!document.getElementById('login').hidden");
    // A login right after works.
    quickstart.log_in(&other);
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn a_logout_ends_this_browser_alone() {
    let (quickstart, chromium) = (Quickstart::start(), Chromium::start());
    let (here, there) = (chromium.context(), chromium.context());
    let (tab, other) = (here.tab_at(&quickstart.url), there.tab_at(&quickstart.url));
    quickstart.log_in(&other);
    quickstart.log_in(&tab);
    tab.click("#logout");
    tab.until("!document.getElementById('login').hidden");
    assert_eq!(here.cookies(), Vec::<Value>::new());
    other.reload();
    other.until_text("Hello, alice");
}
