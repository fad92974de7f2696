//! The head of a request, as it was sent.

use actix_web::http::Version;
use actix_web::test::TestRequest;
use jwt_core::request::RequestHead;

use actix_jwt::HttpHead;

#[test]
fn nothing_is_decoded_joined_or_believed() {
    let request = TestRequest::post()
        .uri("/a%2Fb/../c?x=%20&x=2")
        .insert_header(("host", "api.example.com:8443"))
        .insert_header(("forwarded", "host=evil.example;proto=https"))
        .insert_header(("x-forwarded-host", "evil.example"))
        .insert_header(("x-forwarded-proto", "https"))
        .append_header(("cookie", "a=1"))
        .append_header(("cookie", "b=%32"))
        .to_srv_request();
    let head = HttpHead::from(&request);
    assert_eq!((head.method(), head.path(), head.query()), ("POST", "/a%2Fb/../c", Some("x=%20&x=2")));
    assert_eq!((head.host(), head.scheme()), (Some("api.example.com:8443"), None));
    assert_eq!((head.authority(), head.is_http2()), (None, false));
    let mut cookies = Vec::new();
    head.for_each_field("cookie", &mut |value| cookies.push(value));
    assert_eq!(cookies, [b"a=1".as_slice(), b"b=%32"]);
    let mut all = Vec::new();
    head.for_each(&mut |name, value| all.push((name.to_owned(), value.to_owned())));
    assert_eq!(all.len(), 6);
    assert!(all.contains(&("cookie".to_owned(), b"b=%32".to_vec())));
    assert!(!head.is_websocket_upgrade());
}

#[test]
fn an_absolute_target_names_scheme_and_host() {
    let request = TestRequest::get()
        .uri("https://api.example.com/me")
        .insert_header(("host", "other.example"))
        .insert_header(("upgrade", "websocket"))
        .insert_header(("authorization", "Bearer abc"))
        .insert_header(("x-token", [0xFF].as_slice()))
        .to_http_request();
    let head = HttpHead::from(&request);
    assert_eq!((head.scheme(), head.host()), (Some("https"), Some("api.example.com")));
    assert_eq!(head.authority(), Some("api.example.com"));
    assert!(head.is_websocket_upgrade());
    for (name, expected) in
        [("authorization", b"Bearer abc".as_slice()), ("x-token", &[0xFF]), ("x-absent", &[])]
    {
        let mut seen = Vec::new();
        head.for_each_field(name, &mut |value| seen.extend_from_slice(value));
        assert_eq!(seen, expected, "{name}");
    }
}

#[test]
fn versions_and_hosts_are_those_of_the_request() {
    for (version, expected) in [
        (Version::HTTP_10, false),
        (Version::HTTP_11, false),
        (Version::HTTP_2, true),
        (Version::HTTP_3, true),
    ] {
        let request = TestRequest::get().version(version).to_http_request();
        assert_eq!(HttpHead::from(&request).is_http2(), expected, "{version:?}");
    }
    let with_user = TestRequest::get().uri("http://user:secret@api.example.com:8080/").to_http_request();
    assert_eq!(HttpHead::from(&with_user).host(), Some("api.example.com:8080"));
    let two = TestRequest::get()
        .append_header(("host", "a.example"))
        .append_header(("host", "b.example"))
        .to_http_request();
    assert_eq!(HttpHead::from(&two).host(), None);
}
