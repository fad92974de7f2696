//! Attacks on the JSON of header and payload.

use jwt_core::Reason;
use serde::Deserialize;
use serde_json::json;
use tests::tokens::{Forged, keys, sign_raw};

use super::bench::Bench;
use super::covers;

covers! {
    nesting [31];
    a_member_twice [32];
    what_is_no_object [33];
}

/// The good header or payload with more members at its front.
fn with(members: &str, object: &str) -> String {
    object.replacen('{', &format!("{{{members},"), 1)
}

fn with_header(header: impl AsRef<[u8]>) -> String {
    sign_raw(&keys().es256, header, Forged::new().payload_json())
}

#[test]
fn nesting() {
    let bench = Bench::new();
    let nested = |open: &str, close: &str, levels: usize| {
        format!(r#""x":{}1{}"#, open.repeat(levels), close.repeat(levels))
    };
    let (header, payload) = (Forged::new().header_json(), Forged::new().payload_json());
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"a":"#, "}]")] {
        let step = if open.starts_with("[{") { 2 } else { 1 };
        let of_payload =
            |levels: usize| Forged::new().sign_payload(with(&nested(open, close, levels / step), &payload));
        let of_header = |levels: usize| with_header(with(&nested(open, close, levels / step), &header));
        bench.refuses("the payload", &of_payload(30), &of_payload(32), Reason::TooDeep);
        bench.refuses("the payload, deep", &of_payload(30), &of_payload(1_000), Reason::TooDeep);
        bench.refuses("the header", &of_header(2), &of_header(6), Reason::TooDeep);
        // Not even closed.
        let open = Forged::new().sign_payload(format!(r#"{{"x":{}"#, open.repeat(2_000)));
        bench.refuses("never closed", &of_payload(30), &open, Reason::TooDeep);
    }
    bench.finish(12);
}

/// Readers of others keep the last of several members, or the first.
#[test]
fn a_member_twice() {
    let bench = Bench::new();
    let (header, payload) = (Forged::new().header_json(), Forged::new().payload_json());
    let good = Forged::new().sign();
    for members in [
        r#""alg":"none""#,
        r#""alg":"ES256""#,
        r#""\u0061lg":"none""#,
        r#""kid":"rs""#,
        r#""typ":"JWT""#,
        r#""x":1,"x":1"#,
        r#""x":{"a":1,"a":1}"#,
        r#""x":[{"a":1,"\u0061":1}]"#,
    ] {
        bench.refuses(members, &good, &with_header(with(members, &header)), Reason::DuplicateMember);
    }
    for members in [
        r#""sub":"mallory""#,
        r#""sub":"alice""#,
        r#""\u0073ub":"mallory""#,
        r#""s\u0075\u0062":"mallory""#,
        r#""exp":9999999999"#,
        r#""aud":"https://api.example.com""#,
        r#""iss":"https://id.example.com/""#,
        r#""cnf":{},"cnf":{}"#,
        r#""x":1,"x":2"#,
        r#""":1,"":1"#,
        r#""\ud83d\ude00":1,"😀":1"#,
        r#""x":{"y":{"roles":["user"],"roles":["admin"]}}"#,
        r#""x":[[{"a":1,"b":2,"\u0061":3}]]"#,
        r#""realm_access":{"roles":[],"r\u006fles":["admin"]}"#,
    ] {
        let attack = Forged::new().sign_payload(with(members, &payload));
        bench.refuses(members, &good, &attack, Reason::DuplicateMember);
    }
    // The same name in two objects is no repetition, nor are names that only look alike.
    for members in [r#""x":{"sub":1},"y":{"sub":1}"#, r#""SUB":1,"sub ":1,"s\u0443b":1"#] {
        let token = Forged::new().sign_payload(with(members, &payload));
        assert_eq!(bench.verifier().verify(&token).unwrap().subject(), Some("alice"), "{members}");
    }
    bench.finish(22);
}

