//! Where keys are read from: environment variables and files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zeroize::{Zeroize, Zeroizing};

use super::KeyError;
use super::material::{MAX_INPUT, Private, bounded};

/// The form of a key that is read from a variable or file.
pub(crate) enum Form {
    Pem,
    Jwk,
    Der,
}

/// The form, told by how the content begins; which key it is, its own labels and members say.
pub(crate) fn form(content: &[u8]) -> Form {
    let content = without_mark(content).trim_ascii_start();
    if content.starts_with(b"{") {
        Form::Jwk
    } else if memchr::memmem::find(content, b"-----BEGIN ").is_some() {
        Form::Pem
    } else {
        Form::Der
    }
}

/// The content without a byte order mark.
pub(crate) fn without_mark(content: &[u8]) -> &[u8] {
    content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content)
}

/// Reads an environment variable and says its name in every error.
///
/// A line end may be written as the two characters `\n`, as PEM text in one line of a deployment's
/// settings often is: neither PEM nor base64 has a backslash, and in JSON a string cannot break.
pub(crate) fn variable<T>(
    variable: &str,
    parse: impl FnOnce(&[u8]) -> Result<T, KeyError>,
) -> Result<T, KeyError> {
    let value = match std::env::var(variable) {
        Ok(value) => Zeroizing::new(value),
        Err(std::env::VarError::NotPresent) => {
            return Err(KeyError::VariableMissing { variable: variable.to_owned() });
        }
        Err(std::env::VarError::NotUnicode(mut value)) => {
            value.clear();
            return Err(KeyError::VariableNotUnicode { variable: variable.to_owned() });
        }
    };
    let parsed = match form(value.as_bytes()) {
        Form::Pem if value.contains("\\n") => {
            let mut lines = Zeroizing::new(String::with_capacity(value.len()));
            for line in value.split("\\n") {
                lines.push_str(line);
                lines.push('\n');
            }
            parse(lines.as_bytes())
        }
        _ => parse(value.as_bytes()),
    };
    parsed.map_err(|error| KeyError::InVariable { variable: variable.to_owned(), error: Box::new(error) })
}

/// Reads the file of a key and says its path in every error.
pub(crate) fn file<T>(path: &Path, parse: impl FnOnce(&[u8]) -> Result<T, KeyError>) -> Result<T, KeyError> {
    file_within(MAX_INPUT, path, |content| bounded(content).and_then(|()| parse(content)))
}

/// The same of a file that may have `limit` bytes. One that has more is cut behind the first of those,
/// for `parse` to refuse.
pub(crate) fn file_within<T>(
    limit: usize,
    path: &Path,
    parse: impl FnOnce(&[u8]) -> Result<T, KeyError>,
) -> Result<T, KeyError> {
    let content =
        read(path, limit).map_err(|error| KeyError::File { path: path.to_owned(), kind: error.kind() })?;
    parse(&content).map_err(|error| KeyError::InFile { path: path.to_owned(), error: Box::new(error) })
}

