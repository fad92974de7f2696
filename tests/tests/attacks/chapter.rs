//! The manual's chapter on attacks names tests. They are there.

use std::fs;
use std::path::Path;

const CHAPTER: &str = include_str!("../../../jwt-core/src/manual/attacks.md");

/// The file that a path of the chapter means, in the workspace.
fn file(path: &str) -> String {
    let meant = match path.split_once('/') {
        Some((room @ ("parity" | "attacks"), rest)) => format!("tests/tests/{room}/{rest}"),
        Some(("core", rest)) => format!("jwt-core/src/{rest}"),
        _ => path.to_owned(),
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&meant);
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{path}, which is {meant}: {error}"))
}

/// What stands between two marks of a text, from the first pair on.
fn between(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.split(mark).skip(1).step_by(2)
}

#[test]
fn every_test_that_the_chapter_names_is_there() {
    let (mut functions, mut rows) = (0, 0);
    // Of a table's row, the last cell.
    let cells =
        CHAPTER.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|')?.rsplit_once('|'));
    for (_, cell) in cells.filter(|(_, cell)| cell.contains(".rs`")) {
        for part in cell.split(';') {
            let (path, tests) = part.split_once(": ").unwrap_or_else(|| panic!("no test: {part}"));
            let text = file(path.trim().trim_matches('`'));
            for name in between(tests, '`') {
                assert!(text.contains(&format!("fn {name}(")), "{path} has no {name}");
                functions += 1;
            }
            for row in between(tests, '"') {
                assert!(text.contains(&format!("\"{row}\"")), "{path} has no row {row}");
                rows += 1;
            }
        }
    }
    assert!(functions >= 45 && rows >= 10, "{functions} functions, {rows} rows");
}