#[derive(Debug, Deserialize)]
struct Everything {
    #[serde(rename = "sub")]
    _sub: String,
}

#[test]
fn what_is_no_object() {
    let bench = Bench::new();
    let good = Forged::new().sign();
    let (header, payload) = (Forged::new().header_json(), Forged::new().payload_json());
    let values: Vec<serde_json::Value> = serde_json::from_str::<serde_json::Map<_, _>>(&payload)
        .unwrap()
        .into_iter()
        .map(|(_, v)| v)
        .collect();
    let array = json!(values).to_string();
    let not_text = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.splice(bytes.len() - 2..bytes.len() - 2, *b"\xff");
        bytes
    };
    let shapes = |object: &str, array: &str| -> Vec<(&'static str, Vec<u8>)> {
        let text = |text: String| text.into_bytes();
        vec![
            ("an array", text("[]".to_owned())),
            ("an array of the values", text(array.to_owned())),
            ("an array of it", text(format!("[{object}]"))),
            ("a string", text(format!("{:?}", "sub"))),
            ("it in a string", text(serde_json::Value::from(object).to_string())),
            ("a number", text("1900000000".to_owned())),
            ("null", text("null".to_owned())),
            ("true", text("true".to_owned())),
            ("white space", text(" \n\t ".to_owned())),
            ("no JSON", text("sub=alice".to_owned())),
            ("a byte order mark", text(format!("\u{feff}{object}"))),
            ("a tail", text(format!("{object}x"))),
            ("it twice", text(format!("{object}{object}"))),
            ("a zero byte behind it", text(format!("{object}\0"))),
            ("a comma too many", text(object.replacen('}', ",}", 1))),
            ("a comment", text(object.replacen('{', "{/**/", 1))),
            ("single quotes", text(object.replace('"', "'"))),
            ("names without quotes", text(with("x:1", object))),
            ("a line feed in a string", text(with("\"x\":\"\n\"", object))),
            ("NaN", text(with(r#""x":NaN"#, object))),
            ("a plus sign", text(with(r#""x":+1"#, object))),
            ("a zero before a number", text(with(r#""x":01"#, object))),
            ("a number that ends in a point", text(with(r#""x":1."#, object))),
            ("half a pair", text(with(r#""x":"\ud800""#, object))),
            ("half a pair in a name", text(with(r#""\udc00":1"#, object))),
            ("no UTF-8", not_text(object)),
            ("an overlong byte", {
                let at = object.find("alice").or_else(|| object.find("ES256")).unwrap();
                let mut bytes = object.as_bytes().to_vec();
                bytes.splice(at..at, *b"\xc1\xa1");
                bytes
            }),
            ("UTF-16", object.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ]
    };
    let mut attacks = 0;
    for (name, payload) in shapes(&payload, &array) {
        let attack = Forged::new().sign_payload(payload);
        bench.refuses(&format!("payload: {name}"), &good, &attack, Reason::MalformedPayload);
        assert!(bench.verifier().verify_into::<Everything>(&attack).is_err(), "{name}");
        attacks += 1;
    }
    for (name, header) in shapes(&header, r#"["ES256","es","at+jwt"]"#) {
        let attack = with_header(header);
        bench.refuses(&format!("header: {name}"), &good, &attack, Reason::MalformedHeader);
        attacks += 1;
    }
    let attack = Forged::new().sign_payload("");
    bench.refuses("an empty payload", &good, &attack, Reason::MalformedPayload);
    bench.refuses("an empty header", &good, &with_header(""), Reason::NotThreeSegments);
    bench.finish(attacks + 2);
    assert_eq!(attacks, 56);
    // White space around the object is JSON (RFC 8259 §2).
    let bench = Bench::new();
    let spaced = sign_raw(&keys().es256, format!("\t{header}\n"), format!(" {payload}\r\n"));
    assert!(bench.verifier().verify_into::<Everything>(&spaced).is_ok());
}
