//! Starts the example, runs the lines that it prints, and compares each status with the one promised.

#[path = "../../../tests/printed_lines.rs"]
mod printed_lines;

use std::error::Error;
use std::path::Path;
use std::process::Command;

use printed_lines::Running;

const SETTING_LINES: usize = 3;
const STATUSES: usize = 15;

fn quickstart(data: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    program.env("DATA", data);
    program
}

#[test]
fn every_printed_line_gives_the_status_that_it_promises() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    printed_lines::check(quickstart(folder.path()), SETTING_LINES, STATUSES)
}

#[test]
fn a_restart_keeps_the_password_and_shows_it_no_more() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let first = Running::start(quickstart(folder.path()))?;
    let set = |running: &Running| {
        running.lines.iter().position(|line| line.contains("password'") || line.starts_with("password="))
    };
    let password = first.lines.get(set(&first).ok_or("no password")?).cloned().ok_or("no password")?;
    drop(first);

    let mut second = Running::start(quickstart(folder.path()))?;
    let told = second.lines.iter().any(|line| line.contains(password.trim_start_matches("password=")));
    assert!(!told, "{:#?}", second.lines);
    let asked = second
        .lines
        .iter()
        .position(|line| line.starts_with("read "))
        .ok_or("nobody asks for the password")?;
    if let Some(line) = second.lines.get_mut(asked) {
        *line = password;
    }
    second.check(SETTING_LINES, STATUSES)
}

/// `new-password` is another process, of whose revocations the server learns within a second.
#[test]
fn a_new_password_ends_the_old_one_and_every_login_by_it() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut running = Running::start(quickstart(folder.path()))?;
    let find =
        |part: &str| running.lines.iter().find(|line| line.contains(part)).cloned().ok_or(part.to_owned());
    let (setting, old) = (find("jar=")?, find("password=")?);
    let (login, me) = (find("-c $jar")?, find("-b $jar http")?);
    let status = me.replace("curl -i", "curl -s -o /dev/null -w '%{http_code}'");
    let status = status.split("   #").next().unwrap_or_default();
    running.lines = vec![
        setting,
        old,
        login.clone(),
        me.clone(),
        format!("new=$({} new-password)", env!("CARGO_BIN_EXE_quickstart")),
        format!("for try in $(seq 600); do [ $({status}) = 401 ] && break || sleep 0.05; done"),
        me.replace("# 200", "# 401"),
        login.replace("# 200", "# 400"),
        "password=${new##* }".to_owned(),
        login,
    ];
    running.check(5, 5)
}

#[test]
fn an_address_in_use_costs_nobody_the_first_password() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let output = quickstart(folder.path()).env("LISTEN", taken.local_addr()?.to_string()).output()?;
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    let running = Running::start(quickstart(folder.path()))?;
    assert!(running.lines.iter().any(|line| line.starts_with("password=")), "{:#?}", running.lines);
    Ok(())
}
