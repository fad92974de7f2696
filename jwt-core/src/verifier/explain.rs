//! All that is wrong with a token, for tools and tests.

use core::fmt;

use super::{Verifier, parse_payload};
use crate::algorithm::Algorithm;
use crate::base64url::{self, Buffer};
use crate::claims::Recorded;
use crate::expected::Expected;
use crate::header::{self, Header};
use crate::json::{self, Nodes};
use crate::jws;
use crate::policy;
use crate::refusal::{Reason, TokenError};
use crate::token::UnverifiedToken;

/// What [`Verifier::explain`] found.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    findings: Vec<TokenError>,
    algorithm: Option<Algorithm>,
    issuer: Option<String>,
}

impl Explanation {
    /// Everything that speaks against the token, in the order of verification; nothing where it
    /// would be accepted.
    #[must_use]
    pub fn findings(&self) -> &[TokenError] {
        &self.findings
    }

    /// The algorithm that the header names, if it is one of ours.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// The authority that would judge the token.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The value, or a finding.
    fn note<T, E: Into<TokenError>>(&mut self, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.findings.push(error.into())).ok()
    }
}

/// One finding a line, without a line break at the end. As of the findings themselves: no value of a claim, and nothing
/// of the token.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, others)) = self.findings.split_first() else {
            return f.write_str("nothing speaks against the token");
        };
        first.fmt(f)?;
        others.iter().try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

impl Verifier {
    /// Reports *all* that is wrong with `token`, by the same rules as [`Verifier::verify`], which
    /// stops at the first. For tools and tests only: its answer helps whoever forges tokens.
    ///
    /// ```
    /// # use jwt_core::{Algorithm, Issuer, Reason, SigningKey, Verifier};
    /// # let key = SigningKey::generate(Algorithm::ES256)?;
    /// # let issuer = Issuer::builder().with_key(key.clone()).with_audience("a").with_issuer("i").build()?;
    /// let verifier = Verifier::builder().with_key(&key).with_audience("b").with_issuer("i").require_claim("tenant").build()?;
    /// let token = issuer.token().sign()?;
    /// let reasons: Vec<Reason> = verifier.explain(&token).findings().iter().map(|finding| finding.reason()).collect();
    /// assert_eq!(reasons, [Reason::WrongAudience, Reason::MissingClaim]);
    /// println!("{}", verifier.explain(&token)); // a line each
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self, token: &str) -> Explanation {
        let mut found = Explanation::default();
        self.explain_into(token, &mut found);
        found
    }

    /// Stops only where nothing further can be said.
    fn explain_into(&self, token: &str, found: &mut Explanation) -> Option<()> {
        let limits = &self.0.limits;
        let token = found.note(UnverifiedToken::split(token, limits))?;
        let (mut header, mut signature) = (Buffer::new(), Buffer::new());
        let header = found.note(header.decode(token.header));
        let payload = found.note(base64url::decode(token.payload));
        let signature = found.note(signature.decode(token.signature));

        let mut nodes = Nodes::new();
        let document = header.and_then(|header| found.note(header::parse(header, limits, &mut nodes)));
        let header = document.as_ref().and_then(|document| found.note(Header::read(document)));
        found.algorithm = header.as_ref().and_then(Header::any_algorithm);

        let payload = payload?;
        let authority = found.note(self.select(&payload))?;
        found.issuer = authority.issuer().map(|issuer| issuer.to_string());
        if let Some(header) = &header {
            let algorithm = found.note(header.algorithm(&authority.algorithms));
            found.findings.extend(header.forbidden().map(TokenError::from));
            found.note(header.check_not_nested());
            found.note(authority.policy.check_typ(header.typ()));
            let keys = found.note(authority.keys().ok_or(Reason::KeysUnavailable));
            if let (Some(algorithm), Some(keys), Some(signature)) = (algorithm, keys, signature) {
                found.note(jws::check_signature(&token, header, algorithm, keys.set(), signature));
            }
        }

        let mut nodes = Nodes::new();
        let text = found.note(json::text(&payload).map_err(|_| Reason::MalformedPayload))?;
        let (document, places) = found.note(parse_payload(text, limits, &mut nodes))?;
        let claims = Recorded::new(document.root(), places);
        let subject = policy::Subject {
            root: document.root(),
            claims: &claims,
            algorithm: found.algorithm,
            now: self.now(),
            expected: &Expected::new(),
        };
        let mut collect = |finding| {
            found.findings.push(finding);
            Ok(())
        };
        // Collecting never ends the walk.
        policy::apply(&authority.policy, &subject, &mut collect).ok().map(|_| ())
    }
}
