//! One signature check per request, however many ask.

use jwt_core::RequestAuth;
use tests::tokens::{AUDIENCE, Forged, alice, good, keys};
use tests::wire::Request;

use super::nesting::counted;
use super::{Expected, Table, routes};

#[test]
fn the_signature_is_checked_once() {
    let (verifier, count) = counted(AUDIENCE);
    let table = Table::new("once", &routes(&RequestAuth::new(verifier)));
    let frameworks = table.servers().len();
    let admin = good(|token| token.with_scope("admin"));
    let everything = Expected::subject("alice");
    for (name, request, expected, checks) in [
        ("two types and a permission", Request::get("/everything").bearer(&admin), everything, 1),
        (
            "the same, refused",
            Request::get("/everything").bearer(&alice()),
            Expected::insufficient_scope(Some("admin")),
            1,
        ),
        ("claims", Request::get("/me").bearer(&admin), Expected::me(&admin), 1),
        ("optional claims", Request::get("/optional").bearer(&admin), Expected::subject("alice"), 1),
        ("a requirement", Request::get("/require-admin").bearer(&admin), Expected::public(), 1),
        ("no extractor", Request::get("/layered-public").bearer(&admin), Expected::public(), 1),
        ("another type", Request::get("/impossible").bearer(&admin), Expected::not_valid(), 1),
        ("no layer", Request::get("/unlayered").bearer(&admin), Expected::internal(), 0),
        ("no token", Request::get("/everything"), Expected::no_credentials(), 0),
        (
            "a forged one",
            Request::get("/everything").bearer(&Forged::new().key(&keys().stranger).sign()),
            Expected::not_valid(),
            1,
        ),
        // What costs nothing to refuse is refused before any cryptography.
        (
            "of another kid",
            Request::get("/me").bearer(&Forged::new().header("kid", "x").sign()),
            Expected::not_valid(),
            0,
        ),
        (
            "of another algorithm",
            Request::get("/me").bearer(&Forged::new().header("alg", "RS256").sign()),
            Expected::not_valid(),
            0,
        ),
        (
            "of another length",
            Request::get("/me").bearer(&format!("{}AA", alice())),
            Expected::not_valid(),
            0,
        ),
        (
            "too long",
            Request::get("/me").bearer(&Forged::new().claim("x", "x".repeat(17_000)).sign()),
            Expected::not_valid(),
            0,
        ),
    ] {
        table.row(name, &request, &expected);
        assert_eq!(
            count.take(),
            checks * frameworks,
            "{name}: {checks} signature checks in each of {frameworks}"
        );
    }
    table.finish(14);
}
