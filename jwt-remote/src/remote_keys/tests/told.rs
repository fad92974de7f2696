//! What an operator is told as the hours pass.

use core::fmt::{Debug, Write as _};

use tracing::Level;
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;

use super::*;

/// The warnings and errors of this thread: level, text, and the number of wishes where there is one.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Line>>>);

#[derive(Clone, Debug)]
struct Line {
    level: Level,
    text: String,
    wishes: Option<u64>,
}

impl Told {
    fn listen() -> (Self, DefaultGuard) {
        crate::observe::told::offer_every_event();
        let told = Self::default();
        let guard = tracing::subscriber::set_default(told.clone());
        (told, guard)
    }

    /// Those since the last time whose texts begin so, and nothing else may have been told.
    fn only(&self, level: Level, words: &str) -> Vec<Line> {
        let lines = core::mem::take(&mut *self.0.lock().unwrap());
        let is_it = |line: &Line| line.level == level && line.text.starts_with(words);
        assert!(lines.iter().all(is_it), "{words}: {lines:?}");
        lines
    }

    /// All since the last time, as the beginnings of their texts.
    fn all(&self) -> Vec<String> {
        let lines = core::mem::take(&mut *self.0.lock().unwrap());
        lines.into_iter().map(|line| line.text.split([',', ';', ':']).next().unwrap().to_owned()).collect()
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            write!(self.text, "{value:?}").unwrap();
        }
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "wishes" {
            self.wishes = Some(value);
        }
    }
}

impl tracing::Subscriber for Told {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN && metadata.target().starts_with("jwt_")
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line { level: *event.metadata().level(), text: String::new(), wishes: None };
        event.record(&mut line);
        self.0.lock().unwrap().push(line);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn each_state_of_an_outage_has_its_line() {
    let (told, _guard) = Told::listen();
    let provider = Provider::with(Answer::Status(500));
    let remote = Remote::with_client(provider.clone());
    let keys = RemoteKeys::at("https://id/jwks").with_remote(&remote);
    let keys = keys.with_max_stale(Duration::from_secs(3_600)).start().unwrap();
    sleep(Duration::from_secs(100)).await;
    // As many as attempts: 1 s, 2 s, 4 s … between them, of which chance takes up to half.
    let lines = told.only(Level::ERROR, "keys were never fetched, and every token is answered with 503");
    assert!((7..=9).contains(&lines.len()), "{}", lines.len());
    assert!(provider.asked() - lines.len() <= 1, "one may be under way");

    provider.answers(Answer::Keys(vec![key("good")]));
    sleep(Duration::from_secs(61)).await;
    assert!(keys.has_keys());
    told.0.lock().unwrap().clear();
    sleep(Duration::from_secs(3_600)).await;
    assert_eq!(told.all(), [""; 0], "while all is well nobody is told anything");

    provider.answers(Answer::Status(500));
    sleep(Duration::from_secs(3_500)).await;
    let lines = told.only(Level::WARN, "keys could not be fetched; those that are held serve on");
    assert!(lines.len() > 10, "{}", lines.len());
    assert!(keys.has_keys());

    sleep(Duration::from_secs(800)).await;
    assert!(!keys.has_keys());
    let lines = told.all();
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
    let lines = told.only(Level::WARN, "tokens name keys that this source does not have");
    assert_eq!(lines.len(), 5, "{lines:?}");
    let told: u64 = lines.iter().filter_map(|line| line.wishes).sum();
    // Twelve in 300 s are paid for, and what came after the last line is not told yet.
    assert!((220..=290).contains(&told), "{told}");
}
