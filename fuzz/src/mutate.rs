//! Makes an input from a seed. Half of the changes know what they change: a base64url segment of a token
//! is decoded and changed inside, so is the body of a PEM block, a JSON value is replaced by another.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};

use crate::random::Random;

/// No input is longer: above the bound of a token, below what makes an execution slow.
const LONGEST: usize = 20 * 1024;

/// Decodes whatever somebody may have meant, so that spoilt text can be changed further.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Pieces of the syntaxes that are read.
const WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00\\ud800",
    b"\\ud83d\\ude00",
    b"\\u0061",
    b"null",
    b"true",
    b"false",
    b"0",
    b"-0",
    b"-1",
    b"1e9",
    b"1E+2",
    b"1e-9",
    b"0.5",
    b"1e400",
    b"00",
    b"253402300799",
    b"253402300800",
    b"18446744073709551615",
    b"18446744073709551616",
    b"1800000000",
    b"1800000000.5",
    b"1799999970",
    b"4102444800",
    b"9007199254740993",
    b"\"\"",
    b"\"a\"",
    b"{}",
    b"[]",
    b"[[",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xe2\x80\x83",
    b"\xc2\xa0",
    b"\0",
    b"\r\n",
    b"\t",
    b" ",
    b"  ",
    b"\n",
    b"\x0b",
    b"\x7f",
    b"=",
    b"==",
    b";",
    b".",
    b"..",
    b"-",
    b"_",
    b"+",
    b"/",
    b"%5F",
    b"%2E",
    b"Bearer ",
    b"bearer ",
    b"BEARER\t",
    b"Basic ",
    b"DPoP ",
    b"__Host-access=",
    b"__host-access=",
    b"$Version=1",
    b"-----BEGIN PUBLIC KEY-----\n",
    b"-----END PUBLIC KEY-----\n",
    b"-----BEGIN EC PARAMETERS-----",
    b"-----BEGIN PRIVATE KEY-----",
    b"-----",
    b"Proc-Type: 4,ENCRYPTED\n",
    b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x11",
    b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x12",
    b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x13",
    b"\x80\x20",
    b"eyJ",
    b"e30",
    b"bnVsbA",
];

/// Members of headers, payloads and keys.
const MEMBERS: &[&str] = &[
    r#""alg":"HS256""#,
    r#""alg":"none""#,
    r#""alg":"ES256""#,
    r#""alg":null"#,
    r#""alg":"EdDSA""#,
    r#""alg":"RS256""#,
    r#""alg":"PS256""#,
    r#""alg":"ES384""#,
    r#""alg":"ML-DSA-44""#,
    r#""alg":"ML-DSA-65""#,
    r#""alg":"ML-DSA-87""#,
    r#""\u0061lg":"HS256""#,
    r#""typ":"JWT""#,
    r#""typ":"at+jwt""#,
    r#""typ":"application/at+jwt""#,
    r#""typ":"application/x/jwt""#,
    r#""typ":"dpop+jwt""#,
    r#""typ":"""#,
    r#""cty":"JWT""#,
    r#""cty":"json""#,
    r#""kid":"a""#,
    r#""kid":"""#,
    r#""kid":1"#,
    r#""kid":null"#,
    r#""crit":[]"#,
    r#""crit":["exp"]"#,
    r#""b64":false"#,
    r#""jwk":{}"#,
    r#""jku":"https://evil.example""#,
    r#""x5c":["AA"]"#,
    r#""x5u":1"#,
    r#""zip":"DEF""#,
    r#""enc":"A128GCM""#,
    r#""p2c":1000"#,
    r#""epk":{}"#,
    r#""iss":"https://id.example.com/""#,
    r#""iss":["https://id.example.com/"]"#,
    r#""iss":"https://id.example.com""#,
    r#""aud":"https://api.example.com""#,
    r#""aud":["other","https://api.example.com"]"#,
    r#""aud":[]"#,
    r#""aud":["https://api.example.com",""]"#,
    r#""aud":{}"#,
    r#""aud":["https://api.example.com",1]"#,
    r#""exp":4102444800"#,
    r#""exp":4102444800.5"#,
    r#""exp":41024448e2"#,
    r#""exp":"4102444800""#,
    r#""exp":1e99"#,
    r#""exp":null"#,
    r#""exp":-0"#,
    r#""exp":0"#,
    r#""nbf":1"#,
    r#""nbf":4102444800"#,
    r#""nbf":1.5"#,
    r#""iat":1"#,
    r#""iat":4102444800"#,
    r#""iat":"1""#,
    r#""sub":"alice""#,
    r#""sub":1"#,
    r#""sub":"\ud83d\ude00""#,
    r#""jti":"x""#,
    r#""jti":null"#,
    r#""scope":"read write""#,
    r#""scope":["read"]"#,
    r#""scp":["a","b c"]"#,
    r#""scope":1"#,
    r#""cnf":{"jkt":"x"}"#,
    r#""cnf":{}"#,
    r#""nonce":"n""#,
    r#""at_hash":"h""#,
    r#""events":{}"#,
    r#""htm":"GET""#,
    r#""token_use":"id""#,
    r#""token_use":"access""#,
    r#""token_type":"refresh""#,
    r#""sid":"s""#,
    r#""sid":1"#,
    r#""auth_time":1"#,
    r#""auth_time":"x""#,
    r#""acr":"a""#,
    r#""acr":[]"#,
    r#""client_id":"c""#,
    r#""client_id":{}"#,
    r#""roles":["admin"]"#,
    r#""deep":[[[[{"a":{"b":[]}}]]]]"#,
    r#""n":1e-400"#,
    r#""n":-1.25e3"#,
    r#""kty":"EC""#,
    r#""kty":"oct""#,
    r#""kty":"OKP""#,
    r#""kty":"RSA""#,
    r#""kty":"AKP""#,
    r#""crv":"P-256""#,
    r#""crv":"Ed25519""#,
    r#""crv":"secp256k1""#,
    r#""use":"sig""#,
    r#""use":"enc""#,
    r#""key_ops":["verify"]"#,
    r#""key_ops":["verify","verify"]"#,
    r#""e":"AQAB""#,
    r#""e":"Aw""#,
    r#""x":"""#,
    r#""y":"AA""#,
    r#""d":"AA""#,
    r#""pub":"AA""#,
    r#""priv":"AA""#,
    r#""priv":"CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk""#,
    r#""k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow""#,
];

