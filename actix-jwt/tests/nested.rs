//! Middlewares inside middlewares.

use std::sync::atomic::Ordering;

use actix_web::{App, HttpResponse, test, web};

use actix_jwt::{Claims, JwtAuth, MaybeClaims};

use crate::support::{Gate, House, Slow, User, bearer, get, send};

async fn me(user: Claims<User>) -> String {
    format!("{} of {}", user.sub, Claims::verified(&user).issuer().unwrap_or_default())
}

#[actix_web::test]
async fn the_same_rules_are_not_run_twice() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let scope = web::scope("/a").wrap(auth.clone()).route("/me", web::get().to(me));
    let app = test::init_service(App::new().wrap(auth).service(scope)).await;
    assert_eq!(send!(app, bearer("/a/me", &house.token())).status, 200);
    assert_eq!(house.signatures_checked(), 1);
}

#[actix_web::test]
async fn another_authority_verifies_again_and_its_outcome_replaces_the_outer_one() {
    let (house, other) = (House::new(), House::of("https://other.example.com/"));
    let outer = JwtAuth::new(house.verifier.clone());
    let inner = JwtAuth::new(other.verifier.clone());
    let scope = web::scope("/inner").wrap(inner.clone()).route("/me", web::get().to(me));
    let app = test::init_service(App::new().wrap(outer).service(scope)).await;
    // The outer one accepts, the inner one does not.
    assert_eq!(send!(app, bearer("/inner/me", &house.token())).status, 401);
    assert_eq!(send!(app, bearer("/inner/me", &other.token())).status, 401);
}

#[actix_web::test]
async fn required_inside_optional_refuses_the_anonymous_in_its_own_words() {
    let house = House::new();
    let outer = JwtAuth::new(house.verifier.clone()).optional();
    let inner = JwtAuth::new(house.verifier.clone())
        .with_refusal(|_: &jwt_core::Refusal| HttpResponse::Ok().body("inner"));
    let feed = async |user: MaybeClaims<User>| if user.is_some() { "some" } else { "none" };
    let scope = web::scope("/inner").wrap(inner).route("/me", web::get().to(me));
    let app = App::new().wrap(outer).route("/feed", web::get().to(feed)).service(scope);
    let app = test::init_service(app).await;
    assert_eq!(send!(app, get("/feed")).body, "none");
    let refused = send!(app, get("/inner/me"));
    assert_eq!((refused.status, &*refused.body), (401, "inner"));
    // The same verifier: what it verified for the outer rules is taken over.
    assert_eq!(send!(app, bearer("/inner/me", &house.token())).status, 200);
    assert_eq!(house.signatures_checked(), 1);
}

/// In these words, of which only the body tells whose they are.
fn in_words(auth: JwtAuth, words: &'static str) -> JwtAuth {
    auth.with_refusal(move |_: &jwt_core::Refusal| HttpResponse::Ok().body(words))
}

#[actix_web::test]
async fn a_handle_further_in_counts_as_a_middleware_there_would() {
    let (users, admins) = (House::new(), House::of("https://admins.example.com/"));
    let open = Gate::default();
    open.open();
    let at_once = JwtAuth::new(users.verifier.clone());
    let later = JwtAuth::new(Slow::new(&users, &open));
    for (row, outer) in [("at once", at_once.clone()), ("later", later.clone())] {
        let inner = in_words(JwtAuth::new(admins.verifier.clone()), "by admins");
        let feed = async |user: MaybeClaims<User>| if user.is_some() { "some" } else { "none" };
        let scope = web::scope("/admin").app_data(inner).route("", web::get().to(me));
        let scope = scope.route("/feed", web::get().to(feed));
        let app = App::new()
            // Seen by the middleware too, and not what the handlers in the scope see.
            .app_data(web::Data::new(outer.clone()))
            .wrap(outer.optional())
            .service(scope)
            .route("/me", web::get().to(me));
        let app = test::init_service(app).await;
        assert_eq!(
            send!(app, bearer("/me", &users.token())).body,
            "alice of https://id.example.com/",
            "{row}"
        );
        for request in
            [|_: &str| get("/admin"), |token: &str| bearer("/admin", token), |_: &str| get("/admin/feed")]
        {
            let refused = send!(app, request(&users.token()));
            assert_eq!((refused.status, &*refused.body), (401, "by admins"), "{row}");
        }
    }
    // The same verifier: what it verified for the middleware is taken over.
    for inner in [JwtAuth::new(users.verifier.clone()), at_once.clone().optional()] {
        let scope = web::scope("/a").app_data(inner).route("", web::get().to(me));
        let app = test::init_service(App::new().wrap(at_once.clone()).service(scope)).await;
        users.signatures.store(0, Ordering::SeqCst);
        assert_eq!(send!(app, bearer("/a", &users.token())).status, 200);
        assert_eq!(users.signatures_checked(), 1);
    }
}

