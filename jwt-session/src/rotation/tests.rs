use super::*;
use crate::session::Ended;
use crate::session_id::SessionId;

const RULES: RefreshRules =
    RefreshRules { grace: Duration::from_secs(30), most_replays: 5, idle: Duration::from_secs(1_000) };
const START: Duration = Duration::from_secs(1_000_000);
const KEY: [u8; 16] = [1; 16];

fn at(seconds: u64) -> Duration {
    START.checked_add(Duration::from_secs(seconds)).unwrap()
}

/// A session and its first token.
fn session() -> (Session, RefreshToken) {
    let id = SessionId::from_bytes([7; 16]);
    let token = RefreshToken::first(id, [9; 32], &KEY);
    let session = Session {
        provider_session: None,
        id,
        issuer: "https://id".to_owned(),
        since: 0,
        authentication: None,
        subject: "alice".to_owned(),
        client: Some("app".to_owned()),
        tenant: None,
        scope: Some("read write".to_owned()),
        claims: None,
        user_agent: None,
        address: None,
        created: START,
        last_used: START,
        absolute_end: at(10_000),
        idle_end: at(1_000),
        generation: 0,
        current: token.hash(),
        previous: None,
        tag_key: KEY,
        ended: None,
    };
    (session, token)
}

fn presented(token: &RefreshToken) -> Presented<'_> {
    Presented { token, client: Some("app"), scope: None, waited: Duration::ZERO }
}

/// Each call has a nonce of its own.
fn refresh(session: &mut Session, token: &RefreshToken, seconds: u64) -> Rotation {
    let nonce = [u8::try_from(seconds % 251).unwrap(); 32];
    rotate(session, presented(token), &RULES, nonce, at(seconds))
}

