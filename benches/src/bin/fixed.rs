//! A fixed amount of our own work, for counting instructions: `fixed <part> <times>`.
//!
//! Keys, tokens and time are always the same, and signatures cost nothing, so that the count is of
//! jwt-core and the adapters alone. See `scripts/instructions`.

use std::env;
use std::hint::black_box;

use benches::fixture::{AUDIENCE, ISSUER, SCOPE, SUBJECT, TOKEN_ID, User, forge, header};
use benches::ours::Free;
use benches::request::{ActixServer, AxumServer, Server as _};
use jwt_core::request::SimpleHead;
use jwt_core::{Algorithm, Issuer, ManualClock, RequestAuth, Verifier};

const NOW: u64 = 1_800_000_000;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [part, times] = arguments.as_slice() else { panic!("fixed <part> <times>") };
    let times: u32 = times.parse().expect("a number");

    let key = Free::key();
    let clock = ManualClock::at(NOW);
    let verifier = Verifier::builder().with_key(&key).with_audience(AUDIENCE).with_issuer(ISSUER).build();
    let verifier = verifier.expect("a verifier").with_clock(clock.clone());
    let issuer = Issuer::builder().with_key(key.clone()).with_audience(AUDIENCE).with_issuer(ISSUER).build();
    let issuer = issuer.expect("an issuer").with_clock(clock);
    let auth = RequestAuth::new(verifier.clone());
    let claims = serde_json::to_string(&User::at(NOW)).expect("claims");
    let token = forge(&key, &header(Algorithm::ES256), &claims);
    let head = SimpleHead::get("/me").with_field("Authorization", format!("Bearer {token}"));
    let garbage = "x".repeat(16 * 1024);
    let mut bomb = String::from(r#"{"alg":"ES256""#);
    (0..64).for_each(|n| bomb.push_str(&format!(",\"{}{n:02}\":0", "p".repeat(50))));
    bomb.push('}');
    let bomb = forge(&key, &bomb, &claims);

    match part.as_str() {
        "verify" => repeat(times, || verifier.verify(&token).is_ok()),
        "verify_into" => repeat(times, || verifier.verify_into::<User>(&token).is_ok()),
        "decide" => repeat(times, || matches!(auth.decide(&head, None), jwt_core::Step::Decided(_))),
        "request" => {
            let mut server = AxumServer::of(verifier.clone(), &token);
            repeat(times, || server.serve() == 200);
        }
        "request_actix" => {
            let mut server = ActixServer::of(verifier.clone(), &token);
            repeat(times, || server.serve() == 200);
        }
        "sign" => repeat(times, || {
            issuer.token().with_subject(SUBJECT).with_scope(SCOPE).with_token_id(TOKEN_ID).sign().is_ok()
        }),
        "refuse_garbage" => repeat(times, || verifier.verify(&garbage).is_err()),
        "refuse_header_bomb" => repeat(times, || verifier.verify(&bomb).is_err()),
        _ => panic!("no such part: {part}"),
    }
}

fn repeat(times: u32, mut once: impl FnMut() -> bool) {
    for _ in 0..times {
        assert!(black_box(once()));
    }
}