/// A changed copy of one of the seeds.
#[must_use]
pub fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let Some(seed) = seeds.get(random.below(seeds.len())) else { return Vec::new() };
    let mut input = seed.clone();
    // Now and then a seed as it is: not all of what is compared needs a change.
    for _ in 0..random.below(5) {
        change(&mut input, seeds, random);
    }
    input.truncate(LONGEST);
    input
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    match random.below(10) {
        0 | 1 => in_segment(input, random),
        2 => in_pem(input, random),
        3..=5 => in_json(input, random),
        6 => splice(input, seeds, random),
        _ => in_bytes(input, random),
    }
}

/// Changes anything, without knowing what it is.
fn in_bytes(input: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(input.len() + 1);
    match random.below(9) {
        0 if at < input.len() => input[at] ^= 1 << random.below(8),
        1 if at < input.len() => input[at] = random.byte(),
        2 if at < input.len() => input[at] = input[at].wrapping_add(if random.one_in(2) { 1 } else { 255 }),
        3 => input.insert(at, random.byte()),
        4 => drop(input.drain(range(input.len(), random))),
        5 => {
            let copy = input[range(input.len(), random)].to_vec();
            insert(input, at, &copy);
        }
        6 => input.truncate(at),
        7 if random.one_in(50) => {
            let again = random.pick(&[b"[".as_slice(), b"{\"a\":", b"a", b"A", b".", b" ", b"=", b"\n"]);
            insert(input, at, &again.repeat(random.below(9_000)));
        }
        _ => insert(input, at, random.pick(WORDS)),
    }
}

/// Changes the inside of a segment between dots, if it is base64url, or its spelling.
fn in_segment(input: &mut Vec<u8>, random: &mut Random) {
    let dots = input.iter().filter(|b| **b == b'.').count();
    let chosen = random.below(dots + 1);
    let mut segments: Vec<Vec<u8>> = input.split(|b| *b == b'.').map(<[u8]>::to_vec).collect();
    let Ok(mut inside) = LENIENT.decode(&segments[chosen]) else { return in_bytes(input, random) };
    match random.below(6) {
        0 => segments.swap(chosen, 0),
        1 => segments[chosen].push(b'='),
        2 => {
            // Bits that stand for nothing: another spelling of the same bytes.
            if let Some(last) = segments[chosen].last_mut() {
                *last = last.wrapping_add(1);
            }
        }
        3 => {
            in_bytes(&mut inside, random);
            segments[chosen] = LENIENT.encode(&inside).into_bytes();
        }
        _ => {
            in_json(&mut inside, random);
            segments[chosen] = general_purpose::URL_SAFE_NO_PAD.encode(&inside).into_bytes();
        }
    }
    *input = segments.join(&b'.');
}

