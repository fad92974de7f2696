//! Attacks on where a token stands in a request. Every row goes over sockets to each framework.

use jwt_core::Reason;
use tests::tokens::{alice, good};

use super::bench::{Ask, Door};
use super::covers;
use crate::parity::{Expected, rules};

covers! {
    several_authorization_fields [46];
    a_scheme_that_is_almost_bearer [47];
    two_carriers [48];
    a_token_in_the_query [49];
    a_cookie_twice [50];
    a_cookie_of_almost_our_name [50a];
}

const COOKIE: &str = "__Host-access";

#[test]
fn several_authorization_fields() {
    let door = Door::new("several fields", rules(""));
    let (token, other) = (alice(), good(|token| token.with_scope("admin")));
    let (ok, broken) = (Expected::me(&token), Expected::invalid_request());
    let plain = Ask::get().bearer(&token);
    for second in [
        format!("Bearer {token}"),
        format!("Bearer {other}"),
        "Bearer a.b.c".to_owned(),
        "Bearer".to_owned(),
        "Basic YTpi".to_owned(),
        String::new(),
    ] {
        for (first, second) in
            [(format!("Bearer {token}"), second.clone()), (second, format!("Bearer {token}"))]
        {
            let attack =
                Ask::get().with("Authorization", first.as_str()).with("authorization", second.as_str());
            let name = format!("{first:.12} and {second:.12}");
            door.refuses(&name, (&plain, &ok), (&attack, &broken), Reason::RepeatedAuthorization);
        }
    }
    for value in [
        format!("Bearer {token}, Bearer {other}"),
        format!("Bearer {token},{other}"),
        format!("Bearer {token},"),
        format!("Bearer ,{token}"),
        format!("Basic YTpi, Bearer {token}"),
    ] {
        let attack = Ask::get().with("Authorization", value.as_str());
        door.refuses(&value, (&plain, &ok), (&attack, &broken), Reason::MalformedAuthorization);
    }
    door.finish(17);
}

#[test]
fn a_scheme_that_is_almost_bearer() {
    let door = Door::new("schemes", rules(""));
    let token = alice();
    let (ok, none, broken) = (Expected::me(&token), Expected::no_credentials(), Expected::invalid_request());
    for scheme in ["Bearer", "bearer", "BEARER", "bEARER"] {
        door.accepts(scheme, &Ask::get().with("Authorization", format!("{scheme} {token}")), &ok);
    }
    let plain = Ask::get().bearer(&token);
    for scheme in
        ["Basic", "Digest", "DPoP", "Token", "JWT", "Bearerx", "xBearer", "Bear", "Bearer1", "Bearer-"]
    {
        let attack = Ask::get().with("Authorization", format!("{scheme} {token}"));
        door.refuses(scheme, (&plain, &ok), (&attack, &none), Reason::NoCredentials);
    }
    let attack = Ask::get().with("Proxy-Authorization", format!("Bearer {token}"));
    door.refuses("of a proxy", (&plain, &ok), (&attack, &none), Reason::NoCredentials);
    for value in [
        "Bearer".to_owned(),
        format!("Bearer  {token}"),
        format!("Bearer\t{token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer \"{token}\""),
        format!("Bearer token={token}"),
        format!("Bearer:{token}"),
        format!("Bearer={token}"),
        format!("Bearer\u{a0}{token}"),
        format!("Bearer {token}\u{2000}"),
        token.clone().replace('.', "%2E").replacen("", "Bearer ", 1),
    ] {
        let attack = Ask::get().with("Authorization", value.as_str());
        door.refuses(&value, (&plain, &ok), (&attack, &broken), Reason::MalformedAuthorization);
    }
    door.finish(22);
}

#[test]
fn two_carriers() {
    let sources =
        "['header', 'cookie:__Host-access', 'header:X-Access-Token', 'query:access_token', 'websocket']";
    let door = Door::new("two carriers", rules(&format!("sources = {sources}")));
    let token = alice();
    let (ok, broken) = (Expected::me(&token), Expected::invalid_request());
    let add = |which: usize, ask: Ask, token: &str| match which {
        0 => ask.bearer(token),
        1 => ask.with("Cookie", format!("{COOKIE}={token}")),
        2 => ask.with("X-Access-Token", token),
        _ => ask.with("Upgrade", "websocket").with("Sec-WebSocket-Protocol", format!("bearer, {token}")),
    };
    // A bad token never hides behind a good one, wherever either stands.
    for (first, second) in [token.as_str(), "a.b.c"]
        .into_iter()
        .flat_map(|second| [(token.as_str(), second), (second, token.as_str())])
    {
        for one in 0..4 {
            let plain = add(one, Ask::get(), &token);
            for two in (one + 1)..4 {
                let attack = add(two, add(one, Ask::get(), first), second);
                door.refuses("two fields", (&plain, &ok), (&attack, &broken), Reason::SeveralCarriers);
            }
            let attack = add(one, Ask::new("GET", format!("/me?access_token={second}")), first);
            door.refuses("and the query", (&plain, &ok), (&attack, &broken), Reason::SeveralCarriers);
        }
    }
    door.finish(4 * (6 + 4));
}

