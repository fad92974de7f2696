//! Measures everything and writes BENCHMARKS.md; with names of parts, measures those and prints.

use std::cell::RefCell;
use std::env;

use benches::fixture::{Fixture, User, forge, header, now};
use benches::raw::Raw;
use benches::report::{self, Report, Target};
use benches::request::{self, ActixServer, AxumServer, Server};
use benches::timing::{Contender, Group, contender, measure};
use benches::{ours, peer, refusal, verdicts};
use jwt_core::Algorithm;

const OURS: &str = "jwt-core";
const RANDOM_ID: &str = "jwt-core, random `jti`";
const PEER: &str = "jsonwebtoken";
const RAW: &str = "AWS-LC alone";
/// What targets of other algorithms are counted in.
const PEER_HS256: &str = "jsonwebtoken, HS256";
const BARE: &str = "bare";
const ADAPTER: &str = "layer and `Claims<T>` of ours";
const DOCUMENTED: &str = "jsonwebtoken, as documented";
const TUNED: &str = "jsonwebtoken, tuned by hand";
const FIXED: &str = "keys that are held for good";
const LIVE: &str = "keys that may be replaced";
const VALID: &str = "one valid RS256 token";

const VERIFIED: [Algorithm; 8] = [
    Algorithm::HS256,
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
    Algorithm::MlDsa44,
];

/// Measures, adds its targets and returns its table.
type Part = fn(&mut Vec<Target>) -> String;

fn main() {
    peer::install();
    let wanted: Vec<String> = env::args().skip(1).collect();
    let (mut report, mut targets) = (Report::default(), Vec::new());
    let parts: [(&'static str, Part); 5] =
        [("verify", verify), ("live", live), ("sign", sign), ("request", requests), ("refuse", refuse)];
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|one| one == name) {
            let table = part(&mut targets);
            println!("{name}\n\n{table}");
            report.add(name, table);
        }
    }
    let table = report::targets(&targets);
    println!("{table}");
    if wanted.is_empty() {
        report.add("targets", table);
        report.add("conditions", report::conditions());
        report.write();
    }
}

fn verify(targets: &mut Vec<Target>) -> String {
    let hs256 = Fixture::new(Algorithm::HS256);
    let peer_hs256 = peer::Decoder::new(&hs256).expect("HS256");
    let groups: Vec<(String, Group)> = VERIFIED
        .into_iter()
        .map(|algorithm| {
            let fixture = Fixture::new(algorithm);
            verdicts::prove(&fixture);
            let (verifier, raw) = (ours::verifier(&fixture), Raw::new(&fixture));
            let decoder = peer::Decoder::new(&fixture);
            let signature = fixture.signature();
            let message = fixture.signing_input().as_bytes();
            assert!(raw.verify(message, &signature), "{algorithm}");
            let mut contenders = vec![
                contender(RAW, || raw.verify(message, &signature)),
                contender(OURS, || ours::verify(&verifier, &fixture.token)),
                contender(PEER_HS256, || peer_hs256.verify(&hs256.token)),
            ];
            contenders.extend(decoder.iter().map(|one| contender(PEER, || one.verify(&fixture.token))));
            let group = measure(contenders);
            targets.push(if algorithm == Algorithm::HS256 {
                let ratio = group.ratio([OURS, PEER], |[ours, peer]| ours / peer);
                let what = "verify HS256 / jsonwebtoken's `decode`".into();
                Target { number: "1", what, ratio, limit: 0.40 }
            } else {
                let ratio =
                    group.ratio([OURS, RAW, PEER_HS256], |[ours, raw, peer]| ours / (raw + 0.40 * peer));
                let what = format!("verify {algorithm} / (AWS-LC alone + 0.4 × `decode` of HS256)");
                Target { number: "1", what, ratio, limit: 1.0 }
            });
            (format!("{algorithm}, token of {} bytes", fixture.token.len()), group)
        })
        .collect();
    table("verify, ns", &[RAW, OURS, PEER], &groups)
}

fn live(targets: &mut Vec<Target>) -> String {
    let key = ours::Free::key();
    let [fixed, live] = ours::fixed_and_live(&key);
    let token =
        forge(&key, &header(Algorithm::ES256), &serde_json::to_string(&User::at(now())).expect("claims"));
    assert!(ours::verify(&fixed, &token).is_some() && ours::verify(&live, &token).is_some());
    let group = measure(vec![
        contender(FIXED, || fixed.verify(&token).is_ok()),
        contender(LIVE, || live.verify(&token).is_ok()),
    ]);
    let ratio = group.ratio([LIVE, FIXED], |[live, fixed]| live - fixed);
    let what = "nanoseconds that keys which may be replaced add to a verification".into();
    targets.push(Target { number: "live", what, ratio, limit: 30.0 });
    table("verify, ns", &[FIXED, LIVE], &[("a signature that costs nothing".into(), group)])
}