/// Changes the DER inside a PEM block.
fn in_pem(input: &mut Vec<u8>, random: &mut Random) {
    let Ok(text) = str::from_utf8(input) else { return in_der(input, random) };
    let Some((before, rest)) = text.split_once("-----\n") else { return in_der(input, random) };
    let Some((body, after)) = rest.split_once("-----END") else { return in_bytes(input, random) };
    let packed: String = body.split_whitespace().collect();
    let Ok(mut der) = general_purpose::STANDARD.decode(packed) else { return in_bytes(input, random) };
    in_der(&mut der, random);
    if random.one_in(4) {
        *input = der;
    } else {
        *input =
            format!("{before}-----\n{}\n-----END{after}", general_purpose::STANDARD.encode(der)).into_bytes();
    }
}

/// Changes a tag or a length, or anything.
fn in_der(input: &mut Vec<u8>, random: &mut Random) {
    const TAGS: &[u8] = &[0x02, 0x03, 0x04, 0x05, 0x06, 0x30, 0x80, 0x81, 0x82, 0xa0, 0xa1];
    let places: Vec<usize> = (0..input.len()).filter(|at| TAGS.contains(&input[*at])).collect();
    if places.is_empty() || random.one_in(3) {
        return in_bytes(input, random);
    }
    let at = places[random.below(places.len())];
    match random.below(4) {
        0 => input[at] = TAGS[random.below(TAGS.len())],
        1 if at + 1 < input.len() => input[at + 1] = input[at + 1].wrapping_add(1),
        2 if at + 1 < input.len() => input[at + 1] = random.byte(),
        _ => insert(input, at, &[TAGS[random.below(TAGS.len())], 0]),
    }
}

/// Changes a member or a value.
fn in_json(input: &mut Vec<u8>, random: &mut Random) {
    let marks: Vec<usize> = (0..input.len()).filter(|at| b"{}[],:\"".contains(&input[*at])).collect();
    if marks.len() < 2 {
        return in_bytes(input, random);
    }
    let first = random.below(marks.len() - 1);
    let (here, there) = (marks[first], marks[first + 1]);
    match random.below(7) {
        // What stands between two marks gives way.
        0 => drop(input.splice(here + 1..there, random.pick(WORDS).iter().copied())),
        1 => drop(input.splice(here + 1..there, [])),
        // A member is added, or stands a second time.
        2 | 3 => {
            let member = random.pick(MEMBERS);
            let opening: Vec<usize> =
                marks.iter().copied().filter(|at| b"{,".contains(&input[*at])).collect();
            let Some(at) = opening.get(random.below(opening.len())) else { return };
            insert(input, at + 1, format!("{member},").as_bytes());
        }
        // A member gives way to another.
        4 => {
            let Some(start) = (0..=first).rev().find(|i| b"{,".contains(&input[marks[*i]])) else { return };
            let Some(end) = (start + 1..marks.len()).find(|i| b"},".contains(&input[marks[*i]])) else {
                return;
            };
            drop(input.splice(marks[start] + 1..marks[end], random.pick(MEMBERS).bytes()));
        }
        // A member or a value is taken out, or doubled.
        5 => {
            let last = first + 1 + random.below((marks.len() - first - 1).min(6));
            drop(input.drain(here..marks[last]));
        }
        _ => {
            let last = first + 1 + random.below((marks.len() - first - 1).min(6));
            let copy = input[here..marks[last]].to_vec();
            insert(input, here, &copy);
        }
    }
}

/// Puts a part of another seed in.
fn splice(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let Some(other) = seeds.get(random.below(seeds.len())) else { return };
    let part = &other[range(other.len(), random)];
    let at = random.below(input.len() + 1);
    if random.one_in(2) {
        input.truncate(at);
    }
    insert(input, at, part);
}

/// A part, more often a short one.
fn range(len: usize, random: &mut Random) -> std::ops::Range<usize> {
    let start = random.below(len + 1);
    let room = len - start;
    let longest = if random.one_in(4) { room } else { room.min(8) };
    start..start + random.below(longest + 1)
}

fn insert(input: &mut Vec<u8>, at: usize, part: &[u8]) {
    if input.len() + part.len() <= LONGEST {
        drop(input.splice(at..at, part.iter().copied()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_seed_decides_every_input_and_few_are_the_same() {
        let seeds = [b"{\"alg\":\"HS256\"}".to_vec(), b"eyJh.e30.AA".to_vec(), Vec::new()];
        let all = |seed| -> Vec<_> {
            (0..2_000).map(|i| mutated(&seeds, &mut Random::of_execution(seed, i))).collect()
        };
        assert_eq!(all(7), all(7));
        let distinct: HashSet<_> = all(7).into_iter().collect();
        assert!(distinct.len() > 800, "{} distinct inputs", distinct.len());
        assert!(distinct.iter().all(|input| input.len() <= LONGEST));
    }
}
