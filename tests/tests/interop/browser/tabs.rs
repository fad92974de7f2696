//! Several tabs that refresh at the same moment.

use super::*;

/// Three requests of a page at once, by the helper; their statuses.
const CALLS: &str = "async () => {
    const { sessionFetch } = await import('/fetch.js');
    const call = sessionFetch('/auth/refresh');
    const answers = await Promise.all([call('/me'), call('/auth/sessions'), call('/me', { headers: { 'x-a': 'b' } })]);
    return answers.map((answer) => answer.status);
}";

/// Waits until every tab has heard of the last refresh: what another one writes is seen a moment late.
fn until_all_know(chromium: &Chromium, tabs: &[&Tab<'_>]) {
    for _ in 0..1000 {
        let states = chromium.at_once(tabs, "() => localStorage.getItem('jwt-session')");
        if states.windows(2).all(|pair| pair[0] == pair[1]) {
            return;
        }
    }
    panic!("the tabs know of different refreshes");
}

/// Each round the access token is over, and all tabs notice at once. Tells how many refreshes that caused, of which a
/// session may have 60 a minute.
fn refreshes(rounds: usize, tabs: usize, script: &str) -> usize {
    let (quickstart, chromium) = (Quickstart::start(), Chromium::start());
    let context = chromium.context_with(&json!({}), script);
    let first = context.tab_at(&quickstart.url);
    quickstart.log_in(&first);
    let others: Vec<_> = (1..tabs).map(|_| context.tab_at(&quickstart.url)).collect();
    let tabs: Vec<_> = std::iter::once(first).chain(others).collect();
    tabs.iter().for_each(|tab| tab.until_text("Hello, alice"));
    context.answers();
    let all: Vec<_> = tabs.iter().collect();
    for round in 0..rounds {
        until_all_know(&chromium, &all);
        context.forget(ACCESS);
        for statuses in chromium.at_once(&all, CALLS) {
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
    println!("{refreshes} refreshes in {rounds} rounds of {} tabs with 3 requests each", tabs.len());
    refreshes
}

/// One refresh of all tabs. What another tab did may be seen a moment late, which costs a refresh and nobody's login.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn tabs_that_refresh_at_the_same_moment_stay_logged_in() {
    let refreshes = refreshes(25, 3, "");
    assert!((25..=50).contains(&refreshes), "{refreshes}");
}

/// In browsers without Web Locks: one refresh of each tab, by the grace of the server. Of two, for a third may come with
/// the token before the one that the second has used already, which is reuse.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn two_tabs_without_locks_stay_logged_in_too() {
    let refreshes = refreshes(25, 2, "Object.defineProperty(navigator, 'locks', { value: undefined });");
    assert!((25..=50).contains(&refreshes), "{refreshes}");
}
