//! Where a token may stand, and every way to write it wrong.

use tests::tokens::{alice, good};
use tests::wire::Request;

use super::{Expected, Table, routes, rules};

const COOKIE: &str = "__Host-access";
const APP: &str = "https://app.example.com";

#[test]
fn the_authorization_field() {
    let table = Table::new("Authorization", &routes(&rules("")));
    let token = alice();
    let t = token.as_str();
    let row = |value: &[u8], expected: &Expected| {
        let request = Request::get("/me").with("Authorization", value);
        table.row(&value.escape_ascii().to_string(), &request, expected);
    };
    let good = Expected::me(t);
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        row(format!("{scheme} {t}").as_bytes(), &good);
    }
    // RFC 9110 §5.5: white space around a value is none of the value, whichever library reads it.
    for value in [format!("Bearer {t} "), format!("Bearer {t}\t"), format!("   Bearer {t}  \t ")] {
        row(value.as_bytes(), &good);
    }
    for value in [
        "Basic YTpi",
        "Basic",
        "basic a b c",
        "Digest username=\"a\", realm=\"b\", uri=\"/\"",
        "Negotiate oYIB",
        "DPoP abc",
        "Token abc",
        "BearerX abc",
        "Bearerabc",
        "Bear er abc",
        "X-Bearer abc",
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c",
    ] {
        row(value.as_bytes(), &Expected::no_credentials());
    }
    let broken = Expected::invalid_request();
    for value in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer  {t}"),
        format!("Bearer\t{t}"),
        format!("Bearer \t{t}"),
        format!("Bearer {t} {t}"),
        format!("Bearer {t} x"),
        format!("Bearer {t},"),
        format!("Bearer ,{t}"),
        format!("Bearer {t},{t}"),
        format!("Bearer {t}, Bearer {t}"),
        format!("Basic YTpi, Bearer {t}"),
        format!("Basic YTpi,bearer {t}"),
        format!("Bearer {t}, Basic YTpi"),
        format!("Bearer \"{t}\""),
        format!("Bearer token={t}"),
        format!("Bearer token=\"{t}\""),
        format!("Bearer={t}"),
        format!("Bearer:{t}"),
        format!("Bearer,{t}"),
        format!("Bearer {t};x"),
        format!("Bearer {t}=x"),
        "Bearer =".to_owned(),
        "Bearer a%2Eb".to_owned(),
        "Bearer <a>".to_owned(),
        "Bearer {a}".to_owned(),
        "Bearer a\\b".to_owned(),
        "Bearer a:b".to_owned(),
        "Bearer a@b".to_owned(),
        "Bearer a*b".to_owned(),
        "Bearer \u{e4}".to_owned(),
        format!("Bearer\u{a0}{t}"),
        format!("Bearer \u{2000}{t}"),
        format!("Bearer {t}\u{2000}"),
        format!("\u{feff}Bearer {t}"),
        format!("\u{a0}Bearer {t}"),
        format!(",Bearer {t}"),
        format!("\"Bearer\" {t}"),
        "\"".to_owned(),
        String::new(),
    ] {
        row(value.as_bytes(), &broken);
    }
    row(b"Bearer \xff", &broken);
    row(b"\x80", &broken);
    // Padding belongs to the grammar of the field, not to that of the token.
    for value in
        ["Bearer abc", "Bearer abc==", "Bearer a~b+c/d", "Bearer a.b.c=", "Bearer ..", "Bearer -._~+/"]
    {
        row(value.as_bytes(), &Expected::not_valid());
    }

    let twice = |first: String, second: String| {
        let request = Request::get("/me").with("Authorization", &first).with("authorization", &second);
        table.row(&format!("{first:.20} and {second:.20}"), &request, &broken);
    };
    let bearer = format!("Bearer {t}");
    twice(bearer.clone(), bearer.clone());
    twice(bearer.clone(), "Bearer x".to_owned());
    twice("Bearer x".to_owned(), bearer.clone());
    twice(bearer.clone(), "Basic YTpi".to_owned());
    twice("Basic YTpi".to_owned(), bearer.clone());
    twice("Basic YTpi".to_owned(), "Basic YTpi".to_owned());
    twice("Basic YTpi".to_owned(), "Digest a=b".to_owned());
    twice(bearer.clone(), String::new());
    twice(String::new(), String::new());
    for name in ["AUTHORIZATION", "authorization", "aUTHORIZATION"] {
        table.row(name, &Request::get("/me").with(name, &bearer), &good);
    }
    // Carriers that are not on the list are not looked at.
    for request in [
        Request::get("/me").with("Cookie", format!("{COOKIE}={t}")),
        Request::get("/me").with("X-Access-Token", t),
        Request::get("/me").with("Proxy-Authorization", &bearer),
        Request::get(&format!("/me?access_token={t}")),
        Request::get("/me")
            .with("Upgrade", "websocket")
            .with("Sec-WebSocket-Protocol", format!("bearer, {t}")),
    ] {
        table.row("not on the list", &request, &Expected::no_credentials());
        table.row("not on the list", &request.bearer(t), &good);
    }
    table.finish(85);
}

