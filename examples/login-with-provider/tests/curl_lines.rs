//! Logs in as a browser would, by curl with a cookie jar: away to a provider, back, and in.

use std::fs::File;
use std::path::Path;
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
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("login-with-provider.log");
    program.env("ISSUER", &provider.issuer).stderr(File::create(&log)?);
    let mut running = printed_lines::Running::start(program)?;
    let printed = running.lines.pop().ok_or("nothing was printed")?;
    let url = printed.split_whitespace().find(|word| word.starts_with("http")).ok_or("no address")?;
    let url = url.trim_end_matches("/login");
    // Away to the provider and not followed; what it would send back.
    let begin = format!(
        "state=$(curl -s -o /dev/null -c $jar -b $jar -w '%{{redirect_url}}' {url}/login | \
         sed 's/.*[?&]state=\\([^&]*\\).*/\\1/')"
    );
    running.lines = vec![
        "jar=$(mktemp)".to_owned(),
        format!("curl -i {url}/me   # 401"),
        // The whole way: to the provider, back, and to what is behind the session.
        printed.clone(),
        format!("curl -i -b $jar {url}/me   # 200"),
        // The session is a token of our own, and the login is over.
        "payload=$(sed -n 's/.*__Host-session\\t//p' $jar | cut -d. -f2 | tr '_-' '/+')==".to_owned(),
        format!("[[ $(echo $payload | base64 -di 2>/dev/null) == *'\"iss\":\"{url}\"'* ]]"),
        "test \"$(grep -c __Host-login $jar)\" = 0".to_owned(),
        // Nobody began this login here.
        format!("curl -i '{url}/callback?code=code-0&state=made-up'   # 400"),
        // A cookie that is none of ours.
        format!("curl -i -b __Host-login=short '{url}/callback?code=code-0&state=made-up'   # 400"),
        // Somebody did, but not this one.
        begin.clone(),
        format!("curl -i -b $jar '{url}/callback?code=code-0&state=made-up'   # 400"),
        format!("curl -i -b $jar '{url}/callback?code=code-0'   # 400"),
        // The cookie of a login that was begun is no session.
        "begun=$(sed -n 's/.*__Host-login\\t//p' $jar)".to_owned(),
        format!("curl -i -b \"__Host-session=$begun\" {url}/me   # 401"),
        // The state of this login, and a code that is none. Then it is over.
        format!("curl -i -c $jar -b $jar \"{url}/callback?code=code-0&state=$state\"   # 502"),
        format!("curl -i -b $jar \"{url}/callback?code=code-0&state=$state\"   # 400"),
        // The user changed their mind, and that is over too.
        begin,
        format!("curl -i -c $jar -b $jar \"{url}/callback?error=access_denied&state=$state\"   # 403"),
        format!("curl -i -b $jar \"{url}/callback?error=access_denied&state=$state\"   # 400"),
    ];
    running.check(7, 12)?;
    let log = std::fs::read_to_string(log)?;
    assert!(log.contains("a login failed: \"Server returned error response: invalid_grant"), "{log}");
    assert!(log.contains("a login came back with Some(\"access_denied\")"), "{log}");
    Ok(())
}
