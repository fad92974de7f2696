//! A store that does its work badly, where it is told to.

use core::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    /// Has read, and does not say so.
    Stuck,
    /// Neither reads nor writes.
    Away,
    Unreadable,
    ReadOnly,
    /// Writes, and says that it did not.
    WritesAndFails,
}

/// It counts how often it is read, and yields before it answers.
#[derive(Clone)]
pub(super) struct Moody {
    pub(super) store: MemoryStore,
    mood: watch::Sender<Mood>,
    reads: Arc<AtomicUsize>,
}

impl Moody {
    pub(super) fn of(store: MemoryStore) -> Self {
        Self { store, mood: watch::Sender::new(Mood::Good), reads: Arc::default() }
    }

    pub(super) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    pub(super) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    fn fails_if(&self, moods: [Mood; 2]) -> Result<(), StoreError> {
        if moods.contains(&self.mood.borrow()) { Err(StoreErrorKind::Unavailable.into()) } else { Ok(()) }
    }
}

impl KeyRingStore for Moody {
    fn load<'s>(&'s self, name: &'s str) -> BoxFuture<'s, Result<Option<KeyRingDocument>, StoreError>> {
        Box::pin(async move {
            self.reads.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            self.fails_if([Mood::Away, Mood::Unreadable])?;
            let document = self.store.load(name).await;
            let mut mood = self.mood.subscribe();
            let _ = mood.wait_for(|mood| *mood != Mood::Stuck).await;
            document
        })
    }

    fn replace<'s>(
        &'s self,
        name: &'s str,
        version: Option<u64>,
        text: &'s str,
    ) -> BoxFuture<'s, Result<Option<u64>, StoreError>> {
        Box::pin(async move {
            self.fails_if([Mood::Away, Mood::ReadOnly])?;
            let replaced = self.store.replace(name, version, text).await;
            self.fails_if([Mood::WritesAndFails; 2])?;
            replaced
        })
    }

    fn now(&self) -> BoxFuture<'_, Result<Option<Duration>, StoreError>> {
        self.store.now()
    }
}
