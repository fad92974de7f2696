//! The committed seeds, and inputs that once broke something.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// An input and where it is from.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its file.
    pub path: PathBuf,
    /// The input.
    pub bytes: Vec<u8>,
}

/// The inputs that a target starts from: one per file of `seeds/TARGET/`, in the order of their names.
///
/// # Errors
/// Where a file cannot be read, or there is none.
pub fn seeds(target: &str) -> io::Result<Vec<Entry>> {
    let mut all = folder(&here("seeds").join(target))?;
    if target == "key" {
        all.extend(
            folder(&here("../jwt-core/src/keys/fixtures"))?.into_iter().filter(|entry| is_pem(&entry.path)),
        );
    }
    if all.is_empty() {
        return Err(io::Error::other(format!("seeds/{target} holds no seed")));
    }
    Ok(all)
}

/// The inputs of `regressions/TARGET/`, which are replayed before anything else.
///
/// # Errors
/// Where a file cannot be read.
pub fn regressions(target: &str) -> io::Result<Vec<Entry>> {
    folder(&here("regressions").join(target))
}

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

fn is_pem(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "pem")
}

fn folder(path: &Path) -> io::Result<Vec<Entry>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut paths = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.is_file());
    paths.sort();
    paths.into_iter().map(|path| Ok(Entry { bytes: fs::read(&path)?, path })).collect()
}