#[test]
fn a_token_in_the_query() {
    let token = alice();
    let in_query = |path: &str| Ask::new("GET", format!("{path}?access_token={token}"));
    // By default nobody looks there.
    let door = Door::new("no query", rules(""));
    let (plain, ok) = (Ask::get().bearer(&token), Expected::me(&token));
    door.refuses(
        "not asked for",
        (&plain, &ok),
        (&in_query("/me"), &Expected::no_credentials()),
        Reason::NoCredentials,
    );
    let form = Ask::new("POST", "/me").with("Content-Type", "application/x-www-form-urlencoded");
    let form = form.with("Content-Length", "0");
    door.refuses("a form", (&plain, &ok), (&form, &Expected::no_credentials()), Reason::NoCredentials);
    door.finish(2);

    let door = Door::new("query", rules("sources = ['header', 'query:access_token']"));
    let (plain, ok) = (in_query("/me"), Expected::me(&token).with("cache-control", "private"));
    let (none, broken) = (Expected::no_credentials(), Expected::invalid_request());
    for (target, expected, reason) in [
        (format!("/me?access_token={token}&access_token={token}"), &broken, Reason::RepeatedCredential),
        (format!("/me?access_token={token}&access%5Ftoken=x"), &broken, Reason::RepeatedCredential),
        (format!("/me?access%5Ftoken={token}"), &broken, Reason::MalformedCarrier),
        (format!("/me?access_token={}", token.replace('.', "%2E")), &broken, Reason::MalformedCarrier),
        (format!("/me?Access_Token={token}"), &none, Reason::NoCredentials),
        (format!("/me?x=1;access_token={token}"), &none, Reason::NoCredentials),
    ] {
        let attack = Ask::new("GET", target.as_str());
        door.refuses(&target, (&plain, &ok), (&attack, expected), reason);
    }
    let post = Ask::new("POST", format!("/me?access_token={token}")).with("Content-Length", "0");
    door.refuses("POST", (&plain, &ok), (&post, &none), Reason::NoCredentials);
    let bad = Ask::new("GET", "/me?access_token=a.b.c");
    let refused = Expected::not_valid().with("cache-control", "private");
    door.refuses("bad", (&plain, &ok), (&bad, &refused), Reason::NotBase64Url);
    door.finish(8);
}

#[test]
fn a_cookie_twice() {
    let door = Door::new("cookie twice", rules(&format!("sources = ['cookie:{COOKIE}']")));
    let token = alice();
    let (ok, broken) = (Expected::me(&token), Expected::invalid_request());
    let plain = Ask::get().with("Cookie", format!("{COOKIE}={token}"));
    for value in [
        format!("{COOKIE}={token}; {COOKIE}={token}"),
        format!("{COOKIE}={token}; {COOKIE}=evil"),
        format!("{COOKIE}=evil; {COOKIE}={token}"),
        format!("{COOKIE}={token};{COOKIE}="),
        format!("{COOKIE}=; a=b; {COOKIE}={token}"),
    ] {
        let attack = Ask::get().with("Cookie", value.as_str());
        door.refuses(&value, (&plain, &ok), (&attack, &broken), Reason::RepeatedCredential);
        let (first, second) = value.split_once(';').unwrap();
        let attack = Ask::get().with("Cookie", first).with("cookie", second.trim_start());
        door.refuses("in two fields", (&plain, &ok), (&attack, &broken), Reason::RepeatedCredential);
    }
    door.finish(10);
}

#[test]
fn a_cookie_of_almost_our_name() {
    let door = Door::new("cookie names", rules(&format!("sources = ['cookie:{COOKIE}']")));
    let token = alice();
    let (ok, none) = (Expected::me(&token), Expected::no_credentials());
    let plain = Ask::get().with("Cookie", format!("{COOKIE}={token}"));
    for name in [
        "%5F%5FHost-access",
        "%5f%5fHost-access",
        "__Host%2Daccess",
        "%61ccess",
        "\u{2000}__Host-access",
        "\u{a0}__Host-access",
        "\u{85}__Host-access",
        "\u{2028}__Host-access",
        "\u{3000}__Host-access",
        "\u{feff}__Host-access",
        "__Host-access\u{a0}",
        "__Host-access ",
        "=__Host-access",
        "$Version=1, __Host-access",
        "$__Host-access",
        "\"__Host-access\"",
        "__host-access",
        "__HOST-ACCESS",
        "__Host_access",
        "__Host-access2",
        "access",
        "",
    ] {
        let attack = Ask::get().with("Cookie", format!("{name}={token}"));
        door.refuses(name, (&plain, &ok), (&attack, &none), Reason::NoCredentials);
        // Nor does it count as a second one, whichever comes first.
        let beside = Ask::get().with("Cookie", format!("{name}=evil; {COOKIE}={token}; {name}=evil"));
        door.accepts(name, &beside, &ok);
    }
    let broken = Expected::invalid_request();
    for value in
        [format!("\"{token}\""), format!(" {token}"), token.replace('.', "%2E"), format!("{token}\u{a0}")]
    {
        let attack = Ask::get().with("Cookie", format!("{COOKIE}={value}"));
        door.refuses(&value, (&plain, &ok), (&attack, &broken), Reason::MalformedCarrier);
    }
    door.finish(26);
}
