//! Where libraries judge otherwise than we do: `tests/interop/DIFFERENCES.md`, read as it is published.

use jwt_core::Algorithm;

use super::foreign::Verdict;

const TEXT: &str = include_str!("../../interop/DIFFERENCES.md");

#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) library: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) token: &'static str,
    /// All of them where it says none.
    algorithms: Vec<Algorithm>,
    pub(crate) reason: &'static str,
}

/// All differences. The sections are named for the libraries, with rows `| verdict | tokens | why |`.
pub(crate) fn all() -> Vec<Difference> {
    let (mut found, mut library) = (Vec::new(), "");
    for line in TEXT.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            library = name;
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let &[verdict, tokens, reason] = cells.as_slice() else { continue };
        let verdict = match verdict {
            "accepts" => Verdict::Accepts,
            "refuses" => Verdict::Refuses,
            "fails" => Verdict::Fails,
            _ => continue,
        };
        for token in tokens.split(';') {
            let (token, algorithms) = token_of(token.trim()).unwrap_or_else(|| panic!("{library}: {token}"));
            found.push(Difference { library, verdict, token, algorithms, reason });
        }
    }
    found
}

/// `` `name` `` or `` `name` (ES256, …) ``.
fn token_of(text: &'static str) -> Option<(&'static str, Vec<Algorithm>)> {
    let (name, rest) = text.strip_prefix('`')?.split_once('`')?;
    if rest.is_empty() {
        return Some((name, Vec::new()));
    }
    let names = rest.strip_prefix(" (")?.strip_suffix(')')?.split(", ");
    Some((name, names.map(|name| name.parse().ok()).collect::<Option<_>>()?))
}

/// The verdict that is written down for a token, where it is not ours.
pub(crate) fn of(library: &str, token: &str, algorithm: Algorithm) -> Option<Verdict> {
    let mut listed = all().into_iter().filter(|difference| {
        difference.library == library
            && difference.token == token
            && (difference.algorithms.is_empty() || difference.algorithms.contains(&algorithm))
    });
    let first = listed.next()?;
    assert!(listed.next().is_none(), "{library}: {token} is listed twice for {algorithm}");
    Some(first.verdict)
}
