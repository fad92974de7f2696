//! Writes the files, and sees to it that they are those of [`super::cases`].

use super::{FILES, File, cases, folder, read};

/// `cargo test -p jwt-core --test suite vectors::own::write::files -- --ignored` writes all files anew. The
/// signatures of ECDSA differ each time.
#[test]
#[ignore = "writes into the source tree"]
fn files() {
    for (name, file) in cases::files() {
        let text = serde_json::to_string_pretty(&file).unwrap();
        std::fs::write(folder().join(name), text + "\n").unwrap();
    }
}

/// A file without what differs each time: the third segment of its tokens.
fn lasting(file: &File) -> serde_json::Value {
    let mut value = serde_json::to_value(file).unwrap();
    for case in value["cases"].as_array_mut().unwrap() {
        if let Some(token) = case["token"].as_str() {
            let mut segments: Vec<&str> = token.split('.').collect();
            if let [_, _, signature] = segments.as_mut_slice() {
                *signature = "";
            }
            case["token"] = segments.join(".").into();
        }
    }
    value
}

#[test]
fn files_are_as_written() {
    let written = cases::files();
    for (name, file) in &written {
        assert!(lasting(file) == lasting(&read(name)), "{name} is not what `files` writes");
    }
    let names: Vec<_> = written.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, FILES.map(|(name, _)| name));
}