#[test]
fn cookies() {
    let top = format!("sources = ['header', 'cookie:{COOKIE}']\nallowed_origins = ['{APP}']");
    let table = Table::new("cookie", &routes(&rules(&top)));
    let token = alice();
    let t = token.as_str();
    let row = |value: &str, expected: &Expected| {
        table.row(value, &Request::get("/me").with("Cookie", value), expected);
    };
    let good = Expected::me(t);
    for value in [
        format!("{COOKIE}={t}"),
        format!("a=b; {COOKIE}={t}"),
        format!("{COOKIE}={t}; a=b"),
        format!("a=b;{COOKIE}={t};c=d"),
        format!(";; {COOKIE}={t} ;"),
        format!("\t{COOKIE}={t}\t"),
        format!("a; {COOKIE}={t}"),
        format!("x{COOKIE}=no; {COOKIE}={t}"),
    ] {
        row(&value, &good);
    }
    // SECURITY 50a: what other readers take for our cookie.
    for name in [
        "%5F%5FHost-access",
        "%5f%5fHost-access",
        "__Host%2Daccess",
        "\u{2000}__Host-access",
        "\u{a0}__Host-access",
        "\u{85}__Host-access",
        "\u{2028}__Host-access",
        "\u{feff}__Host-access",
        "\u{3000}__Host-access",
        "__Host-access\u{2000}",
        "=__Host-access",
        "$__Host-access",
        "__host-access",
        "__HOST-ACCESS",
        "__Host-access ",
        "__Host-access2",
        "\"__Host-access\"",
        "$Version=1, __Host-access",
    ] {
        row(&format!("{name}={t}"), &Expected::no_credentials());
        row(&format!("{name}=evil; {COOKIE}={t}"), &good);
    }
    for value in
        [COOKIE.to_owned(), format!("{COOKIE}="), format!("a=b; {COOKIE}= "), "a=b".to_owned(), String::new()]
    {
        row(&value, &Expected::no_credentials());
    }
    for value in [
        format!("{COOKIE}={t}; {COOKIE}={t}"),
        format!("{COOKIE}={t}; {COOKIE}=evil"),
        format!("{COOKIE}=evil; {COOKIE}={t}"),
        format!("{COOKIE}=; {COOKIE}={t}"),
        format!("{COOKIE}={t}; x=y; {COOKIE}="),
        format!("{COOKIE}=\"{t}\""),
        format!("{COOKIE}= {t}"),
        format!("{COOKIE}={t} x"),
        format!("{COOKIE}={t},x"),
        format!("{COOKIE}=a%2Eb"),
        format!("{COOKIE}=\u{e4}"),
        format!("{COOKIE}={t}\u{a0}"),
        format!("{COOKIE}={t}=x"),
        format!("{COOKIE}=="),
    ] {
        row(&value, &Expected::invalid_request());
    }
    let fields =
        Request::get("/me").with("Cookie", format!("{COOKIE}={t}")).with("cookie", format!("{COOKIE}={t}"));
    table.row("in two fields", &fields, &Expected::invalid_request());
    let fields = Request::get("/me").with("Cookie", "a=b").with("cookie", format!("{COOKIE}={t}"));
    table.row("beside another field", &fields, &good);
    row(&format!("{COOKIE}=a.b.c"), &Expected::not_valid());

    // Two carriers, and none that falls back on the other.
    let cookie = format!("{COOKIE}={t}");
    let both = Request::get("/me").with("Cookie", &cookie).bearer(t);
    table.row("the same in both", &both, &Expected::invalid_request());
    let both = Request::get("/me").with("Cookie", &cookie).bearer("a.b.c");
    table.row("a bad one in the field", &both, &Expected::invalid_request());
    let both = Request::get("/me").with("Cookie", &cookie).with("Authorization", "Bearer");
    table.row("a broken field", &both, &Expected::invalid_request());
    let both = Request::get("/me").with("Cookie", format!("{COOKIE}=\"x\"")).bearer(t);
    table.row("a broken cookie", &both, &Expected::invalid_request());
    let both = Request::get("/me").with("Cookie", &cookie).with("Authorization", "Basic YTpi");
    table.row("another scheme", &both, &good);
    let both = Request::get("/me").with("Cookie", format!("{COOKIE}=")).bearer(t);
    table.row("a cleared cookie", &both, &good);
    table.finish(70);
}

