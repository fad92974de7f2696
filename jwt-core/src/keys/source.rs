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

/// Reads a file and says its path in every error.
pub(crate) fn file<T>(path: &Path, parse: impl FnOnce(&[u8]) -> Result<T, KeyError>) -> Result<T, KeyError> {
    let content = read(path).map_err(|error| KeyError::File { path: path.to_owned(), kind: error.kind() })?;
    bounded(&content)
        .and_then(|()| parse(&content))
        .map_err(|error| KeyError::InFile { path: path.to_owned(), error: Box::new(error) })
}

/// At most one byte more than [`MAX_INPUT`], into memory that does not move.
fn read(path: &Path) -> std::io::Result<Private> {
    let mut content = Zeroizing::new(vec![0; MAX_INPUT.saturating_add(1)]);
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