/// Where it stands tells a handle, not which one it is: clones of it, and handles in the other form, stand elsewhere.
#[actix_web::test]
async fn a_handle_further_in_counts_whatever_stands_further_out() {
    let (users, admins) = (House::new(), House::of("https://admins.example.com/"));
    let middleware = JwtAuth::new(users.verifier.clone());
    let admins = in_words(JwtAuth::new(admins.verifier.clone()), "by admins");
    let public = JwtAuth::new(House::of("https://public.example.com/").verifier.clone());
    let scope = || web::scope("/admin").route("", web::get().to(me));
    for (further_out, inside) in [
        (App::new().app_data(admins.clone()), scope().app_data(admins.clone())),
        (App::new().app_data(middleware.clone()), scope().app_data(admins.clone())),
        (App::new().app_data(public.clone()), scope().app_data(web::Data::new(admins.clone()))),
        (App::new().app_data(web::Data::new(public.clone())), scope().app_data(admins.clone())),
        (App::new().app_data(web::Data::new(public)), scope().app_data(web::Data::new(admins))),
    ] {
        let app = further_out.wrap(middleware.clone()).service(inside).route("/me", web::get().to(me));
        let app = test::init_service(app).await;
        assert_eq!(send!(app, bearer("/me", &users.token())).status, 200);
        let refused = send!(app, bearer("/admin", &users.token()));
        assert_eq!((refused.status, &*refused.body), (401, "by admins"));
    }
}

/// Of two that the middleware has not seen nobody knows which is nearer, so that neither lets anything in.
#[actix_web::test]
async fn two_handles_of_two_forms_inside_are_a_mistake() {
    let (users, admins) = (House::new(), House::of("https://admins.example.com/"));
    let plain = JwtAuth::new(users.verifier.clone());
    let shared = |auth: &JwtAuth| web::Data::new(auth.clone());
    let inside = |other| web::scope("/b").app_data(other).route("", web::get().to(me));
    for (row, other, expected) in [
        ("another", shared(&JwtAuth::new(admins.verifier.clone())), 500),
        ("a clone of it", shared(&plain), 200),
    ] {
        let outer = || web::scope("/a").app_data(plain.clone()).service(inside(other.clone()));
        let alone = test::init_service(App::new().service(outer())).await;
        let middleware = JwtAuth::new(users.verifier.clone());
        let behind = test::init_service(App::new().wrap(middleware).service(outer())).await;
        assert_eq!(send!(alone, bearer("/a/b", &users.token())).status, expected, "{row}, alone");
        assert_eq!(send!(behind, bearer("/a/b", &users.token())).status, expected, "{row}, behind");
    }
}

#[actix_web::test]
async fn a_middleware_counts_before_a_handle_beside_it_or_further_out() {
    let (public, admins) = (House::new(), House::of("https://admins.example.com/"));
    let handle = JwtAuth::new(public.verifier.clone());
    let middleware = in_words(JwtAuth::new(admins.verifier.clone()), "by admins");
    let scope = |path| web::scope(path).route("", web::get().to(me)).wrap(middleware.clone());
    let app = App::new()
        .app_data(handle.clone())
        .service(scope("/inside"))
        .service(scope("/beside").app_data(JwtAuth::new(public.verifier.clone())))
        .route("/me", web::get().to(me));
    let app = test::init_service(app).await;
    assert_eq!(send!(app, bearer("/me", &public.token())).status, 200);
    for path in ["/inside", "/beside"] {
        assert_eq!(
            send!(app, bearer(path, &admins.token())).body,
            "alice of https://admins.example.com/",
            "{path}"
        );
        let refused = send!(app, bearer(path, &public.token()));
        assert_eq!((refused.status, &*refused.body), (401, "by admins"), "{path}");
    }
}