#[test]
fn cookies_on_unsafe_requests_need_proof_of_origin() {
    let top = format!("sources = ['header', 'cookie:{COOKIE}']\nallowed_origins = ['{APP}']");
    let table = Table::new("proof of origin", &routes(&rules(&top)));
    let token = alice();
    let cookie = format!("{COOKIE}={token}");
    let (site, origin) = ("Sec-Fetch-Site", "Origin");
    let (good, refused) = (Expected::me(&token), Expected::cross_origin());
    for (fields, proven) in [
        (&[][..], false),
        (&[(site, "same-origin")], true),
        (&[(site, "none")], true),
        (&[(site, "same-site")], false),
        (&[(site, "cross-site")], false),
        (&[(site, "")], false),
        (&[(site, "Same-Origin")], false),
        (&[(site, "same-origin"), (site, "same-origin")], false),
        (&[(site, "cross-site"), (site, "same-origin")], false),
        (&[(site, "cross-site"), (origin, APP)], true),
        (&[(site, "cross-site"), (origin, "https://evil.example")], false),
        (&[(site, "same-origin"), (origin, "https://evil.example")], true),
        (&[(origin, APP)], true),
        (&[(origin, "https://app.example.com:443")], true),
        (&[(origin, "https://APP.example.com")], true),
        (&[(origin, "http://app.example.com")], false),
        (&[(origin, "https://app.example.com:8443")], false),
        (&[(origin, "https://app.example.com.evil.example")], false),
        (&[(origin, "https://evil.example/https://app.example.com")], false),
        (&[(origin, "null")], false),
        (&[(origin, "")], false),
        (&[(origin, APP), (origin, APP)], false),
        (&[("Referer", "https://app.example.com/")], false),
        (&[("X-CSRF-Token", "abc")], false),
        (&[("X-Requested-With", "XMLHttpRequest")], false),
        (&[("X-HTTP-Method-Override", "GET"), (site, "cross-site")], false),
    ] {
        let with = |request: Request| fields.iter().fold(request, |all, (name, value)| all.with(name, value));
        let name = format!("{fields:?}");
        let expected = if proven { &good } else { &refused };
        table.row(&name, &with(Request::post("/me").with("Cookie", &cookie)), expected);
        // A safe method, or a token that no browser sends by itself, needs none of it.
        table.row(&name, &with(Request::get("/me").with("Cookie", &cookie)), &good);
        table.row(&name, &with(Request::post("/me").bearer(&token)), &good);
    }
    for method in ["PUT", "PATCH", "DELETE", "QUERY"] {
        table.row(method, &Request::new(method, "/me").with("Cookie", &cookie), &refused);
    }
    // The order: proof of origin comes before the token is looked at, and after what is absent.
    let row = |name: &str, request: Request, expected: Expected| table.row(name, &request, &expected);
    row("a bad token", Request::post("/me").with("Cookie", format!("{COOKIE}=a.b.c")), refused.clone());
    row("no token", Request::post("/me").with("Cookie", "a=b"), Expected::no_credentials());
    row("broken", Request::post("/me").with("Cookie", format!("{COOKIE}=\"\"")), Expected::invalid_request());
    let upgrade = || Request::get("/ws").with("Upgrade", "websocket").with("Cookie", &cookie);
    row("WebSocket", upgrade(), refused.clone());
    row("WebSocket", upgrade().with(origin, "https://evil.example"), refused.clone());
    let authenticated = Expected::new(426, super::JSON, r#"{"error":"a WebSocket upgrade is needed"}"#);
    row("WebSocket", upgrade().with(origin, APP), authenticated);
    let grpc = Request::post("/me").with("Content-Type", "application/grpc").with("Cookie", &cookie);
    row("gRPC", grpc, refused);
    table.finish(85);
}

#[test]
fn without_a_list_of_origins_only_the_browsers_word_counts() {
    let table = Table::new("no list", &routes(&rules(&format!("sources = ['cookie:{COOKIE}']"))));
    let token = alice();
    let post = || Request::post("/me").with("Cookie", format!("{COOKIE}={token}"));
    table.row("same origin", &post().with("Sec-Fetch-Site", "same-origin"), &Expected::me(&token));
    table.row("origin", &post().with("Origin", APP), &Expected::cross_origin());
    table.row("neither", &post(), &Expected::cross_origin());
    // The field is not on the list, so not even its repetition matters.
    let ignored = Request::get("/me").bearer(&token);
    table.row("field alone", &ignored, &Expected::no_credentials());
    table.row("field twice", &ignored.bearer(&token), &Expected::no_credentials());
    let beside = Request::get("/me").bearer("a.b.c").with("Cookie", format!("{COOKIE}={token}"));
    table.row("field beside", &beside, &Expected::me(&token));
    table.finish(6);
}

#[test]
fn query_parameters() {
    let table = Table::new("query", &routes(&rules("sources = ['header', 'query:access_token']")));
    let token = alice();
    let t = token.as_str();
    let private = |expected: Expected| expected.with("cache-control", "private");
    let row = |target: String, expected: &Expected| table.row(&target, &Request::get(&target), expected);
    for query in [
        format!("access_token={t}"),
        format!("x=1&access_token={t}"),
        format!("access_token={t}&x=1"),
        format!("&&access_token={t}&"),
        format!("x=%20&access_token={t}&%61=b"),
    ] {
        row(format!("/me?{query}"), &private(Expected::me(t)));
    }
    for query in [
        "",
        "x=access_token",
        "Access_Token=a",
        "access_tokens=a",
        "xaccess_token=a",
        "access_token%=a",
        "access_token%5=a",
        "access%255Ftoken=a",
        "access+token=a",
        "x=1;access_token=a",
        "=access_token=a",
    ] {
        row(format!("/me?{query}"), &Expected::no_credentials());
    }
    for query in [
        format!("access_token={t}&access_token={t}"),
        format!("access_token={t}&access_token="),
        format!("access_token&access_token={t}"),
        format!("access%5Ftoken=a&access_token={t}"),
        format!("access_token={t}&%61ccess_token=b"),
        format!("access%5Ftoken={t}"),
        format!("%61ccess_token={t}"),
        "access_token".to_owned(),
        "access_token=".to_owned(),
        "access_token==".to_owned(),
        "access_token=a+b".to_owned(),
        "access_token=a%2Eb".to_owned(),
        format!("access_token={t}%20"),
        "access_token=a=b".to_owned(),
        "access_token=a,b".to_owned(),
    ] {
        row(format!("/me?{query}"), &Expected::invalid_request());
    }
    let target = |path: &str| format!("/{path}?access_token={t}");
    row("/me?access_token=a.b.c".to_owned(), &private(Expected::not_valid()));
    row(target("optional"), &private(Expected::subject("alice")));
    row(target("layered-public"), &private(Expected::public()));
    row(target("public"), &Expected::public());
    row(target("nowhere"), &Expected::not_found());
    // Refused behind the layer: the layer still knows where the token stood.
    row(target("admin"), &private(Expected::insufficient_scope(Some("admin"))));
    row(target("require-admin"), &private(Expected::insufficient_scope(Some("admin"))));
    row(target("impossible"), &private(Expected::not_valid()));
    // Whoever forbids to keep the response at all is not overruled: both fields hold.
    row(target("unstorable"), &private(Expected::public().with("cache-control", "no-store")));
    row("/unstorable".to_owned(), &Expected::no_credentials());
    let row = |name: &str, request: Request, expected: Expected| table.row(name, &request, &expected);
    row("HEAD", Request::new("HEAD", &target("me")), private(Expected::me(t)).head());
    row("POST", Request::post(&target("me")), Expected::no_credentials());
    row("POST with both", Request::post(&target("me")).bearer(t), Expected::invalid_request());
    row("GET with both", Request::get(&target("me")).bearer(t), Expected::invalid_request());
    let body = format!("access_token={t}");
    let form = Request::new("POST", "/me")
        .with("Content-Type", "application/x-www-form-urlencoded")
        .with("Content-Length", body.len().to_string())
        .body(body.as_bytes());
    row("in a form", form, Expected::no_credentials());
    table.finish(45);
}

#[test]
fn fields_of_their_own() {
    let table = Table::new("header", &routes(&rules("sources = ['header', 'header:X-Access-Token']")));
    let token = alice();
    let t = token.as_str();
    let row = |name: &str, request: Request, expected: Expected| table.row(name, &request, &expected);
    let with = |value: &str| Request::get("/me").with("X-Access-Token", value);
    row("good", with(t), Expected::me(t));
    row("white space around", with(&format!("  {t}\t")), Expected::me(t));
    row("case of the name", Request::get("/me").with("x-ACCESS-token", t), Expected::me(t));
    row("bad", with("a.b.c"), Expected::not_valid());
    for value in ["", "Bearer a.b.c", "a b", "a,b", "\"a\"", "\u{e4}", "a=b"] {
        row(value, with(value), Expected::invalid_request());
    }
    row("twice", with(t).with("x-access-token", t), Expected::invalid_request());
    row("both", with(t).bearer(t), Expected::invalid_request());
    row("another scheme beside", with(t).with("Authorization", "Basic YTpi"), Expected::me(t));
    row("no proof of origin needed", Request::post("/me").with("X-Access-Token", t), Expected::me(t));
    row(
        "an underscore is another name",
        Request::get("/me").with("X_Access_Token", t),
        Expected::no_credentials(),
    );
    table.finish(16);
}

#[test]
fn every_pair_of_carriers_is_refused() {
    let top = format!(
        "sources = ['header', 'cookie:{COOKIE}', 'header:X-Access-Token', 'query:access_token', 'websocket']"
    );
    let table = Table::new("pairs", &routes(&rules(&top)));
    let (token, other) = (alice(), good(|token| token.with_scope("admin")));
    let in_carrier = |which: usize, request: Request, token: &str| match which {
        0 => request.bearer(token),
        1 => request.with("Cookie", format!("{COOKIE}={token}")),
        2 => request.with("X-Access-Token", token),
        _ => request.with("Upgrade", "websocket").with("Sec-WebSocket-Protocol", format!("bearer, {token}")),
    };
    for first in 0..5 {
        let target = |which: usize| match which {
            4 => Request::get(&format!("/me?access_token={token}")),
            _ => Request::get("/me"),
        };
        let alone = if first == 4 { target(4) } else { in_carrier(first, target(0), &token) };
        let expected = Expected::me(&token);
        let expected = if first == 4 { expected.with("cache-control", "private") } else { expected };
        table.row(&format!("{first} alone"), &alone, &expected);
        for second in (0..4).filter(|second| *second != first) {
            for token in [&token, &other] {
                let both = in_carrier(second, alone.clone(), token);
                // A cookie on an upgrade is refused for its two carriers, not for its origin.
                table.row(&format!("{first} and {second}"), &both, &Expected::invalid_request());
            }
        }
    }
    table.finish(37);
}
