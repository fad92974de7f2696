use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::*;

const BOUNDS: Bounds = Bounds { depth: 32, nodes: usize::MAX };

fn fault(text: &str) -> Option<Fault> {
    Document::read(text, BOUNDS, &mut Nodes::new()).err()
}

#[test]
fn the_grammar_is_that_of_serde_json() {
    let texts = [
        "{}",
        " { } ",
        "{\"a\":1}",
        "{\"a\":[]}",
        "{\"a\":[1,2,{\"b\":null}]}",
        "{\"a\":-0.5e+10}",
        "{\"a\":\"\\u00e9\\n\"}",
        "{\"a\":\"\\ud83d\\ude00\"}",
        "{\"a\":true,\"b\":false}",
        "{\"\":\"\"}",
        "{\"é\":\"日本\"}",
        "{\"a\":1e2}",
        "{\"a\":0}",
        // Refused.
        "",
        " ",
        "{",
        "}",
        "{]",
        "[}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":-}",
        "{\"a\":1e}",
        "{\"a\":tru}",
        "{\"a\":nul}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":'b'}",
        "{a:1}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"abc}",
        "{\"a\":[1,]}",
        "{\"a\":[1 2]}",
        "{\"a\":1}x",
        "{\"a\":1}{}",
        "\u{feff}{}",
        "{\"a\":1}\u{a0}",
        "/**/{}",
        "{\"a\":1e+}",
        "{\"a\":truefalse}",
        "{\"a\":\"\\",
        "{\"a\":\"\\\"",
    ];
    for text in texts {
        let oracle = serde_json::from_str::<serde_json::Value>(text).is_ok();
        assert_eq!(fault(text).is_none(), oracle, "{text:?}");
    }
}

#[test]
fn only_an_object_is_a_document() {
    for text in ["[]", "1", "\"a\"", "null", "[{\"a\":1}]"] {
        assert_eq!(fault(text), Some(Fault::Syntax), "{text}");
    }
}

#[test]
fn invalid_utf8_is_refused() {
    for bytes in [&b"{\"a\":\"\xff\"}"[..], b"{\"\xc0\xaf\":1}", b"\xff{}", b"{\"a\":\"\xed\xa0\x80\"}"] {
        assert_eq!(text(bytes).err(), Some(Fault::Syntax), "{bytes:?}");
    }
}

#[test]
fn duplicate_names_are_refused_at_every_depth_with_escapes_resolved() {
    for text in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"b":{},"a":2}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"\u0061":1,"a":2}"#,
        r#"{"x":{"a":1,"a":1}}"#,
        r#"{"x":[[{"y":[{"a":1,"b":[{"c":1}],"a":1}]}]]}"#,
        r#"{"":1,"":2}"#,
        r#"{"😀":1,"\ud83d\ude00":2}"#,
    ] {
        assert_eq!(fault(text), Some(Fault::Duplicate), "{text}");
    }
    for text in [r#"{"a":1,"A":2}"#, r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#, r#"{"a":[{"b":1},{"b":1}]}"#] {
        assert_eq!(fault(text), None, "{text}");
    }
}

#[test]
fn a_duplicate_is_found_at_every_place_of_an_object_of_any_size() {
    for size in [2, 15, 16, 17, 18, 19, 40, 300] {
        for twin in 0..size - 1 {
            let mut names: Vec<String> =
                (0..size).map(|n| format!("\"name{n}\":{{\"name0\":{n}}}")).collect();
            assert_eq!(fault(&format!("{{{}}}", names.join(","))), None, "{size}");
            for repeated in ["name", "n\\u0061me"] {
                names[size - 1] = format!("\"{repeated}{twin}\":1");
                assert_eq!(
                    fault(&format!("{{{}}}", names.join(","))),
                    Some(Fault::Duplicate),
                    "{size} {twin}"
                );
            }
        }
    }
}

#[test]
fn nesting_is_bounded_exactly() {
    for depth in [1, 2, 4, 31, 32] {
        let bounds = Bounds { depth, ..BOUNDS };
        let nest = |n: usize| format!("{}1{}", "{\"a\":".repeat(n), "}".repeat(n));
        assert!(Document::read(&nest(depth), bounds, &mut Nodes::new()).is_ok(), "{depth}");
        let deeper = nest(depth + 1);
        assert_eq!(Document::read(&deeper, bounds, &mut Nodes::new()).err(), Some(Fault::Depth), "{depth}");
        let arrays = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(Document::read(&arrays, bounds, &mut Nodes::new()).err(), Some(Fault::Depth), "{depth}");
    }
    assert_eq!(fault(&"{\"a\":".repeat(100_000)), Some(Fault::Depth));
}