/// At most one byte more than `limit`, into memory that does not move.
fn read(path: &Path, limit: usize) -> std::io::Result<Private> {
    let mut content = Zeroizing::new(vec![0; limit.saturating_add(1)]);
    let mut file = File::open(path)?;
    let mut len = 0_usize;
    while let Some(room) = content.get_mut(len..).filter(|room| !room.is_empty()) {
        match file.read(room) {
            Ok(0) => break,
            Ok(read) => len = len.saturating_add(read),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                content.zeroize();
                return Err(error);
            }
        }
    }
    content.truncate(len);
    Ok(content)
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use crate::keys::fixtures as f;
    use crate::{Algorithm, HmacSecret, KeyError, KeySet, SigningKey, VerifyingKey};

    const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    /// A file that is gone after the test.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
            let name = format!("jwt-core-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::write(&path, content).unwrap();
            Self(path)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _gone = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_file_is_pem_a_jwk_or_der() {
        let pem = Temporary::new("a.pem", f::ED25519_PUBLIC);
        let der = Temporary::new("a.der", f::der(f::ED25519_PUBLIC));
        let jwk = Temporary::new("a.jwk", format!("\u{feff}\n {JWK}\n"));
        for file in [&pem, &der, &jwk] {
            assert!(VerifyingKey::from_file(Algorithm::EdDSA, &file.0).is_ok(), "{:?}", file.0);
        }
        let private_pem = Temporary::new("b.pem", f::P256_SEC1_WITH_PARAMETERS);
        let private_der = Temporary::new("b.der", f::der(f::P256_PKCS8));
        for file in [&private_pem, &private_der] {
            assert!(SigningKey::from_file(Algorithm::ES256, &file.0).is_ok(), "{:?}", file.0);
        }
    }

    #[test]
    fn a_secret_file_may_end_in_a_newline() {
        let file = Temporary::new("secret", format!("{}\n", f::SECRET));
        assert_eq!(HmacSecret::from_file(&file.0).unwrap().bytes().len(), 64);
        assert!(SigningKey::from_file(Algorithm::HS512, &file.0).is_ok());
        assert!(VerifyingKey::from_file(Algorithm::HS512, &file.0).is_ok());
    }

    #[test]
    fn an_error_names_the_file() {
        let weak = Temporary::new("weak.pem", f::RSA_1024_PUBLIC);
        let error = VerifyingKey::from_file(Algorithm::RS256, &weak.0).unwrap_err();
        let inner = Box::new(KeyError::RsaSize { bits: 1024 });
        assert_eq!(error, KeyError::InFile { path: weak.0.clone(), error: inner });

        let short = Temporary::new("short", "AAECAwQFBgc");
        let error = SigningKey::from_file(Algorithm::HS256, &short.0).unwrap_err();
        let inner = KeyError::SecretTooShort { algorithm: Algorithm::HS256, bytes: 8, required: 32 };
        assert_eq!(error, KeyError::InFile { path: short.0.clone(), error: Box::new(inner) });

        let pem = Temporary::new("key.pem", f::RSA_PUBLIC);
        assert_eq!(HmacSecret::from_file(&pem.0).unwrap_err().code(), "secret_is_key");

        let huge = Temporary::new("huge", vec![b'A'; 64 * 1024 + 1]);
        assert_eq!(VerifyingKey::from_file(Algorithm::RS256, &huge.0).unwrap_err().code(), "too_large");

        let path = weak.0.with_extension("absent");
        let error = VerifyingKey::from_file(Algorithm::RS256, &path).unwrap_err();
        assert_eq!(error, KeyError::File { path, kind: std::io::ErrorKind::NotFound });
    }

    #[test]
    fn a_jwk_set_is_read_from_a_file_that_its_errors_name() {
        let set = Temporary::new("set.json", format!("\u{feff}\n{}\n", jwks(JWK)));
        assert_eq!(KeySet::from_file(&set.0).unwrap().algorithms(), [Algorithm::EdDSA, Algorithm::Ed25519]);
        // More than any one key may have, and less than a set may.
        let long = Temporary::new("long.json", jwks(JWK) + &" ".repeat(300_000));
        assert!(KeySet::from_file(&long.0).is_ok());

        let inner = |name: &str, content: &str| {
            let file = Temporary::new(name, content);
            match KeySet::from_file(&file.0).unwrap_err() {
                KeyError::InFile { path, error } if path == file.0 => *error,
                other => panic!("{name}: {other:?}"),
            }
        };
        assert_eq!(inner("cut.json", "{").code(), "malformed_json");
        assert_eq!(inner("empty.json", &jwks("")), KeyError::NoUsableKey { skipped: 0 });
        let bad = JWK.replace("11qY", "");
        assert!(matches!(inner("bad.json", &jwks(&bad)), KeyError::InSet { index: 0, .. }));
        let huge = jwks(JWK) + &" ".repeat(524_289 - jwks(JWK).len());
        assert_eq!(inner("huge.json", &huge), KeyError::TooLarge { bytes: 524_289, limit: 524_288 });

        let path = set.0.with_extension("absent");
        let error = KeySet::from_file(&path).unwrap_err();
        assert_eq!(error, KeyError::File { path, kind: std::io::ErrorKind::NotFound });
    }

    fn jwks(keys: &str) -> String {
        format!(r#"{{"keys":[{keys}]}}"#)
    }

    /// Variables cannot be set safely in a process with threads, so [`a_variable_is_pem_a_jwk_or_a_secret`]
    /// runs this test again in a process of its own.
    #[test]
    #[ignore = "run by a_variable_is_pem_a_jwk_or_a_secret"]
    fn child() {
        for variable in ["T_PEM", "T_ONE_LINE", "T_JWK"] {
            assert!(VerifyingKey::from_env(Algorithm::EdDSA, variable).is_ok(), "{variable}");
        }
        assert!(SigningKey::from_env(Algorithm::ES256, "T_PRIVATE").is_ok());
        assert!(SigningKey::from_env(Algorithm::HS256, "T_SECRET").is_ok());
        assert!(VerifyingKey::from_env(Algorithm::HS256, "T_SECRET").is_ok());
        let inner = KeyError::SecretTooShort { algorithm: Algorithm::HS512, bytes: 8, required: 64 };
        assert_eq!(
            SigningKey::from_env(Algorithm::HS512, "T_SHORT").unwrap_err(),
            KeyError::InVariable { variable: "T_SHORT".to_owned(), error: Box::new(inner) }
        );
        assert_eq!(HmacSecret::from_env("T_PEM").unwrap_err().code(), "secret_is_key");
        let error = VerifyingKey::from_env(Algorithm::EdDSA, "T_SECRET").unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment variable `T_SECRET`: malformed PEM: it has no `-----BEGIN` line"
        );
        assert_eq!(KeySet::from_env("T_SET").unwrap().len(), 2);
        assert_eq!(
            KeySet::from_env("T_JWK").unwrap_err(),
            KeyError::InVariable {
                variable: "T_JWK".to_owned(),
                error: Box::new(KeyError::MissingMember { member: "keys" })
            }
        );
        assert_eq!(KeySet::from_env("T_ABSENT").unwrap_err().code(), "variable_missing");
        assert_eq!(HmacSecret::from_env("T_ABSENT").unwrap_err().code(), "variable_missing");
        assert_eq!(
            VerifyingKey::from_env(Algorithm::EdDSA, "T_ABSENT").unwrap_err().code(),
            "variable_missing"
        );
        #[cfg(unix)]
        assert_eq!(HmacSecret::from_env("T_BYTES").unwrap_err().code(), "variable_not_unicode");
    }

    #[test]
    fn a_variable_is_pem_a_jwk_or_a_secret() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["keys::source::tests::child", "--exact", "--ignored"])
            .env("T_PEM", f::ED25519_PUBLIC)
            .env("T_ONE_LINE", f::ED25519_PUBLIC.replace('\n', "\\n"))
            .env("T_JWK", JWK)
            .env("T_SET", jwks(JWK))
            .env("T_PRIVATE", f::P256_PKCS8)
            .env("T_SECRET", f::SECRET)
            .env("T_SHORT", "AAECAwQFBgc");
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            child.env("T_BYTES", std::ffi::OsStr::from_bytes(&[0xff; 64]));
        }
        let output = child.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
}
