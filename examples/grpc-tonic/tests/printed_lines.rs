//! Starts the example, runs the lines that it prints, and calls it by gRPC.

#[path = "../../../tests/printed_lines.rs"]
mod printed_lines;

use std::error::Error;

use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

const PROGRAM: &str = env!("CARGO_BIN_EXE_grpc-tonic");

#[test]
fn every_printed_line_gives_the_status_that_it_promises() -> Result<(), Box<dyn Error>> {
    printed_lines::check(PROGRAM, 1, 3)
}

async fn call(channel: &Channel, method: &'static str, token: Option<&str>) -> Result<String, Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
    let mut request = Request::new("hello".to_owned());
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().map_err(|_| Status::unknown("no field"))?;
        request.metadata_mut().insert("authorization", value);
    }
    let codec = ProstCodec::<String, String>::default();
    client.unary(request, PathAndQuery::from_static(method), codec).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_grpc_client_gets_its_answer_or_a_status_of_grpc() -> Result<(), Box<dyn Error>> {
    let running = printed_lines::Running::start(PROGRAM)?;
    let token = running.lines.first().and_then(|line| line.strip_prefix("alice=")).ok_or("no token")?;
    let address = running.lines.iter().find_map(|line| line.split_once("http://")).ok_or("no address")?.1;
    let address = address.split('/').next().unwrap_or_default().to_owned();
    let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;

    let (hello, admin) = ("/example.Greeter/Hello", "/example.Greeter/Admin");
    assert_eq!(call(&channel, hello, Some(token)).await?, "hello, alice");
    let refused = |answer: Result<String, Status>| answer.err().map(|status| status.code());
    assert_eq!(refused(call(&channel, hello, None).await), Some(Code::Unauthenticated));
    assert_eq!(refused(call(&channel, hello, Some("nonsense")).await), Some(Code::Unauthenticated));
    assert_eq!(refused(call(&channel, admin, Some(token)).await), Some(Code::PermissionDenied));
    Ok(())
}
