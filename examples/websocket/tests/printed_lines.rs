//! Starts the example, runs the lines that it prints, and talks to both servers through a WebSocket.

#[path = "../../../tests/printed_lines.rs"]
mod printed_lines;

use std::error::Error;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

const PROGRAM: &str = env!("CARGO_BIN_EXE_websocket");

#[test]
fn every_printed_line_gives_the_status_that_it_promises() -> Result<(), Box<dyn Error>> {
    printed_lines::check(PROGRAM, 1, 6)
}

#[tokio::test(flavor = "current_thread")]
async fn both_servers_talk_to_whoever_has_a_token_and_to_nobody_else() -> Result<(), Box<dyn Error>> {
    let running = printed_lines::Running::start(PROGRAM)?;
    let token = running.lines.first().and_then(|line| line.strip_prefix("alice=")).ok_or("no token")?;
    for (server, line) in [("axum", 1), ("actix", 4)] {
        let words = running.lines.get(line).ok_or("no such line")?.split(' ');
        let url = words.filter_map(|word| word.strip_prefix("http://")).next().ok_or("no address")?;
        let url = format!("ws://{url}");

        for (field, value) in [
            ("sec-websocket-protocol", format!("bearer, {token}")),
            ("authorization", format!("Bearer {token}")),
        ] {
            let mut request = url.as_str().into_client_request()?;
            request.headers_mut().insert(field, value.parse()?);
            let (mut socket, response) = connect_async(request).await?;
            assert_eq!(response.status(), 101, "{server}");
            let chosen = response.headers().get("sec-websocket-protocol").map(|value| value.as_bytes());
            assert_eq!(chosen, (field != "authorization").then_some(&b"bearer"[..]), "{server}");
            let hello = socket.next().await.ok_or("closed")??;
            assert_eq!(hello.into_text()?.as_str(), format!("hello alice, says {server}"));
            socket.send(Message::text("ping")).await?;
            assert_eq!(socket.next().await.ok_or("closed")??.into_text()?.as_str(), "ping", "{server}");
        }

        match connect_async(url.as_str()).await {
            Err(WsError::Http(response)) => assert_eq!(response.status(), 401, "{server}"),
            other => return Err(format!("{server}: {other:?}").into()),
        }
    }
    Ok(())
}
