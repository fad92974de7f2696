//! The refresh token: opaque to everybody else, and here the name of a session, a generation and a secret.
//!
//! ```text
//! "rt_" base64url( session 16 | generation 4 | secret 32 | tag 16 )
//! ```
//!
//! - A store keeps the SHA-256 of the token alone, so that who reads the store holds no token.
//! - The *tag* is a MAC by a key of the session. It tells a token that was once given out from a guess, whatever its
//!   age, without a list of all of them. Who reads that key in a store can end the session, and no more.
//! - A *successor* is made from the secret of its predecessor and a nonce that the store keeps. Whoever presents the
//!   predecessor again within the grace gets the same successor, though no store holds it; neither the predecessor
//!   alone nor the store alone is enough to make it.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::session_id::SessionId;

/// So that scanners for leaked secrets know it.
const PREFIX: &str = "rt_";
const GENERATION: usize = 4;
const SECRET: usize = 32;
const TAG: usize = 16;
const BYTES: usize = SessionId::BYTES + GENERATION + SECRET + TAG;
/// Of the whole text: the prefix, and four characters for three bytes.
const CHARACTERS: usize = 3 + (BYTES * 4).div_ceil(3);

/// A refresh token, in memory.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub(crate) session: SessionId,
    pub(crate) generation: u32,
    secret: Zeroizing<[u8; SECRET]>,
    tag: [u8; TAG],
}

/// The SHA-256 of a token.
pub(crate) type TokenHash = [u8; 32];

/// The key of the tags of one session.
pub(crate) type TagKey = [u8; 16];

/// What a successor is made with, beside its predecessor.
pub(crate) type Nonce = [u8; 32];

impl RefreshToken {
    /// The first token of a session, from 256 random bits.
    pub(crate) fn first(session: SessionId, secret: [u8; SECRET], key: &TagKey) -> Self {
        Self::tagged(session, 0, Zeroizing::new(secret), key)
    }

    /// The token of the next generation: always the same for the same nonce. None after the last generation.
    pub(crate) fn successor(&self, nonce: &Nonce, key: &TagKey) -> Option<Self> {
        let generation = self.generation.checked_add(1)?;
        let mut secret = Zeroizing::new([0; SECRET]);
        let mac = hmac(&*self.secret, &[b"successor", nonce, &generation.to_be_bytes()]);
        secret.copy_from_slice(&mac);
        Some(Self::tagged(self.session, generation, secret, key))
    }

    fn tagged(session: SessionId, generation: u32, secret: Zeroizing<[u8; SECRET]>, key: &TagKey) -> Self {
        let tag = tag(key, session, generation, &secret);
        Self { session, generation, secret, tag }
    }

    /// Reads a token. There is one spelling of each.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != CHARACTERS {
            return None;
        }
        let mut bytes = Zeroizing::new([0; BYTES]);
        let encoded = text.strip_prefix(PREFIX)?;
        // Exactly so many bytes: the length was compared.
        URL_SAFE_NO_PAD.decode_slice(encoded, &mut *bytes).ok()?;
        let (session, rest) = bytes.split_first_chunk::<{ SessionId::BYTES }>()?;
        let (generation, rest) = rest.split_first_chunk::<GENERATION>()?;
        let (secret, rest) = rest.split_first_chunk::<SECRET>()?;
        let (tag, _) = rest.split_first_chunk::<TAG>()?;
        Some(Self {
            session: SessionId::from_bytes(*session),
            generation: u32::from_be_bytes(*generation),
            secret: Zeroizing::new(*secret),
            tag: *tag,
        })
    }

    /// The text that the client keeps.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES));
        bytes.extend_from_slice(self.session.as_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&*self.secret);
        bytes.extend_from_slice(&self.tag);
        let mut text = Zeroizing::new(String::with_capacity(CHARACTERS));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(&*bytes, &mut text);
        text
    }

    /// What a store keeps of it.
    pub(crate) fn hash(&self) -> TokenHash {
        Sha256::digest(self.text().as_bytes()).into()
    }

    /// Whether it was once given out for the session of this key.
    pub(crate) fn is_genuine(&self, key: &TagKey) -> bool {
        let expected = tag(key, self.session, self.generation, &self.secret);
        subtle::ConstantTimeEq::ct_eq(expected.as_slice(), self.tag.as_slice()).into()
    }
}

