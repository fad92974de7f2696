//! What is taken back is told of, whatever it is and whether or not a session ends by it.

use jwt_core::keys::BoxFuture;

use super::*;

#[tokio::test]
async fn each_line_that_is_written_is_told_of() {
    type Revoke = fn(&Sessions, SessionId) -> BoxFuture<'_, Result<(), SessionError>>;
    fn subject() -> Revoked {
        Revoked::Subject("svc".to_owned())
    }
    const UNTIL: Duration = Duration::from_secs(START + 1);
    let cases: [(&str, Revoke, &[&str], &[&str]); 10] = [
        ("end", |it, id| Box::pin(async move { it.end(id).await.map(drop) }), &["session"], &["logout"]),
        (
            "session",
            |it, id| Box::pin(it.revoke(Revoked::Session(id.to_string()))),
            &["session"],
            &["logout"],
        ),
        (
            "end all",
            |it, _| Box::pin(async move { it.end_all("svc").await.map(drop) }),
            &["subject"],
            &["subject", "logout"],
        ),
        (
            "password",
            |it, _| Box::pin(async move { it.password_changed("svc", None).await.map(drop) }),
            &["subject"],
            &["subject", "logout"],
        ),
        ("subject", |it, _| Box::pin(it.revoke(subject())), &["subject"], &["subject", "logout"]),
        (
            "provider",
            |it, _| Box::pin(it.end_all_by_provider("svc", UNTIL)),
            &["subject"],
            &["subject", "logout"],
        ),
        (
            "client",
            |it, _| Box::pin(it.revoke(Revoked::Client("app".to_owned()))),
            &["client"],
            &["client", "logout"],
        ),
        (
            "tenant",
            |it, _| Box::pin(it.revoke(Revoked::Tenant("blue".to_owned()))),
            &["tenant"],
            &["tenant", "logout"],
        ),
        ("issuer", |it, _| Box::pin(it.revoke(Revoked::Issuer)), &["issuer"], &["issuer", "logout"]),
        ("token", |it, _| Box::pin(it.revoke(Revoked::Token("a".to_owned()))), &["token"], &["token"]),
    ];
    for (name, revoke, without, with) in cases {
        let told = async |has_session: bool| {
            let world = world().await;
            let new = NewSession::of("svc").with_client("app").with_tenant("blue");
            let id = if has_session {
                world.sessions.start(new).await.unwrap().session()
            } else {
                SessionId::generate().unwrap()
            };
            world.events.lock().unwrap().clear();
            revoke(&world.sessions, id).await.unwrap();
            let events = world.events.lock().unwrap();
            let told = events.iter().map(|event| match event {
                SecurityEvent::Revoked { level } => *level,
                other => other.code(),
            });
            told.collect::<Vec<_>>()
        };
        assert_eq!(told(false).await, without, "{name}, without a session");
        assert_eq!(told(true).await, with, "{name}, with one");
    }
}
