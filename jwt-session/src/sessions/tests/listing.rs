//! What applications are told of sessions.

use serde_json::Value;

use super::*;
use crate::session_info::SessionInfo;

/// What no application needs, and nobody else may have.
const OF_STORES: [&str; 8] =
    ["current", "previous", "nonce", "hash", "tag_key", "generation", "since", "claims"];

fn members(info: &SessionInfo) -> Vec<String> {
    let Value::Object(members) = serde_json::to_value(info).unwrap() else { panic!("an object") };
    let mut names: Vec<_> = members.keys().cloned().collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_listing_holds_nothing_that_a_token_could_be_made_from() {
    let world = world().await;
    let new = NewSession::of("alice")
        .with_scope("read write")
        .with_client("app")
        .with_tenant("blue")
        .with_claims(&std::collections::BTreeMap::from([("plan", "gold")]))
        .with_provider_session("https://provider", "s1")
        .with_user_agent("Mozilla/5.0")
        .with_address(core::net::Ipv4Addr::LOCALHOST);
    let tokens = world.sessions.start(new).await.unwrap();
    let refresh = Refresh::new().with_client("app");
    // So that there is a token before the current one.
    let tokens = world.sessions.refresh(tokens.refresh_token(), refresh).await.unwrap();
    let id = tokens.session();
    let [record] = &*world.store.sessions(Of::Session(id), None, 1).await.unwrap() else { panic!("one") };
    let record = serde_json::to_string(record).unwrap();
    for name in OF_STORES {
        assert!(record.contains(&format!("\"{name}\":")), "{name} is what a store keeps");
    }
    let mut told = world.sessions.list("alice").await.unwrap();
    told.extend(world.sessions.session(id).await.unwrap());
    told.extend(world.sessions.session_of(tokens.refresh_token()).await.unwrap());
    assert_eq!(told.len(), 3);
    for info in &told {
        let expected = [
            "address",
            "client_id",
            "created",
            "expires",
            "id",
            "iss",
            "last_used",
            "scope",
            "sub",
            "tenant",
            "user_agent",
        ];
        assert_eq!(members(info), expected);
        let text = serde_json::to_string(info).unwrap();
        for name in OF_STORES {
            assert!(!text.contains(&format!("\"{name}\"")), "{name}: {text}");
        }
    }
    world.clock.advance(1);
    world.sessions.end(id).await.unwrap();
    let ended = world.sessions.session(id).await.unwrap().unwrap();
    let json = serde_json::to_value(&ended).unwrap();
    assert_eq!(json["ended"], serde_json::json!({ "at": START + 1, "why": "logout" }));
    assert_eq!((&json["sub"], &json["created"]), (&"alice".into(), &START.into()));
    // What was not told is not there.
    let plain = world.login("bob").await;
    let plain = world.sessions.session(plain.session()).await.unwrap().unwrap();
    assert_eq!(members(&plain), ["created", "expires", "id", "iss", "last_used", "scope", "sub"]);
    assert!(!format!("{plain:?}").contains("bob"));
}