#[test]
fn the_number_of_values_is_bounded_exactly() {
    let bounds = Bounds { nodes: 5, ..BOUNDS };
    for (text, expected) in [
        (r#"{"a":1,"b":2}"#, None),
        (r#"{"a":1,"b":[2]}"#, Some(Fault::Size)),
        (r#"{"a":1,"b":2,"c":3}"#, Some(Fault::Size)),
    ] {
        assert_eq!(Document::read(text, bounds, &mut Nodes::new()).err(), expected, "{text}");
    }
}

#[test]
fn every_special_byte_is_seen_at_every_offset() {
    for len in 0..40 {
        for special in ['"', '\\', '\n', '\u{0}', '\u{1f}'] {
            let text = format!("{{\"a\":\"{}{special}\"}}", "x".repeat(len));
            assert!(fault(&text).is_some(), "{len} {special:?}");
        }
        for fine in [' ', '!', '#', '[', ']', '\u{7f}', 'é', '\u{ffff}'] {
            let text = format!("{{\"a\":\"{}{fine}{fine}\"}}", "x".repeat(len));
            assert_eq!(fault(&text), None, "{len} {fine:?}");
        }
    }
}

#[test]
fn values_read_as_serde_json_reads_them() {
    let entries: Vec<String> =
        (0..80).map(|n| format!("\"k{n}\":[{n},\"v\\u002f{n}\",{{\"deep\":[null,true,{n}.5]}}]")).collect();
    for text in [
        r#"{"a":1,"b":-2,"c":1.5,"d":"x\ny","e":[],"f":{},"g":[[1],[2,[3]]],"h":18446744073709551615,"i":-9223372036854775808}"#
            .to_owned(),
        format!("{{{}}}", entries.join(",")),
    ] {
        let mut nodes = Nodes::new();
        let document = Document::read(&text, BOUNDS, &mut nodes).unwrap();
        let ours: serde_json::Value = from_value(document.root()).unwrap();
        assert_eq!(ours, serde_json::from_str::<serde_json::Value>(&text).unwrap());
    }
}

#[derive(Deserialize, Debug, PartialEq)]
struct User {
    name: String,
    age: Option<u8>,
    #[serde(default)]
    tags: Vec<String>,
    kind: Shape,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize, Debug, PartialEq)]
enum Shape {
    Point,
    Circle(u32),
    Rect { w: u32, h: u32 },
    Pair(u8, u8),
}

#[test]
fn typed_values_read_as_serde_json_reads_them() {
    for kind in [r#""Point""#, r#"{"Circle":3}"#, r#"{"Rect":{"w":1,"h":2}}"#, r#"{"Pair":[1,2]}"#] {
        let text = format!(
            r#"{{"name":"\u0061b","age":7,"tags":["x"],"kind":{kind},"other":{{"a":[1]}},"n":null}}"#
        );
        let mut nodes = Nodes::new();
        let document = Document::read(&text, BOUNDS, &mut nodes).unwrap();
        let ours: User = from_value(document.root()).unwrap();
        assert_eq!(ours, serde_json::from_str::<User>(&text).unwrap(), "{kind}");
    }
}

#[test]
fn maps_may_have_number_keys_and_wide_numbers() {
    let mut nodes = Nodes::new();
    let document =
        Document::read(r#"{"1":340282366920938463463374607431768211455}"#, BOUNDS, &mut nodes).unwrap();
    let map: HashMap<u8, u128> = from_value(document.root()).unwrap();
    assert_eq!(map[&1], u128::MAX);
}

#[test]
fn a_number_key_has_one_spelling() {
    // Else two names that differ would be one key.
    for (name, is_key) in [("0", true), ("12", true), ("-1", true), ("\\u0031", true)]
        .into_iter()
        .chain(["01", "+1", "-0", "-01", "00", "", " 1", "1 ", "1.0", "1e0"].map(|name| (name, false)))
    {
        let text = format!(r#"{{"{name}":null}}"#);
        let mut nodes = Nodes::new();
        let document = Document::read(&text, BOUNDS, &mut nodes).unwrap();
        assert_eq!(from_value::<HashMap<i64, ()>>(document.root()).is_ok(), is_key, "{name:?}");
    }
}

#[test]
fn a_tag_is_the_name_of_a_variant_and_never_its_number() {
    #[derive(serde::Deserialize, Debug, PartialEq)]
    #[serde(tag = "kind", rename_all = "lowercase")]
    enum Who {
        Guest {},
        Admin {},
    }
    for (text, expected) in [
        (r#"{"kind":"guest"}"#, Some(Who::Guest {})),
        (r#"{"kind":"\u0061dmin"}"#, Some(Who::Admin {})),
        (r#"{"kind":0}"#, None),
        (r#"{"kind":1}"#, None),
        (r#"{"kind":true}"#, None),
        (r#"{"kind":["admin"]}"#, None),
    ] {
        let mut nodes = Nodes::new();
        let document = Document::read(text, BOUNDS, &mut nodes).unwrap();
        assert_eq!(from_value(document.root()).ok(), expected, "{text}");
        assert_eq!(serde_json::from_str(text).ok(), expected, "{text} by serde_json");
    }
}

#[test]
fn nothing_but_a_number_is_read_as_a_wide_one() {
    // As many bytes as these have nodes end inside of a character.
    for value in [r#"["é",0]"#, r#"{"é":0}"#, r#""1""#, "true", "null", "[]"] {
        let text = format!(r#"{{"a":{value}}}"#);
        let mut nodes = Nodes::new();
        let document = Document::read(&text, BOUNDS, &mut nodes).unwrap();
        assert!(from_value::<HashMap<String, u128>>(document.root()).is_err(), "{value}");
        assert!(from_value::<HashMap<String, i128>>(document.root()).is_err(), "{value}");
    }
}

#[test]
fn a_struct_is_not_read_from_an_array() {
    #[derive(Deserialize, Debug)]
    struct Outer {
        #[expect(dead_code, reason = "only its type matters")]
        inner: Inner,
    }
    #[derive(Deserialize, Debug)]
    struct Inner {
        #[expect(dead_code, reason = "only its type matters")]
        a: u8,
    }
    assert!(serde_json::from_str::<Outer>(r#"{"inner":[1]}"#).is_ok(), "serde_json does");
    let mut nodes = Nodes::new();
    let document = Document::read(r#"{"inner":[1]}"#, BOUNDS, &mut nodes).unwrap();
    let error = from_value::<Outer>(document.root()).unwrap_err().to_string();
    assert_eq!(error, "inner: expected struct Inner, found an array");
}

/// The names of an object, by a visitor that asks for no value.
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Names;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = map.next_key()? {
                    names.push(name);
                }
                assert!(map.next_value::<u8>().is_ok() && map.next_value::<u8>().is_err());
                Ok(Names(names))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

#[test]
fn a_value_that_nobody_asks_for_is_never_taken_for_a_name() {
    let mut nodes = Nodes::new();
    let text = r#"{"a":"admin","b":[{"c":1}],"d":2}"#;
    let document = Document::read(text, BOUNDS, &mut nodes).unwrap();
    assert_eq!(from_value::<Names>(document.root()).unwrap().0, ["a", "b", "d"]);
}

#[test]
fn errors_name_the_field_and_never_the_value() {
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Typed {
        #[expect(dead_code, reason = "only its type matters")]
        age: u8,
        #[expect(dead_code, reason = "only its type matters")]
        address: Option<std::net::IpAddr>,
        #[expect(dead_code, reason = "only its type matters")]
        shape: Option<Shape>,
    }
    for (text, expected) in [
        (r#"{"age":"CANARY"}"#, "age: expected u8, found a string"),
        (r#"{"age":999}"#, "age: expected u8, found an integer of another value"),
        (r#"{"age":1.5}"#, "age: expected u8, found a number with a fraction"),
        (r#"{}"#, "missing field `age`"),
        (
            r#"{"age":1,"CANARY":1}"#,
            "expected only the fields [\"age\", \"address\", \"shape\"], found another",
        ),
        (r#"{"age":1,"address":"CANARY"}"#, "address: refused by the type's own rules"),
        (
            r#"{"age":1,"shape":"CANARY"}"#,
            "shape: expected one of [\"Point\", \"Circle\", \"Rect\", \"Pair\"], found another variant",
        ),
        (r#"{"age":1,"shape":{"Rect":{"w":"CANARY","h":1}}}"#, "shape.w: expected u32, found a string"),
        (r#"{"age":1e400}"#, "age: number out of range"),
    ] {
        let mut nodes = Nodes::new();
        let document = Document::read(text, BOUNDS, &mut nodes).unwrap();
        let error = from_value::<Typed>(document.root()).unwrap_err().to_string();
        assert_eq!(error, expected, "{text}");
    }
}

#[test]
fn digits_are_read_as_the_standard_library_reads_them() {
    for len in 0..=21 {
        for digit in ["0", "1", "9", "5"] {
            let text = digit.repeat(len);
            let expected = text.parse().ok().filter(|_| len <= 19);
            assert_eq!(digits(&text), expected, "{text}");
            for (at, other) in (0..len).flat_map(|at| (0..128_u8).map(move |c| (at, char::from(c)))) {
                let mut text = text.clone();
                text.replace_range(at..=at, other.encode_utf8(&mut [0; 1]));
                // The standard library also takes a plus sign.
                let expected = text.parse().ok().filter(|_| len <= 19 && !text.contains('+'));
                assert_eq!(digits(&text), expected, "{text}");
            }
        }
    }
}

#[test]
fn the_look_for_a_member_sees_only_the_top_level() {
    for (text, found) in [
        (r#"{"iss":"a"}"#, Some("a")),
        (r#"{"x":{"iss":"b"},"iss":"a"}"#, Some("a")),
        (r#"{"x":["iss","c"],"y":"iss","iss":"a"}"#, Some("a")),
        (r#"{"x":[{"iss":"b"}]}"#, None),
        (r#"{"iss":["a"]}"#, None),
        (r#"{"iss":1}"#, None),
        (r#"{"\u0069ss":"\u0061"}"#, Some("a")),
        (r#"["iss","a"]"#, None),
        (r#"{"x":"iss"}"#, None),
        (r#"{"iss"}"#, None),
        (r#"{"iss":"a"#, None),
        ("", None),
        ("}", None),
    ] {
        assert_eq!(find_string_member(text.as_bytes(), "iss").as_deref(), found, "{text}");
    }
}
