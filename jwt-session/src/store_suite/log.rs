//! What a store owes its log of revocations.

use super::*;

pub(super) async fn the_log_is_in_order_and_forgets_what_expired<S: SessionStore + Clone>(world: &World<S>) {
    let revoke = async |n: usize, longest: Duration| {
        let change = Box::new(|transaction: &mut Transaction| {
            let what = Revoked::Token(format!("token-{n}"));
            transaction.revoke(Revocation::new("https://id", what, transaction.now(), longest));
        });
        world.store.transact(Scope::Nobody, change).await.expect("a line");
    };
    for n in 0..10 {
        revoke(n, if n % 2 == 0 { HOUR } else { HOUR * 2 }).await;
    }
    let page = async |after, most| world.store.revocations(after, most).await.expect("the log");
    let read = async |after, most| page(after, most).await.lines;
    let all = read(0, 100).await;
    assert_eq!(page(0, 1).await.newest, all[9].0, "the newest number is told");
    assert_eq!(all.len(), 10);
    assert!(all.is_sorted_by_key(|(number, _)| *number), "in the order of numbers");
    assert!(all.iter().enumerate().all(|(n, (_, it))| *it.what() == Revoked::Token(format!("token-{n}"))));
    assert_eq!(read(all[3].0, 2).await, all[4..6], "behind a number, as many as asked");
    world.clock.advance(3_603);
    assert_eq!(read(0, 100).await.len(), 5, "what expired is left out");
    assert_eq!(world.store.remove_expired().await.expect("removal"), 5);
    world.clock.advance(3_600);
    assert_eq!(world.store.remove_expired().await.expect("removal"), 5);
    assert_eq!(
        page(u64::MAX, 0).await.newest,
        all[9].0,
        "the newest number is known where its line is forgotten"
    );
    revoke(10, HOUR).await;
    let newest = read(0, 100).await;
    assert!(newest.len() == 1 && newest[0].0 > all[9].0, "a number is not used again");
}

pub(super) async fn who_reads_the_log_behind_writers_misses_no_line<S: SessionStore + Clone>(
    world: &World<S>,
) {
    const WRITERS: usize = 4;
    const LINES: usize = 50;
    let mut writing = JoinSet::new();
    for writer in 0..WRITERS {
        let store = world.store.clone();
        writing.spawn(async move {
            for line in 0..LINES {
                let change = Box::new(|transaction: &mut Transaction| {
                    let what = Revoked::Token(format!("{writer} {line}"));
                    transaction.revoke(Revocation::new("https://id", what, transaction.now(), HOUR));
                });
                store.transact(Scope::Nobody, change).await.expect("a line");
            }
        });
    }
    let (mut after, mut read) = (0, Vec::new());
    loop {
        let is_done = writing.is_empty();
        // As a follower does: behind what it has read, and behind the newest number where the page was the last.
        let page = world.store.revocations(after, 7).await.expect("the log");
        assert!(page.lines.iter().all(|(number, _)| *number > after), "lines are behind the number");
        after = match page.lines.last() {
            Some((number, _)) if page.lines.len() == 7 => *number,
            last => page.newest.max(last.map_or(0, |(number, _)| *number)),
        };
        read.extend(page.lines);
        while writing.try_join_next().is_some() {}
        if is_done && read.len() >= WRITERS * LINES {
            break;
        }
        assert!(
            !is_done || after < world.store.revocations(u64::MAX, 0).await.expect("the log").newest,
            "lines were missed"
        );
        tokio::task::yield_now().await;
    }
    let all = world.store.revocations(0, 1_000).await.expect("the log").lines;
    assert_eq!(all, read, "a reader behind writers reads what is there in the end, once, in order");
    assert_eq!(all.len(), WRITERS * LINES);
}

pub(super) async fn a_cutoff_is_the_newest_line_of_its_names<S: SessionStore + Clone>(world: &World<S>) {
    let new = NewSession::of("alice").with_client("app").with_tenant("blue");
    let tokens = world.sessions.start(new).await.expect("a session");
    let session = world.store.sessions(Of::Session(tokens.session()), None, 1).await.expect("a page");
    let session = session.first().expect("it is there");
    let names = session.cutoff_names();
    let cutoffs = async || {
        let (mut of_session, mut of_names) = (0, 0);
        let change = Box::new(|transaction: &mut Transaction| of_session = transaction.cutoff());
        world.store.transact(Scope::Session(session.id()), change).await.expect("a transaction");
        let change = Box::new(|transaction: &mut Transaction| {
            assert_eq!(transaction.sessions().len(), 1, "a login reads the sessions of its subject");
            of_names = transaction.cutoff();
        });
        let scope = Scope::Login { subject: "alice", cutoffs: &names };
        world.store.transact(scope, change).await.expect("a transaction");
        assert_eq!(of_session, of_names, "a session has the cutoff of its names");
        let mut of_nobody = 0;
        let change = Box::new(|transaction: &mut Transaction| {
            assert!(transaction.sessions().is_empty(), "an empty subject has no sessions");
            of_nobody = transaction.cutoff();
        });
        let scope = Scope::Login { subject: "", cutoffs: &names };
        world.store.transact(scope, change).await.expect("a transaction");
        assert_eq!(of_nobody, of_names, "names have a cutoff, whosever sessions are read");
        of_names
    };
    assert_eq!(cutoffs().await, 0, "without a line there is none");
    let mut before = 0;
    for (what, concerns) in [
        (Revoked::Client("app".to_owned()), true),
        (Revoked::Client("web".to_owned()), false),
        (Revoked::Tenant("blue".to_owned()), true),
        (Revoked::Tenant("app".to_owned()), false),
        (Revoked::Subject("alice".to_owned()), false),
        (Revoked::Token("app".to_owned()), false),
        (Revoked::ProviderSession { issuer: "app".to_owned(), session_id: "blue".to_owned() }, false),
        (Revoked::Issuer, true),
        (Revoked::Client("app".to_owned()), true),
    ] {
        let level = what.level();
        let line = Revocation::new("https://id", what, world.clock.now(), HOUR);
        let change = Box::new(|transaction: &mut Transaction| transaction.revoke(line.clone()));
        world.store.transact(Scope::Nobody, change).await.expect("a line");
        let (newest, now) =
            (world.store.revocations(u64::MAX, 0).await.expect("the log").newest, cutoffs().await);
        assert_eq!(now, if concerns { newest } else { before }, "{level}");
        before = now;
    }
    let theirs = Revocation::new("https://other", Revoked::Issuer, world.clock.now(), HOUR);
    let change = Box::new(|transaction: &mut Transaction| transaction.revoke(theirs.clone()));
    world.store.transact(Scope::Nobody, change).await.expect("a line");
    assert_eq!(cutoffs().await, before, "another issuer's line is no cutoff");
}
