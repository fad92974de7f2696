//! Real files, in time that stands still unless everybody waits: it does not go on while a file is read.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::fs;
use std::path::Path;

use jwt_core::keys::{Grant, RefreshHint};
use jwt_core::{Algorithm, Authority, Issuer, ManualClock, Reason, SigningKey, Verifier};
use tokio::time::sleep;

use super::*;
use crate::observe::told::Told;

const NOW: u64 = 1_800_000_000;

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("jwt-remote-{}-{count}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// As editors and certbot do: a whole file takes the place of the other one.
    fn replace(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.at("new"), content).unwrap();
        fs::rename(self.at("new"), self.at(name)).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn key(key_id: &str) -> SigningKey {
    SigningKey::generate(Algorithm::ES256).unwrap().with_key_id(key_id).unwrap()
}

fn jwks(keys: &[&SigningKey]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| key.to_jwk().unwrap().to_json().unwrap()).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

fn pem(key: &SigningKey) -> String {
    key.verifying_key().to_pem().unwrap()
}

fn token(key: &SigningKey) -> String {
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
    issuer.build().unwrap().with_clock(ManualClock::at(NOW)).token().with_subject("alice").sign().unwrap()
}

fn verifier(keys: &WatchedKeys) -> Verifier {
    let authority = Authority::builder().with_live_keys(keys.live()).with_refresh(keys.refresh());
    let authority = authority.with_audience("api").with_issuer("https://id");
    authority.build().unwrap().with_clock(ManualClock::at(NOW))
}

fn verdict(verifier: &Verifier, key: &SigningKey) -> Result<(), Reason> {
    verifier.verify(&token(key)).map(drop).map_err(|error| error.reason())
}

/// Until the files were read once more.
async fn a_turn() {
    sleep(INTERVAL.saturating_add(Duration::from_millis(1))).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_set_replaces_the_old_one_and_the_same_one_changes_nothing() {
    let (folder, old, new) = (Folder::new(), key("old"), key("new"));
    folder.replace("jwks.json", jwks(&[&old]));
    let keys = WatchedKeys::jwks(folder.at("jwks.json")).start().await.unwrap();
    let verifier = verifier(&keys);
    assert_eq!((verdict(&verifier, &old), keys.live().epoch()), (Ok(()), 1));
    folder.replace("jwks.json", jwks(&[&new]));
    a_turn().await;
    assert_eq!(verdict(&verifier, &new), Ok(()));
    assert_eq!(verdict(&verifier, &old), Err(Reason::UnknownKey));
    folder.replace("jwks.json", jwks(&[&new]));
    a_turn().await;
    assert_eq!((keys.live().epoch(), keys.status().failures), (2, 0));
    assert!(keys.status().age < INTERVAL, "{:?}", keys.status());
}

#[tokio::test(start_paused = true)]
async fn a_bad_or_missing_file_keeps_the_old_keys_and_says_so_until_it_is_good_again() {
    let (folder, good) = (Folder::new(), key("good"));
    let whole = jwks(&[&good, &key("other")]);
    folder.replace("jwks.json", &whole);
    let keys = WatchedKeys::jwks(folder.at("jwks.json")).start().await.unwrap();
    let verifier = verifier(&keys);
    let torn = whole.strip_suffix("}]}").unwrap();
    let one_bad = whole.replacen('[', r#"[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},"#, 1);
    let too_large = " ".repeat(512 * 1024 + 1);
    for (content, code) in [
        (Some(""), "malformed_json"),
        (Some(torn), "malformed_json"),
        (Some(r#"{"keys":[]}"#), "no_usable_key"),
        (Some(&one_bad), "member_length"),
        (Some(&too_large), "too_large"),
        (Some(&pem(&good)), "malformed_json"),
        (None, "file_unreadable"),
    ] {
        match content {
            Some(content) => folder.replace("jwks.json", content),
            None => fs::remove_file(folder.at("jwks.json")).unwrap(),
        }
        a_turn().await;
        a_turn().await;
        let status = keys.status();
        assert_eq!((status.error.as_ref().map(WatchError::code), status.failures), (Some(code), 2));
        assert!(status.error.unwrap().to_string().contains("jwks.json"));
        assert!(status.age >= INTERVAL * 2);
        assert_eq!((verdict(&verifier, &good), keys.live().epoch()), (Ok(()), 1), "{code}");
        folder.replace("jwks.json", &whole);
        a_turn().await;
        let status = keys.status();
        assert_eq!((status.error, status.failures, keys.live().epoch()), (None, 0, 1), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_operator_is_told_once_a_minute_which_file_is_bad_and_when_it_is_good_again() {
    let (told, _listening) = Told::listen();
    let folder = Folder::new();
    let whole = jwks(&[&key("a")]);
    folder.replace("jwks.json", &whole);
    let _keys = WatchedKeys::jwks(folder.at("jwks.json")).start().await.unwrap();
    folder.replace("jwks.json", "{");
    sleep(Duration::from_secs(130)).await;
    let bad = told.with("changed keys cannot be used");
    assert_eq!(bad.len(), 3, "{bad:?}");
    assert!(bad.iter().all(|line| {
        line.starts_with("WARN") && line.contains("jwks.json") && line.contains("malformed_json")
    }));
    // Another fault is news.
    fs::remove_file(folder.at("jwks.json")).unwrap();
    a_turn().await;
    assert_eq!(told.with("file_unreadable").len(), 1);
    folder.replace("jwks.json", &whole);
    a_turn().await;
    a_turn().await;
    assert_eq!(told.with("the files are good again").len(), 1);
    assert_eq!(told.with("keys were read").len(), 1);
}

/// What Kubernetes does: the file is a link through a link to a folder, and that link is exchanged.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_folder_that_is_exchanged_behind_a_link_is_seen() {
    use std::os::unix::fs::symlink;
    let (folder, old, new) = (Folder::new(), key("old"), key("new"));
    for (version, key) in [("v1", &old), ("v2", &new)] {
        fs::create_dir(folder.at(version)).unwrap();
        fs::write(folder.at(version).join("jwks.json"), jwks(&[key])).unwrap();
    }
    symlink("v1", folder.at("..data")).unwrap();
    symlink("..data/jwks.json", folder.at("jwks.json")).unwrap();
    let keys = WatchedKeys::jwks(folder.at("jwks.json")).start().await.unwrap();
    let verifier = verifier(&keys);
    assert_eq!(verdict(&verifier, &old), Ok(()));
    symlink("v2", folder.at("..data_tmp")).unwrap();
    fs::rename(folder.at("..data_tmp"), folder.at("..data")).unwrap();
    fs::remove_dir_all(folder.at("v1")).unwrap();
    a_turn().await;
    assert_eq!(verdict(&verifier, &new), Ok(()));
    assert_eq!(verdict(&verifier, &old), Err(Reason::UnknownKey));
}

#[tokio::test(start_paused = true)]
async fn pem_files_are_one_set_that_changes_as_a_whole() {
    let (folder, first, second) = (Folder::new(), key("now"), key("before"));
    folder.replace("now.pem", pem(&first));
    folder.replace("before.pem", pem(&second));
    let file =
        |name: &str| PemFile::new(Algorithm::ES256, folder.at(&format!("{name}.pem"))).with_key_id(name);
    let keys = WatchedKeys::pem_files([file("now"), file("before")]).start().await.unwrap();
    let verifier = verifier(&keys);
    assert_eq!((verdict(&verifier, &first), verdict(&verifier, &second)), (Ok(()), Ok(())));
    let next = key("now");
    folder.replace("now.pem", pem(&next));
    folder.replace("before.pem", "-----BEGIN PUBLIC KEY-----\n");
    a_turn().await;
    let error = keys.status().error.unwrap().to_string();
    assert!(error.contains("before.pem") && error.contains("malformed PEM"), "{error}");
    assert_eq!((verdict(&verifier, &first), verdict(&verifier, &second)), (Ok(()), Ok(())));
    folder.replace("before.pem", pem(&first.clone()));
    a_turn().await;
    assert_eq!(verdict(&verifier, &next), Ok(()));
    assert_eq!(verdict(&verifier, &first.with_key_id("before").unwrap()), Ok(()));
    assert_eq!(verdict(&verifier, &second), Err(Reason::BadSignature));
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_keys_cannot_be_read_does_not_start() {
    let folder = Folder::new();
    let signing = key("a");
    let secret = r#"{"keys":[{"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}]}"#;
    folder.replace("bad.json", "{");
    folder.replace("secret.json", secret);
    folder.replace("private.pem", signing.insecure_private_pem().unwrap().as_bytes());
    folder.replace("public.pem", pem(&signing));
    let pem = |algorithm, name| WatchedKeys::pem(algorithm, folder.at(name));
    for (keys, code, name) in [
        (WatchedKeys::jwks(folder.at("absent.json")), "file_unreadable", "absent.json"),
        (WatchedKeys::jwks(folder.at("")), "file_unreadable", "jwt-remote-"),
        (WatchedKeys::jwks("/dev/null"), "file_unreadable", "/dev/null"),
        (WatchedKeys::jwks(folder.at("bad.json")), "malformed_json", "bad.json"),
        (WatchedKeys::jwks(folder.at("secret.json")), "shared_secret", "secret.json"),
        (pem(Algorithm::ES256, "private.pem"), "private_key", "private.pem"),
        (pem(Algorithm::RS256, "public.pem"), "wrong_key_type", "public.pem"),
        (pem(Algorithm::HS256, "public.pem"), "shared_secret", "public.pem"),
        (WatchedKeys::pem_files([]), "no_file", ""),
    ] {
        let error = keys.start().await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        let words = error.to_string();
        assert!(words.contains(name) && !words.contains("AAECAwQ"), "{words}");
    }
}

/// Whatever a torn write leaves, it is refused or means the same.
#[test]
fn no_part_of_a_file_is_taken_for_other_keys() {
    let (one, other) = (key("one"), key("other"));
    let folder = Folder::new();
    let whole = jwks(&[&one, &other]);
    let files = Files::Jwks(folder.at("jwks.json"));
    for len in 0..whole.len() {
        fs::write(folder.at("jwks.json"), whole.get(..len).unwrap()).unwrap();
        assert!(files.keys(&files.read().unwrap()).is_err(), "{len} bytes");
    }
    let whole = pem(&one);
    let files = Files::Pem(vec![PemFile::new(Algorithm::ES256, folder.at("key.pem"))]);
    for len in 0..whole.len() {
        fs::write(folder.at("key.pem"), whole.get(..len).unwrap()).unwrap();
        if let Ok(keys) = files.keys(&files.read().unwrap()) {
            assert_eq!(keys.iter().next().unwrap().to_pem().unwrap(), whole, "{len} bytes");
            assert!(len + 1 >= whole.len(), "{len} bytes");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_has_the_file_read_at_once_and_strangers_once_a_second() {
    let (folder, old, new) = (Folder::new(), key("old"), key("new"));
    folder.replace("jwks.json", jwks(&[&old]));
    let keys = WatchedKeys::jwks(folder.at("jwks.json")).with_interval(Duration::MAX).start().await.unwrap();
    let verifier = verifier(&keys);
    sleep(Duration::from_secs(2)).await;
    folder.replace("jwks.json", jwks(&[&old, &new]));
    let together = (0..50).map(|_| async { verifier.verify_fresh(&token(&new)).await.map(drop) });
    assert!(futures_util::future::join_all(together).await.iter().all(Result::is_ok));
    assert_eq!(keys.live().epoch(), 2);
    let ask = || keys.refresh().request(RefreshHint::unknown_key(Some("x"), Algorithm::ES256));
    assert!(matches!(ask(), Grant::Denied), "it was read a moment ago");
    sleep(Duration::from_secs(1)).await;
    let grants: Vec<Grant> = (0..65).map(|_| ask()).collect();
    let waiting = grants.iter().filter(|grant| matches!(grant, Grant::Fetch(_))).count();
    assert_eq!(waiting, MOST, "the others are overload");
    drop(grants);
    assert!(matches!(ask(), Grant::Fetch(_)), "who gave up left a place");
}

/// As the rule says.
const MOST: usize = 64;

#[tokio::test(start_paused = true)]
async fn with_the_last_handle_the_watching_ends() {
    let folder = Folder::new();
    folder.replace("jwks.json", jwks(&[&key("a")]));
    let keys = WatchedKeys::jwks(folder.at("jwks.json")).start().await.unwrap();
    let watcher = Arc::downgrade(&keys.0.watcher);
    let verifier = verifier(&keys);
    drop(keys);
    a_turn().await;
    assert!(watcher.upgrade().is_some(), "the verifier holds it");
    drop(verifier);
    sleep(Duration::from_millis(1)).await;
    assert!(watcher.upgrade().is_none());
}

#[test]
fn an_interval_has_bounds_and_handles_move_between_threads() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<WatchedKeys>();
    let with = |interval| WatchedKeys::jwks(Path::new("a")).with_interval(interval).interval;
    assert_eq!(with(Duration::ZERO), LEAST_INTERVAL);
    assert_eq!(with(Duration::MAX), LONGEST_INTERVAL);
    assert_eq!(with(Duration::from_secs(1)), Duration::from_secs(1));
}

/// As the runtimes of tests do, which share what is static.
#[test]
fn files_that_cannot_be_read_after_a_runtime_has_ended_are_not_read_for_each_token() {
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let (folder, old) = (Folder::new(), key("old"));
    folder.replace("jwks", jwks(&[&old]));
    let first = runtime();
    let keys = first.block_on(WatchedKeys::jwks(folder.at("jwks")).start()).unwrap();
    let verifier = keys.authority().with_audience("api").with_issuer("https://id").build().unwrap();
    let verifier = verifier.with_clock(ManualClock::at(NOW));
    assert!(keys.status().has_keys);
    drop(first);
    assert!(!keys.status().has_keys);
    folder.replace("jwks", "no keys");
    runtime().block_on(async {
        for _ in 0..200 {
            let reason = verifier.verify_fresh(&token(&old)).await.unwrap_err().reason();
            assert_eq!(reason, Reason::KeysUnavailable);
        }
    });
    // One for each second that this took, and that is one; on a machine that stands still, a few.
    assert!((1..20).contains(&keys.status().failures), "{}", keys.status().failures);
}

#[test]
fn where_a_runtime_ends_before_its_files_the_next_one_reads() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (folder, old, new) = (Folder::new(), key("old"), key("new"));
    folder.replace("jwks", jwks(&[&old]));
    let first = runtime();
    let keys = first.block_on(WatchedKeys::jwks(folder.at("jwks")).start()).unwrap();
    let verifier = keys.authority().with_audience("api").with_issuer("https://id").build().unwrap();
    let verifier = verifier.with_clock(ManualClock::at(NOW));
    assert!(verifier.verify(&token(&old)).is_ok());
    drop(first);
    // Else a key that was taken out of the file would be good for ever.
    assert_eq!(verifier.verify(&token(&old)).unwrap_err().reason(), Reason::KeysUnavailable);
    folder.replace("jwks", jwks(&[&new]));
    runtime().block_on(async {
        assert!(verifier.verify_fresh(&token(&new)).await.is_ok());
        assert_eq!(verifier.verify(&token(&old)).unwrap_err().reason(), Reason::UnknownKey);
    });
}

#[tokio::test(start_paused = true)]
async fn readings_of_files_are_counted_by_what_came_of_them() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _recording = ::metrics::set_default_local_recorder(&recorder);
    let (folder, old, new) = (Folder::new(), key("old"), key("new"));
    folder.replace("jwks.json", jwks(&[&old]));
    let path = folder.at("jwks.json");
    let keys = WatchedKeys::jwks(&path).start().await.unwrap();
    for content in ["{".to_owned(), jwks(&[&old]), jwks(&[&old, &new])] {
        folder.replace("jwks.json", content);
        // The same content again is no news, so that each is counted once.
        sleep(Duration::from_secs(60)).await;
    }
    let is_held = |key: &SigningKey| verdict(&verifier(&keys), key);
    assert_eq!((is_held(&old), is_held(&new)), (Ok(()), Ok(())));
    let counted = crate::observe::counted::counted(&snapshotter, &path.display().to_string());
    let failed = counted.iter().find(|(name, _)| !name.ends_with(" new") && !name.ends_with(" same"));
    assert!(failed.is_some_and(|(_, times)| *times >= 1), "{counted:?}");
    let times = |outcome: &str| counted.get(&format!("jwt_remote_fetches_total {outcome}")).copied();
    assert_eq!((times("new"), times("same")), (Some(2), Some(1)), "{counted:?}");
}