fn rotated(rotation: Rotation) -> RefreshToken {
    match rotation {
        Rotation::Rotated(token) => token,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_current_token_is_rotated_and_the_session_lives_on() {
    let (mut session, mut token) = session();
    for generation in 1..=5 {
        let seconds = u64::from(generation) * 900;
        token = rotated(refresh(&mut session, &token, seconds));
        assert_eq!((token.generation, session.generation), (generation, generation));
        assert_eq!((session.last_used, session.idle_end), (at(seconds), at(seconds + 1_000)));
        assert_eq!((session.created, session.absolute_end), (START, at(10_000)));
    }
}

#[test]
fn within_the_grace_the_previous_token_has_the_same_successor() {
    let (mut session, first) = session();
    let second = rotated(refresh(&mut session, &first, 10));
    for seconds in [10, 11, 20, 30, 39] {
        assert_eq!(refresh(&mut session, &first, seconds), Rotation::Again(second.clone()), "{seconds}");
    }
    // Five times, and no more; and that changes nothing.
    let before = session.clone();
    assert_eq!(refresh(&mut session, &first, 39), Rotation::Refused(Refused::TooOften));
    assert_eq!(session, before);
    // Its successor is as good as ever, and nobody has another one.
    let third = rotated(refresh(&mut session, &second, 39));
    assert_eq!(refresh(&mut session, &second, 40), Rotation::Again(third));
    assert_eq!(session.ended, None);
}

#[test]
fn whatever_is_older_ends_the_session() {
    type Play = fn(&mut Session, &RefreshToken) -> Rotation;
    use EndReason::{OtherClient, RefreshReuse};
    let cases: [(&str, EndReason, Play); 4] = [
        ("the grace is over", RefreshReuse, |session, first| {
            rotated(refresh(session, first, 10));
            refresh(session, first, 40)
        }),
        ("two generations old, in the same second", RefreshReuse, |session, first| {
            let second = rotated(refresh(session, first, 10));
            rotated(refresh(session, &second, 10));
            refresh(session, first, 10)
        }),
        ("the current one by another client", OtherClient, |session, first| {
            rotate(session, Presented { client: Some("other"), ..presented(first) }, &RULES, [0; 32], at(1))
        }),
        ("the previous one by no client", OtherClient, |session, first| {
            rotated(refresh(session, first, 10));
            rotate(session, Presented { client: None, ..presented(first) }, &RULES, [0; 32], at(11))
        }),
    ];
    for (name, why, play) in cases {
        let (mut session, first) = session();
        assert_eq!(play(&mut session, &first), Rotation::Ends(why), "{name}");
        assert_eq!(session.ended.map(|ended| ended.why), Some(why), "{name}");
        assert!(session.previous.is_none() && !session.is_live(at(50)), "{name}");
        // Nobody gets in any more.
        let refused = Rotation::Refused(Refused::Ended(why));
        assert_eq!(refresh(&mut session, &first, 50), refused, "{name}");
    }
}

#[test]
fn without_a_grace_each_token_is_good_once() {
    let (mut session, first) = session();
    let rules = RefreshRules { grace: Duration::ZERO, ..RULES };
    assert!(matches!(rotate(&mut session, presented(&first), &rules, [1; 32], at(1)), Rotation::Rotated(_)));
    assert_eq!(
        rotate(&mut session, presented(&first), &rules, [2; 32], at(1)),
        Rotation::Ends(EndReason::RefreshReuse)
    );
}

#[test]
fn a_guess_changes_nothing() {
    let (mut session, first) = session();
    let second = rotated(refresh(&mut session, &first, 10));
    let before = session.clone();
    let guesses = [
        RefreshToken::first(session.id, [9; 32], &[2; 16]),
        RefreshToken::first(SessionId::from_bytes([8; 16]), [9; 32], &KEY),
        second.successor(&[0; 32], &[3; 16]).unwrap(),
    ];
    for guess in guesses {
        assert_eq!(refresh(&mut session, &guess, 11), Rotation::Refused(Refused::Guess));
        assert_eq!(session, before);
    }
}

#[test]
fn what_was_refused_changes_nothing() {
    let (mut session, first) = session();
    let too_many = Presented { scope: Some("read admin"), ..presented(&first) };
    let before = session.clone();
    let refused = Rotation::Refused(Refused::ScopeNotGranted);
    for scope in ["read admin", "", " ", "read ", " read", "read  write", "rea"] {
        let presented = Presented { scope: Some(scope), ..presented(&first) };
        assert_eq!(rotate(&mut session, presented, &RULES, [0; 32], at(1)), refused, "{scope:?}");
        assert_eq!(session, before);
    }
    rotated(refresh(&mut session, &first, 10));
    let before = session.clone();
    assert_eq!(rotate(&mut session, too_many, &RULES, [0; 32], at(11)), refused);
    assert_eq!(session, before);
    let fewer = Presented { scope: Some("read"), ..presented(&first) };
    assert!(matches!(rotate(&mut session, fewer, &RULES, [0; 32], at(11)), Rotation::Again(_)));
}

#[test]
fn a_session_ends_when_it_is_not_used_and_at_the_latest_at_its_absolute_end() {
    let (mut session, first) = session();
    let expired = Rotation::Refused(Refused::Expired);
    assert_eq!(refresh(&mut session.clone(), &first, 1_000), expired);
    let mut token = rotated(refresh(&mut session, &first, 999));
    for n in 2..=10 {
        token = rotated(refresh(&mut session, &token, n * 999));
    }
    assert_eq!(session.expiry(), at(10_000));
    assert_eq!(refresh(&mut session.clone(), &token, 10_000), expired);
    rotated(refresh(&mut session, &token, 9_999));
}

#[test]
fn a_clock_that_jumps_back_neither_ends_a_session_nor_makes_old_tokens_good() {
    let (mut session, first) = session();
    let second = rotated(refresh(&mut session, &first, 900));
    assert_eq!(refresh(&mut session, &first, 10), Rotation::Again(second.clone()));
    rotated(refresh(&mut session, &second, 10));
    assert_eq!(refresh(&mut session, &first, 10), Rotation::Ends(EndReason::RefreshReuse));
}

#[test]
fn what_has_ended_keeps_its_reason() {
    let (mut session, first) = session();
    assert!(session.end(EndReason::Logout, at(5)));
    assert!(!session.end(EndReason::LogoutAll, at(6)));
    assert_eq!(session.ended, Some(Ended { at: at(5), why: EndReason::Logout }));
    assert_eq!(refresh(&mut session, &first, 7), Rotation::Refused(Refused::Ended(EndReason::Logout)));
}
