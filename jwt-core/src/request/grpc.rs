//! gRPC requests, which want their refusal in trailers.

use super::head::{Field, RequestHead, single_field};

const MEDIA_TYPE: &[u8] = b"application/grpc";

/// Whether a request is gRPC: a `POST` by HTTP/2 with `TE: trailers` and one `Content-Type` of
/// `application/grpc`, perhaps with a `+suffix` or parameters (gRPC over HTTP/2, *Requests*).
/// gRPC-Web is not: its clients read HTTP statuses from a proxy.
///
/// All of it is asked for because a gRPC refusal has the HTTP status 200: nothing that trusts the
/// status of an answer over HTTP/1.1 may be shown one.
///
/// ```
/// use jwt_core::request::{SimpleHead, is_grpc};
/// let call = SimpleHead::post("/a.B/C").with_http2().with_field("TE", "trailers");
/// assert!(is_grpc(&call.clone().with_field("Content-Type", "application/grpc+proto")));
/// assert!(!is_grpc(&call.with_field("Content-Type", "application/grpc-web")));
/// assert!(!is_grpc(&SimpleHead::get("/").with_field("Content-Type", "application/grpc")));
/// ```
#[must_use]
pub fn is_grpc(head: &dyn RequestHead) -> bool {
    let has_trailers = || single_field(head, "te") == Field::One(b"trailers");
    if head.method() != "POST" || !head.is_http2() || !has_trailers() {
        return false;
    }
    let Field::One(value) = single_field(head, "content-type") else { return false };
    let Some((name, rest)) = value.split_at_checked(MEDIA_TYPE.len()) else { return false };
    name.eq_ignore_ascii_case(MEDIA_TYPE) && matches!(rest, [] | [b'+' | b';' | b' ' | b'\t', ..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::SimpleHead;

    #[test]
    fn only_the_grpc_media_type_is_recognised() {
        for (value, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc+json; charset=utf-8", true),
            ("application/grpc;charset=utf-8", true),
            ("application/grpc ; a=b", true),
            ("Application/gRPC", true),
            ("application/grpc-web", false),
            ("application/grpc-web+proto", false),
            ("application/grpc-web-text", false),
            ("application/grpcx", false),
            ("application/grp", false),
            ("application/json", false),
            ("text/plain; application/grpc", false),
            ("", false),
        ] {
            let call = SimpleHead::post("/a.B/C").with_http2().with_field("TE", "trailers");
            let head = call.with_field("Content-Type", value);
            assert_eq!(is_grpc(&head), expected, "{value:?}");
            assert!(!is_grpc(&head.with_field("content-type", value)), "{value:?} twice");
        }
        assert!(!is_grpc(&SimpleHead::post("/a.B/C")));
    }

    #[test]
    fn a_media_type_alone_does_not_make_a_request_grpc() {
        let typed = |head: SimpleHead| head.with_field("Content-Type", "application/grpc");
        let trailers = |head: SimpleHead| head.with_field("TE", "trailers");
        assert!(is_grpc(&typed(trailers(SimpleHead::post("/a.B/C").with_http2()))));
        assert!(!is_grpc(&typed(trailers(SimpleHead::post("/a.B/C")))), "HTTP/1.1");
        assert!(!is_grpc(&typed(trailers(SimpleHead::get("/a.B/C").with_http2()))), "GET");
        assert!(!is_grpc(&typed(SimpleHead::post("/a.B/C").with_http2())), "no trailers");
    }
}
