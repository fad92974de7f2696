//! No route of the table is missing from the stories.

use jwt_session::routes::Endpoint;

/// What is told in each mode. Both frameworks are held to every word of it.
const OF_MODES: [(&str, &str); 3] = [
    ("json", include_str!("json.txt")),
    ("cookies", include_str!("cookies.txt")),
    ("mixed", include_str!("mixed.txt")),
];
/// What is told without a client.
const OF_NO_MODE: [(&str, &str); 1] = [("refusals", include_str!("refusals.txt"))];

/// The stories that have to tell how a route is used to good end.
fn stories_of(endpoint: Endpoint) -> &'static [(&'static str, &'static str)] {
    match endpoint {
        // The same for everybody.
        Endpoint::Jwks | Endpoint::Metadata => &OF_NO_MODE,
        // In JSON there is no refresh cookie.
        Endpoint::RefreshCsrf | Endpoint::RefreshLogout => &OF_MODES[1..],
        // Whatever is added to the table, too.
        _ => &OF_MODES,
    }
}

/// Whether a story has this request with an answer that is none of refusal.
fn succeeds(story: &str, request: &str) -> bool {
    let steps = story.split("### ").map(|step| step.lines().skip(1));
    steps.into_iter().any(|mut lines| {
        lines.next() == Some(request) && lines.next().is_some_and(|status| status.starts_with('2'))
    })
}

#[test]
fn every_route_is_told_of_with_its_success_in_each_mode() {
    let missing: Vec<_> = Endpoint::ALL
        .iter()
        .flat_map(|endpoint| stories_of(*endpoint).iter().map(move |story| (endpoint, story)))
        .filter_map(|(endpoint, (name, story))| {
            let path = endpoint.path();
            let prefix = if path.starts_with("/.well-known/") { "" } else { "/auth" };
            let request = format!("{} {prefix}{path}", endpoint.methods()[0]);
            (!succeeds(story, &request)).then(|| format!("{request} in {name}.txt"))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_refusal_is_no_success() {
    let story = "### a\nPOST /a\n401\n\n### b\nPOST /b\n204\n";
    assert!(succeeds(story, "POST /b") && !succeeds(story, "POST /a") && !succeeds(story, "GET /b"));
}
