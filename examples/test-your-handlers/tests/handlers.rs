//! How handlers are tested: no server, no provider, no waiting.
#![expect(clippy::unwrap_used, reason = "a test tells by failing")]

use axum::body::Body;
use axum::http::Request;
use axum_jwt::jwt_core::testing::{TestIssuer, TestToken};
use test_your_handlers::{in_actix, in_axum};
use tower::ServiceExt as _;

/// Every bad token of the kit, with what it is called in a failing test.
fn bad_tokens(test: &TestIssuer) -> Vec<(&'static str, TestToken)> {
    let admin = || test.token_for("alice").with_scope("admin");
    vec![
        ("expired", admin().expired()),
        ("not yet valid", admin().not_yet_valid()),
        ("for another audience", admin().for_another_audience()),
        ("by another issuer", admin().by_another_issuer()),
        ("foreign", admin().foreign()),
        ("tampered", admin().tampered()),
        ("unsigned", admin().unsigned()),
        ("wrong algorithm", admin().with_wrong_algorithm()),
        ("without exp", admin().without_claim("exp")),
        ("another shape", admin().without_claim("sub")),
    ]
}

mod axum_handlers {
    use super::*;

    async fn status(app: &axum::Router, path: &str, bearer: String) -> u16 {
        let request = Request::get(path).header("authorization", bearer).body(Body::empty()).unwrap();
        app.clone().oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn alice_is_greeted_and_kept_out_of_admin() {
        let test = TestIssuer::new();
        let app = in_axum(test.verifier());
        assert_eq!(status(&app, "/me", test.token_for("alice").bearer()).await, 200);
        assert_eq!(status(&app, "/admin", test.token_for("alice").bearer()).await, 403);
        assert_eq!(status(&app, "/admin", test.token_for("alice").with_scope("admin").bearer()).await, 200);
    }

    #[tokio::test]
    async fn no_bad_token_gets_in() {
        let test = TestIssuer::new();
        let app = in_axum(test.verifier());
        for (name, token) in bad_tokens(&test) {
            assert_eq!(status(&app, "/admin", token.bearer()).await, 401, "{name}");
        }
    }

    #[tokio::test]
    async fn a_token_ends_a_key_is_replaced_the_provider_is_away() {
        let test = TestIssuer::new();
        let app = in_axum(test.verifier());
        let token = test.token_for("alice").bearer();
        test.outage();
        assert_eq!(status(&app, "/me", token.clone()).await, 503);
        test.recover();
        assert_eq!(status(&app, "/me", token.clone()).await, 200);
        test.clock().advance(3_600);
        assert_eq!(status(&app, "/me", token).await, 401);

        let token = test.token_for("alice").bearer();
        test.rotate();
        assert_eq!(status(&app, "/me", token).await, 401);
    }
}

mod actix_handlers {
    use super::*;
    use actix_web::App;
    use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};

    #[actix_web::test]
    async fn alice_is_greeted_and_kept_out_of_admin() {
        let test = TestIssuer::new();
        let app = init_service(App::new().configure(in_actix(test.verifier()))).await;
        let get = |path, token: TestToken| {
            TestRequest::get().uri(path).insert_header(("authorization", token.bearer())).to_request()
        };
        assert_eq!(call_and_read_body(&app, get("/me", test.token_for("alice"))).await, "you are alice\n");
        assert_eq!(call_service(&app, get("/admin", test.token_for("alice"))).await.status(), 403);
        let admin = test.token_for("alice").with_scope("admin");
        assert_eq!(call_and_read_body(&app, get("/admin", admin)).await, "welcome, alice\n");
    }

    #[actix_web::test]
    async fn no_bad_token_gets_in() {
        let test = TestIssuer::new();
        let app = init_service(App::new().configure(in_actix(test.verifier()))).await;
        for (name, token) in bad_tokens(&test) {
            let request = TestRequest::get().uri("/admin").insert_header(("authorization", token.bearer()));
            assert_eq!(call_service(&app, request.to_request()).await.status(), 401, "{name}");
        }
    }
}
