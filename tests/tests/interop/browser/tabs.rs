//! Several tabs that refresh at the same moment.

use super::*;

/// Three requests of a page at once, by the helper; their statuses.
const CALLS: &str = "async () => {
    const { sessionFetch } = await import('/fetch.js');
    const call = sessionFetch('/auth/refresh');
    const answers = await Promise.all([call('/me'), call('/auth/sessions'), call('/me', { headers: { 'x-a': 'b' } })]);
    return answers.map((answer) => answer.status);
}";

/// Each round the access token is over, and all tabs notice at once. Tells how many refreshes that caused, of which a
/// session may have 60 a minute.
fn refreshes(rounds: usize, script: &str) -> usize {
    let (quickstart, chromium) = (Quickstart::start(), Chromium::start());
    let context = chromium.context_with(&json!({}), script);
    let first = context.tab_at(&quickstart.url);
    quickstart.log_in(&first);
    let tabs = [first, context.tab_at(&quickstart.url), context.tab_at(&quickstart.url)];
    tabs.iter().for_each(|tab| tab.until_text("Hello, alice"));
    context.answers();
    let tabs = tabs.each_ref();
    for round in 0..rounds {
        context.forget(ACCESS);
        for statuses in chromium.at_once(&tabs, CALLS) {
            assert_eq!(statuses, json!([200, 200, 200]), "round {round}");
        }
        assert!(context.cookie(ACCESS).is_some(), "round {round}");
    }
    tabs.iter().for_each(|tab| tab.reload());
    tabs.iter().for_each(|tab| tab.until_text("Hello, alice"));
    let answers = context.answers();
    assert!(
        !answers.iter().any(|answer| answer.contains("failed") || answer.ends_with("429")),
        "{answers:?}"
    );
    assert!(!answers.iter().any(|answer| answer == "POST /auth/refresh 401"), "{answers:?}");
    let refreshes = answers.iter().filter(|answer| *answer == "POST /auth/refresh 200").count();
    println!("{refreshes} refreshes in {rounds} rounds of 3 tabs with 3 requests each");
    refreshes
}

/// One refresh of all tabs. What another tab did may be seen a moment late, which costs a refresh and nobody's login.
#[test]
fn tabs_that_refresh_at_the_same_moment_stay_logged_in() {
    let refreshes = refreshes(25, "");
    assert!((25..=50).contains(&refreshes), "{refreshes}");
}

/// In browsers without Web Locks: one refresh of each tab, by the grace of the server.
#[test]
fn tabs_without_locks_stay_logged_in_too() {
    let refreshes = refreshes(15, "Object.defineProperty(navigator, 'locks', { value: undefined });");
    assert!((15..=45).contains(&refreshes), "{refreshes}");
}
