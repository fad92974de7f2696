//! A disk that is full: a file system of twelve megabytes, which the other process mounts for itself alone.

#![allow(clippy::print_stdout, reason = "what the other process says")]

use std::process::Command;

use jwt_session::store::StoreErrorKind;
use jwt_session::{NewSession, Refresh, SessionError};

use super::process::{self, Other};
use super::{sessions_on, store_at};

#[tokio::test]
async fn a_full_disk_loses_nothing_and_heals() {
    if let Some(folder) = process::folder() {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"]).arg(&folder).status();
        assert!(mounted.unwrap().success());
        // What is removed later.
        std::fs::write(folder.join("ballast"), vec![0; 6 << 20]).unwrap();
        let sessions = sessions_on(store_at(&folder.join("sessions.db")).await).await;
        let mut started = Vec::new();
        let error = loop {
            assert!(started.len() < 100_000, "no end of twelve megabytes");
            match sessions.start(NewSession::of(format!("user-{}", started.len()))).await {
                Ok(tokens) => started.push(tokens),
                Err(error) => break error,
            }
        };
        let SessionError::Store(error) = error else { panic!("{error:?}") };
        assert!(matches!(error.kind(), StoreErrorKind::Full | StoreErrorKind::Unavailable), "{error:?}");
        assert!(started.len() > 20, "{}", started.len());
        // Nothing that was answered is lost, and reading goes on.
        for tokens in &started {
            assert!(sessions.session(tokens.session()).await.unwrap().is_some());
        }
        // An end writes over what is there, and may find room in the log still: what it answers is what holds.
        let first = started[0].session();
        let ended = sessions.end(first).await.is_ok();
        assert_eq!(sessions.session(first).await.unwrap().unwrap().ended().is_some(), ended);

        std::fs::remove_file(folder.join("ballast")).unwrap();
        sessions.end(first).await.unwrap();
        for tokens in &started[1..] {
            sessions.refresh(tokens.refresh_token(), Refresh::new()).await.unwrap();
        }
        sessions.start(NewSession::of("bob")).await.unwrap();
        println!("healed: yes");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let id = Command::new("id").arg("-u").output().unwrap();
    // Whoever is not root is it in a space of its own.
    let unshare: &[&str] = match &*id.stdout {
        b"0\n" => &["unshare", "--mount"],
        _ => &["unshare", "--user", "--map-root-user", "--mount"],
    };
    let mut other = Other::run(unshare, "disk::a_full_disk_loses_nothing_and_heals", folder.path());
    other.said("healed:");
    other.end();
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "it was mounted for itself alone");
}
