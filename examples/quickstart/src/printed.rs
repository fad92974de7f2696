//! What is printed: where the page is, who may log in, and lines that do by hand what the page does.
#![expect(clippy::print_stdout, reason = "that is what this file is for")]

use crate::data::Data;

/// `password` is there at the first start alone.
pub(crate) fn lines(url: &str, data: &Data, user: &str, password: Option<&str>) {
    println!("quickstart is at {url}\n");
    match password {
        Some(password) => println!(
            "Open it and log in as {user} with the password {password}\nIt is kept as a hash, and not shown again."
        ),
        None => {
            println!("Open it and log in as {user}, with the password that was shown at the first start.")
        }
    }
    println!("For a new one, which logs {user} out everywhere: cargo run -p quickstart -- new-password");
    println!("Sessions, keys and accounts are in {}.\n", data.folder.display());
    println!("Or paste these, which do what the page does; the number is the status to expect.\n");
    println!("  jar=$(mktemp) phone=$(mktemp) own='Sec-Fetch-Site: same-origin'");
    match password {
        Some(password) => println!("  password='{password}'"),
        None => println!("  read -rsp 'The password of {user}: ' password"),
    }
    let login = format!(
        "-H \"$own\" --json \"{{\\\"username\\\":\\\"{user}\\\",\\\"password\\\":\\\"$password\\\"}}\" {url}/auth/login"
    );
    let wrong =
        format!("-H \"$own\" --json '{{\"username\":\"{user}\",\"password\":\"wrong\"}}' {url}/auth/login");
    try_lines(&[
        (401, format!("{url}/me")),
        (400, wrong),
        (200, format!("-c $jar {login}")),
        (200, format!("-c $phone -A phone {login}")),
        (200, format!("-b $jar {url}/me")),
        (200, format!("-b $jar {url}/auth/sessions")),
        // The next access token, and the next refresh token; by a page of somebody else's, neither.
        (200, format!("-X POST -b $jar -c $jar -H \"$own\" {url}/auth/refresh")),
        (403, format!("-X POST -b $jar -H 'Sec-Fetch-Site: cross-site' {url}/auth/refresh")),
    ]);
    // The session that asks is marked as the current one.
    println!(
        "  id=$(curl -s -b $phone {url}/auth/sessions | grep -o '\"id\":\"[^}}]*\"current\":true' | cut -d'\"' -f4)"
    );
    try_lines(&[
        (200, format!("-b $phone {url}/me")),
        (204, format!("-X DELETE -b $jar -H \"$own\" {url}/auth/sessions/$id")),
        (401, format!("-b $phone {url}/me")),
        (401, format!("-X POST -b $phone -H \"$own\" {url}/auth/refresh")),
        (204, format!("-X POST -b $jar -H \"$own\" {url}/auth/logout-all")),
        (401, format!("-b $jar {url}/me")),
        (200, format!("{url}/.well-known/jwks.json")),
    ]);
    println!("\nStop with Ctrl-C.");
}

fn try_lines(lines: &[(u16, String)]) {
    for (status, line) in lines {
        println!("  curl -i {line}   # {status}");
    }
}

pub(crate) fn new_password(user: &str, password: &str) {
    println!("{user} is logged out everywhere, and has the password {password}");
}
