//! Logs in as a browser would, by curl with a cookie jar: away to a provider, back, and in.

use std::process::Command;

#[path = "../../../tests/printed_lines.rs"]
mod printed_lines;
#[path = "../../../tests/small_provider.rs"]
mod small_provider;

#[test]
fn a_login_goes_to_the_provider_and_comes_back_to_the_browser_that_began_it()
-> Result<(), Box<dyn std::error::Error>> {
    let provider = small_provider::SmallProvider::start()?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_login-with-provider"));
    program.env("ISSUER", &provider.issuer);
    let mut running = printed_lines::Running::start(program)?;
    let printed = running.lines.pop().ok_or("nothing was printed")?;
    let url = printed.split_whitespace().find(|word| word.starts_with("http")).ok_or("no address")?;
    let url = url.trim_end_matches("/login");
    running.lines = vec![
        "jar=$(mktemp)".to_owned(),
        format!("curl -i {url}/me   # 401"),
        // The whole way: to the provider, back, and to what is behind the session.
        printed.clone(),
        format!("curl -i -b $jar {url}/me   # 200"),
        // Nobody began this login here.
        format!("curl -i '{url}/callback?code=code-0&state=made-up'   # 401"),
        // Somebody did, but not this one.
        format!("curl -i -c $jar -b $jar {url}/login   # 303"),
        format!("curl -i -b $jar '{url}/callback?code=code-0&state=made-up'   # 400"),
        // The cookie of a login that was begun is no session.
        "begun=$(sed -n 's/.*__Host-login\\t//p' $jar)".to_owned(),
        format!("curl -i -b \"__Host-session=$begun\" {url}/me   # 401"),
        // The state of this login, and a code that is none.
        "payload=$(echo $begun | cut -d. -f2 | tr '_-' '/+')==".to_owned(),
        "state=$(echo $payload | base64 -di 2>/dev/null | sed 's/.*\"state\":\"\\([^\"]*\\)\".*/\\1/')"
            .to_owned(),
        format!("curl -i -b $jar \"{url}/callback?code=code-0&state=$state\"   # 502"),
    ];
    running.check(4, 8)
}