/// Shows nothing but the generation.
impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("generation", &self.generation).finish_non_exhaustive()
    }
}

fn tag(key: &TagKey, session: SessionId, generation: u32, secret: &[u8; SECRET]) -> [u8; TAG] {
    let mac = hmac(key, &[b"tag", session.as_bytes(), &generation.to_be_bytes(), secret]);
    let mut tag = [0; TAG];
    tag.copy_from_slice(mac.first_chunk::<TAG>().unwrap_or(&[0; TAG]));
    tag
}

/// HMAC-SHA-256 over parts of a fixed length each.
fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // Takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: TagKey = [1; 16];

    fn first() -> RefreshToken {
        RefreshToken::first(SessionId::from_bytes([7; 16]), [9; 32], &KEY)
    }

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let token = first();
        let text = token.text();
        assert!(text.starts_with("rt_") && text.len() == CHARACTERS && CHARACTERS == 94, "{}", text.len());
        assert_eq!(RefreshToken::parse(&text), Some(token));
    }

    #[test]
    fn there_is_one_spelling_of_a_token() {
        let text = first().text().to_string();
        let (shorter, _) = text.split_at(text.len() - 1);
        let others = [
            String::new(),
            "rt_".to_owned(),
            text.replace("rt_", "RT_"),
            text.replace("rt_", "rt-"),
            format!("{text}="),
            format!("{text}A"),
            format!(" {text}"),
            shorter.to_owned(),
            format!("{shorter}!"),
            // The last character stands for four bits and two that must be zero.
            format!("{shorter}B"),
            format!("rt_{}", "é".repeat(45)),
        ];
        for other in others {
            let read = RefreshToken::parse(&other);
            assert!(read.is_none() || *read.unwrap().text() == *other, "{other}");
        }
    }

    #[test]
    fn a_successor_is_always_the_same_and_never_that_of_another_nonce_or_token() {
        let token = first();
        let successor = token.successor(&[3; 32], &KEY).unwrap();
        assert_eq!(token.successor(&[3; 32], &KEY).unwrap(), successor);
        assert_eq!((successor.session, successor.generation), (token.session, 1));
        assert_ne!(token.successor(&[4; 32], &KEY).unwrap().hash(), successor.hash());
        assert_ne!(successor.successor(&[3; 32], &KEY).unwrap().secret, successor.secret);
        assert_ne!(successor.secret, token.secret);
    }

    #[test]
    fn a_changed_token_is_no_genuine_one() {
        let text = first().text().to_string();
        assert!(first().is_genuine(&KEY) && !first().is_genuine(&[2; 16]));
        for place in PREFIX.len()..text.len() {
            for with in ['A', 'B', '_'] {
                let mut changed: Vec<char> = text.chars().collect();
                if changed[place] == with {
                    continue;
                }
                changed[place] = with;
                let changed: String = changed.into_iter().collect();
                let read = RefreshToken::parse(&changed);
                assert!(!read.is_some_and(|token| token.is_genuine(&KEY)), "{place} {with}");
            }
        }
    }

    #[test]
    fn after_the_last_generation_there_is_none() {
        let mut token = first();
        token.generation = u32::MAX;
        assert_eq!(token.successor(&[3; 32], &KEY), None);
    }

    #[test]
    fn nothing_of_a_token_is_shown() {
        assert_eq!(format!("{:?}", first()), "RefreshToken { generation: 0, .. }");
    }
}
