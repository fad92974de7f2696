//! `fetch.js`: bodies, other origins, what is no logout and what is one.

use super::*;

/// Logs in and makes the helper ready, with a count of its events.
const READY: &str = "async () => {
    const { sessionFetch } = await import('/fetch.js');
    globalThis.call = sessionFetch('/auth/refresh');
    globalThis.over = 0;
    addEventListener('session-over', () => (globalThis.over += 1));
    const body = new URLSearchParams({ username: 'alice', password: 'alice' });
    return (await fetch('/auth/login', { method: 'POST', body })).status;
}";

fn ready<'c>(site: &Site, context: &Context<'c>) -> Tab<'c> {
    let tab = context.tab_at(&site.at("127.0.0.1", "/"));
    assert_eq!(tab.run(READY, &Value::Null), 200);
    context.answers();
    tab
}

fn refreshes(context: &Context<'_>) -> Vec<String> {
    context.answers().into_iter().filter(|answer| answer.contains("/auth/refresh")).collect()
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn a_request_with_a_body_is_sent_again_with_its_body() {
    let (site, chromium) = (Site::start(SiteRules::default()), Chromium::start());
    let context = chromium.context();
    let tab = ready(&site, &context);
    for body in ["'a text'", "new Blob(['a text'])", "new TextEncoder().encode('a text')"] {
        context.forget(ACCESS);
        let script = format!("async () => (await call('/me', {{ method: 'POST', body: {body} }})).text()");
        assert_eq!(tab.run(&script, &Value::Null), "got a text", "{body}");
    }
    context.forget(ACCESS);
    let request =
        "async () => (await call(new Request('/me', { method: 'POST', body: 'of a request' }))).text()";
    assert_eq!(tab.run(request, &Value::Null), "got of a request");
    assert_eq!(refreshes(&context), ["POST /auth/refresh 200"; 4]);
    assert_eq!(tab.run("() => over", &Value::Null), 0);
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn what_is_not_over_is_not_refreshed() {
    let (site, chromium) = (Site::start(SiteRules::default()), Chromium::start());
    let context = chromium.context();
    let tab = ready(&site, &context);
    let statuses = "async () => [(await call('/me')).status, (await call('/nowhere')).status]";
    assert_eq!(tab.run(statuses, &Value::Null), json!([200, 404]));
    assert_eq!(refreshes(&context), Vec::<String>::new());
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn many_requests_at_once_are_one_refresh() {
    let (site, chromium) = (Site::start(SiteRules::default()), Chromium::start());
    let context = chromium.context();
    let tab = ready(&site, &context);
    context.forget(ACCESS);
    let many = "async () => {
        const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => call('/me', { method: 'POST', body: `${n}` })));
        return Promise.all(answers.map((answer) => answer.text()));
    }";
    let expected: Vec<String> = (0..20).map(|n| format!("got {n}")).collect();
    assert_eq!(tab.run(many, &Value::Null), json!(expected));
    assert_eq!(refreshes(&context), ["POST /auth/refresh 200"]);
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn a_refused_refresh_is_one_event_in_each_tab_and_no_loop() {
    let (site, chromium) = (Site::start(SiteRules::default()), Chromium::start());
    let context = chromium.context();
    let tab = ready(&site, &context);
    let other = ready(&site, &context);
    context.forget(ACCESS);
    context.forget(REFRESH);
    let both =
        "async () => (await Promise.all([call('/me'), call('/me'), call('/me')])).map((it) => it.status)";
    assert_eq!(tab.run(both, &Value::Null), json!([401, 401, 401]));
    assert_eq!(tab.run("() => over", &Value::Null), 1);
    other.until("over === 1");
    let answers = context.answers();
    let count = |answer: &str| answers.iter().filter(|it| *it == answer).count();
    assert_eq!((count("POST /auth/refresh 401"), count("GET /me 401")), (1, 3), "{answers:?}");
    // The next login is a new beginning.
    assert_eq!(tab.run(READY, &Value::Null), 200);
    context.forget(ACCESS);
    assert_eq!(tab.run("async () => (await call('/me')).status", &Value::Null), 200);
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn a_server_that_fails_or_is_not_reached_logs_nobody_out() {
    let (site, chromium) = (Site::start(SiteRules::default()), Chromium::start());
    let context = chromium.context();
    let tab = ready(&site, &context);
    context.forget(ACCESS);
    site.break_store(true);
    let status = "async () => (await call('/me')).status";
    assert_eq!(tab.run(status, &Value::Null), 503);
    let at_once = "async () => (await Promise.all([call('/me'), call('/me')])).map((it) => it.status)";
    assert_eq!(tab.run(at_once, &Value::Null), json!([503, 503]));
    site.break_store(false);
    assert_eq!(tab.run(status, &Value::Null), 200, "the cookie for the refresh is still there");

    let failed = "async () => call('/me').then(() => 'answered', (error) => error.name)";
    context.forget(ACCESS);
    let impatient = "() => { globalThis.patience = AbortSignal.timeout; AbortSignal.timeout = () => patience.call(AbortSignal, 0); }";
    tab.run(impatient, &Value::Null);
    assert_eq!(tab.run(failed, &Value::Null), "TimeoutError");
    tab.run("() => { AbortSignal.timeout = patience; }", &Value::Null);
    assert_eq!(tab.run(status, &Value::Null), 200);

    context.forget(ACCESS);
    drop(site);
    assert_eq!(tab.run(failed, &Value::Null), "TypeError");
    assert!(context.cookie(REFRESH).is_some());
    assert_eq!(tab.run("() => over", &Value::Null), 0);
}

/// Another port is another origin, to which the browser by itself sends the cookies of a host.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn another_origin_is_sent_no_cookie_and_causes_no_refresh() {
    let (site, other) = (Site::start(SiteRules::default()), Site::start(SiteRules::default()));
    let chromium = Chromium::start();
    let context = chromium.context();
    let tab = ready(&site, &context);
    let seen = other.at("127.0.0.1", "/seen");
    let ask = "async (url) => (await ASKED(url, { credentials: 'include' })).text()";
    let by_itself = tab.run(&ask.replace("ASKED", "fetch"), &json!(seen));
    assert!(by_itself.as_str().unwrap().contains(ACCESS), "{by_itself}");
    assert_eq!(tab.run(&ask.replace("ASKED", "call"), &json!(seen)), "cookies: ");
    let request = "async (url) => (await call(new Request(url, { credentials: 'include' }))).text()";
    assert_eq!(tab.run(request, &json!(seen)), "cookies: ");
    let redirected = format!("/elsewhere?{seen}");
    assert_eq!(tab.run(&ask.replace("ASKED", "call"), &json!(redirected)), "cookies: ");
    // That one was ours to begin with, and is refreshed for, once.
    let answers = refreshes(&context);
    assert!(answers.len() <= 1, "{answers:?}");
}
