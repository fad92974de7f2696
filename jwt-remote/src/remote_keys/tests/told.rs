//! What an operator is told as the hours pass.

use tracing::Level;

use super::*;
use crate::observe::told::{Line, Told};

/// The warnings and errors since the last time, all of which must be of this level and begin so.
fn only(told: &Told, level: Level, words: &str) -> Vec<Line> {
    let lines = told.take_warnings();
    let is_it = |line: &Line| line.level == level && line.text.starts_with(words);
    assert!(lines.iter().all(is_it), "{words}: {lines:?}");
    lines
}

/// All since the last time, as the beginnings of their texts.
fn all(told: &Told) -> Vec<String> {
    told.take_warnings().into_iter().map(beginning).collect()
}

fn beginning(line: Line) -> String {
    line.text.split([',', ';', ':']).next().unwrap().to_owned()
}

/// What each line about an outage has an operator do.
const TO_DO: &str = "look whether this address can be reached from here and serves a JWK set";

#[tokio::test(start_paused = true)]
async fn each_state_of_an_outage_has_its_line() {
    let (told, _guard) = Told::listen();
    let provider = Provider::with(Answer::Status(500));
    let remote = Remote::with_client(provider.clone());
    let keys = RemoteKeys::at("https://id/jwks").with_remote(&remote);
    let keys = keys.with_max_stale(Duration::from_secs(3_600)).start().unwrap();
    sleep(Duration::from_secs(100)).await;
    // As many as attempts: 1 s, 2 s, 4 s … between them, of which chance takes up to half.
    let lines = only(&told, Level::ERROR, "keys were never fetched, and every token is answered with 503");
    assert!((7..=9).contains(&lines.len()), "{}", lines.len());
    assert!(provider.asked() - lines.len() <= 1, "one may be under way");

    provider.answers(Answer::Keys(vec![key("good")]));
    sleep(Duration::from_secs(61)).await;
    assert!(keys.has_keys());
    told.take_warnings();
    sleep(Duration::from_secs(3_600)).await;
    assert_eq!(all(&told), [""; 0], "while all is well nobody is told anything");

    provider.answers(Answer::Status(500));
    sleep(Duration::from_secs(3_500)).await;
    let lines = only(&told, Level::WARN, "keys could not be fetched; those that are held serve on");
    assert!(lines.len() > 10, "{}", lines.len());
    assert!(lines.iter().all(|line| line.text.contains(TO_DO)), "{lines:?}");
    assert!(keys.has_keys());

    sleep(Duration::from_secs(800)).await;
    assert!(!keys.has_keys());
    let lines = told.take_warnings();
    let is_of_time = |line: &&Line| line.text.contains("too old");
    assert!(lines.iter().filter(is_of_time).all(|line| line.text.contains(TO_DO)), "{lines:?}");
    let lines: Vec<String> = lines.into_iter().map(beginning).collect();
    let times = |words: &str| lines.iter().filter(|line| *line == words).count();
    assert_eq!(times("keys are too old to be trusted"), 1, "{lines:?}");
    assert_eq!(times("keys taken away"), 1, "{lines:?}");
    assert_eq!(times("keys were never fetched"), 0, "they were: {lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("keys are still too old"), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn what_strangers_wish_for_is_told_once_a_minute_with_their_number() {
    let (told, _guard) = Told::listen();
    let provider = Provider::with(Answer::Keys(vec![key("good")]));
    let keys = keys_from(&provider);
    keys.wait().await.unwrap();
    let verifier = verifier(&keys);
    let stranger = key("x");
    for n in 0..300 {
        let bogus = token(&stranger.clone().with_key_id(format!("bogus-{n}")).unwrap());
        assert_eq!(verdict(&verifier, &bogus).await, Err(Reason::UnknownKey));
        sleep(Duration::from_secs(1)).await;
    }
    let lines = only(&told, Level::WARN, "tokens name keys that this source does not have");
    assert_eq!(lines.len(), 5, "{lines:?}");
    let told: u64 = lines.iter().filter_map(|line| line.fields.get("wishes")?.parse::<u64>().ok()).sum();
    // Twelve in 300 s are paid for, and what came after the last line is not told yet.
    assert!((220..=290).contains(&told), "{told}");
}