fn sign(targets: &mut Vec<Target>) -> String {
    let peer_hs256 = peer::Encoder::new(&Fixture::new(Algorithm::HS256)).expect("HS256");
    let groups: Vec<(String, Group)> = Algorithm::ALL
        .into_iter()
        .map(|algorithm| {
            let fixture = Fixture::new(algorithm);
            let (issuer, raw, encoder) =
                (ours::issuer(&fixture), Raw::new(&fixture), peer::Encoder::new(&fixture));
            let verifier = ours::verifier(&fixture);
            for token in [ours::sign(&issuer), ours::sign_with_random_id(&issuer)] {
                assert!(ours::verify(&verifier, &token).is_some(), "{algorithm}");
            }
            let message = fixture.signing_input().as_bytes();
            let mut contenders = vec![
                contender(RAW, || raw.sign(message)),
                contender(OURS, || ours::sign(&issuer)),
                contender(RANDOM_ID, || ours::sign_with_random_id(&issuer)),
                contender(PEER_HS256, || peer_hs256.sign()),
            ];
            contenders.extend(encoder.iter().map(|one| {
                assert!(ours::verify(&verifier, &one.sign()).is_some(), "{algorithm}");
                contender(PEER, || one.sign())
            }));
            let group = measure(contenders);
            let bound = |[ours, raw, peer]: [f64; 3]| ours / (1.05 * raw + 0.4 * peer);
            let ratio = group.ratio([OURS, RAW, PEER_HS256], bound);
            let what = format!("sign {algorithm} / (1.05 × AWS-LC alone + 0.4 × `encode` of HS256)");
            targets.push(Target { number: "2", what, ratio, limit: 1.0 });
            (algorithm.to_string(), group)
        })
        .collect();
    table("sign, ns", &[RAW, OURS, RANDOM_ID, PEER], &groups)
}

fn requests(targets: &mut Vec<Target>) -> String {
    let mut groups = Vec::new();
    for algorithm in [Algorithm::HS256, Algorithm::RS256] {
        let fixture = Fixture::new(algorithm);
        groups.push(requests_through::<AxumServer>("axum", &fixture, targets));
        groups.push(requests_through::<ActixServer>("actix-web", &fixture, targets));
    }
    table("request, ns", &[BARE, ADAPTER, DOCUMENTED, TUNED], &groups)
}

fn requests_through<S: Server>(name: &str, fixture: &Fixture, targets: &mut Vec<Target>) -> (String, Group) {
    request::prove::<S>(fixture);
    fn server<'c>(name: &'static str, mut server: impl Server + 'c) -> Contender<'c> {
        contender(name, move || server.serve())
    }
    let group = measure(vec![
        server(BARE, S::bare(fixture)),
        server(ADAPTER, S::ours(fixture)),
        server(DOCUMENTED, S::peer(fixture)),
        server(TUNED, S::tuned_peer(fixture)),
    ]);
    if fixture.algorithm == Algorithm::HS256 {
        for peer in [DOCUMENTED, TUNED] {
            let ratio =
                group.ratio([BARE, ADAPTER, peer], |[bare, ours, peer]| (ours - bare) / (peer - bare));
            let what = format!("added to a request, {name}, HS256, cold / added by `from_fn` + {peer}");
            targets.push(Target { number: "4", what, ratio, limit: 0.36 });
        }
    }
    (format!("{name}, {}", fixture.algorithm), group)
}

fn refuse(targets: &mut Vec<Target>) -> String {
    let fixture = Fixture::new(Algorithm::RS256);
    let (verifier, decoder) = (ours::verifier(&fixture), peer::Decoder::new(&fixture).expect("RS256"));
    let rows = refusal::rows(&fixture);
    let groups: Vec<(String, Group)> = rows
        .iter()
        .map(|(name, token)| {
            assert!(ours::verify(&verifier, token).is_none(), "{name}");
            let reason = RefCell::new(None);
            let group = measure(vec![
                contender(VALID, || ours::verify(&verifier, &fixture.token)),
                contender(OURS, || *reason.borrow_mut() = verifier.verify(token).err()),
                contender(PEER, || decoder.verify(token)),
            ]);
            let ratio = group.ratio([OURS, VALID], |[ours, valid]| ours / valid);
            let what = format!("refuse {name} / one valid RS256 token");
            targets.push(Target { number: "8", what, ratio, limit: 1.0 });
            let reason = reason.borrow().as_ref().map_or("", |error| error.reason().code());
            (format!("{name} (`{reason}`)"), group)
        })
        .collect();
    table("refuse, ns", &[OURS, PEER, VALID], &groups)
}

fn table(first: &str, columns: &[&str], groups: &[(String, Group)]) -> String {
    let groups: Vec<(String, &Group)> = groups.iter().map(|(name, group)| (name.clone(), group)).collect();
    report::nanos(first, columns, &groups)
}
