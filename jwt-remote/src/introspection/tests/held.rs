//! What is held of answers: for how long, for whom, and how much.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_active_token_is_asked_about_once_in_a_minute() {
    let endpoint =
        Endpoint::with(Reply::Active(r#","sub":"alice","scope":"read","exp":1800000600"#.to_owned()));
    let introspection = start(&endpoint);
    let verified = introspection.introspect("opaque").await.unwrap();
    assert_eq!((verified.subject(), verified.issuer()), (Some("alice"), Some(ISSUER)));
    assert!(verified.has_scope("read"));
    assert_eq!(verified.evidence(), &Evidence::introspection(ENDPOINT));
    for _ in 0..59 {
        sleep(Duration::from_millis(999)).await;
        assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    }
    assert_eq!(endpoint.asked(), 1);
    // From when it was asked for, not from when the answer came.
    sleep(Duration::from_millis(1_010)).await;
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    assert_eq!(endpoint.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_a_cache_every_moment_has_its_own_call() {
    let endpoint = Endpoint::with(active());
    let introspection = builder(&endpoint).with_cache_for(Duration::ZERO).start().unwrap();
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    endpoint.replies(inactive());
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::Inactive));
    endpoint.replies(active());
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    assert_eq!(endpoint.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_held_a_minute_at_most_and_less_where_less_is_asked_for() {
    for (asked_for, held) in [(3_600, 60), (60, 60), (10, 10)] {
        let endpoint = Endpoint::with(active());
        let introspection =
            builder(&endpoint).with_cache_for(Duration::from_secs(asked_for)).start().unwrap();
        assert_eq!(ask(&introspection, "opaque").await, Ok(()));
        endpoint.replies(inactive());
        sleep(Duration::from_secs(held) - Duration::from_millis(51)).await;
        assert_eq!(ask(&introspection, "opaque").await, Ok(()));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(ask(&introspection, "opaque").await, Err(Reason::Inactive), "{asked_for}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_beyond_exp_and_leeway_is_no_excuse() {
    let clock = ManualClock::at(NOW);
    let endpoint = Endpoint::with(Reply::Active(format!(r#","exp":{}"#, NOW + 10)));
    let introspection = builder(&endpoint).with_clock(clock.clone()).start().unwrap();
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    clock.advance(9);
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    assert_eq!(endpoint.asked(), 1);
    clock.advance(1);
    // The server's clock may be behind: its word counts within the leeway, but is not kept.
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    assert_eq!(endpoint.asked(), 3);
    clock.advance(30);
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::Expired));
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::Expired));
    assert_eq!(endpoint.asked(), 4, "that a token is over is kept");
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_jumps_back_makes_nothing_last_longer() {
    let clock = ManualClock::at(NOW);
    let endpoint = Endpoint::with(active());
    let introspection = builder(&endpoint).with_clock(clock.clone()).start().unwrap();
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    endpoint.replies(inactive());
    clock.set(0);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::Inactive));
}

#[tokio::test(start_paused = true)]
async fn rules_are_applied_to_what_is_held_as_well() {
    let clock = ManualClock::at(NOW);
    let endpoint = Endpoint::with(Reply::Active(format!(r#","iat":{NOW},"nbf":{NOW}"#)));
    let rules = |rules: AuthorityBuilder<Ready>| {
        rules.with_max_age(Duration::from_secs(5)).with_leeway(Duration::ZERO)
    };
    let introspection = builder(&endpoint).with_clock(clock.clone()).with_rules(rules).start().unwrap();
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    clock.advance(6);
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::TooOld));
    clock.set(NOW - 1);
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::NotYetValid));
    clock.set(NOW);
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_proof_counts_for_those_who_give_it() {
    let endpoint = Endpoint::with(Reply::Active(r#","token_type":"DPoP","cnf":{"jkt":"x"}"#.to_owned()));
    let introspection = start(&endpoint);
    // On the call itself, and from what is held; each before and after the other.
    let both = tokio::join!(ask(&introspection, "opaque"), ask_with(&introspection, "opaque", &["jkt"]));
    assert_eq!(both, (Err(Reason::SenderConstraint), Ok(())));
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::SenderConstraint));
    assert_eq!(ask_with(&introspection, "opaque", &["jkt"]).await, Ok(()));
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_held_for_five_seconds() {
    let endpoint = Endpoint::with(inactive());
    let introspection = start(&endpoint);
    for _ in 0..49 {
        assert_eq!(ask(&introspection, "opaque").await, Err(Reason::Inactive));
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(endpoint.asked(), 1);
    sleep(Duration::from_millis(100)).await;
    endpoint.replies(active());
    assert_eq!(ask(&introspection, "opaque").await, Ok(()), "it was made a moment ago");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_made_up_tokens_pushes_no_good_one_out() {
    let endpoint = Endpoint::by(|token| if token.starts_with("good") { active() } else { inactive() });
    let introspection = start(&endpoint);
    let good = (0..50).map(|n| format!("good-{n}")).collect::<Vec<_>>();
    for token in &good {
        assert_eq!(ask(&introspection, token).await, Ok(()));
    }
    for n in 0..200 {
        let flood = (0..60).map(|m| format!("bad-{n}-{m}")).collect::<Vec<_>>();
        let refused = join_all(flood.iter().map(|token| ask(&introspection, token))).await;
        assert_eq!(refused, vec![Err(Reason::Inactive); 60]);
    }
    let asked = endpoint.asked();
    for token in &good {
        assert_eq!(ask(&introspection, token).await, Ok(()));
    }
    assert_eq!((asked, endpoint.asked()), (50 + 12_000, 50 + 12_000));
}

#[tokio::test(start_paused = true)]
async fn two_endpoints_never_answer_for_each_other() {
    let (good, bad) = (Endpoint::with(active()), Endpoint::with(inactive()));
    let (ours, theirs) = (start(&good), start(&bad));
    for _ in 0..2 {
        assert_eq!(ask(&ours, "opaque").await, Ok(()));
        assert_eq!(ask(&theirs, "opaque").await, Err(Reason::Inactive));
    }
    assert!(ours.is_same(&ours.clone()) && !ours.is_same(&theirs));
    assert_eq!((good.asked(), bad.asked()), (1, 1));
}
