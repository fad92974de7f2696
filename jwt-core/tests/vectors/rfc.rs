//! The examples of the RFCs, through the public interface. See the README beside this file.

use core::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_core::keys::Jwk;
use jwt_core::{Algorithm, KeySet, Reason, SigningKey, Verifier, VerifyingKey, jws};

/// RFC 7515 A.1 to A.3 and A.5, the same claims in each.
const CLAIMS: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const CLAIMS_TEXT: &str =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

/// RFC 7520 §4, the same text in each.
const BILBO: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";
const BILBO_TEXT: &str = "It\u{2019}s a dangerous business, Frodo, going out your door. You step onto the road, and if you don't keep your feet, there\u{2019}s no knowing where you might be swept off to.";

struct Example {
    section: &'static str,
    algorithm: Algorithm,
    key: &'static str,
    header: &'static str,
    payload: &'static str,
    signature: &'static str,
    text: &'static str,
}

const RFC7520_RSA: &str = r#"{"kty":"RSA","kid":"bilbo.baggins@hobbiton.example","use":"sig","n":"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw","e":"AQAB"}"#;

const EXAMPLES: [Example; 9] = [
    Example {
        section: "RFC 7515 A.1",
        algorithm: Algorithm::HS256,
        key: r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
        header: "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
        payload: CLAIMS,
        signature: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        text: CLAIMS_TEXT,
    },
    Example {
        section: "RFC 7515 A.2",
        algorithm: Algorithm::RS256,
        key: r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#,
        header: "eyJhbGciOiJSUzI1NiJ9",
        payload: CLAIMS,
        signature: "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        text: CLAIMS_TEXT,
    },
    Example {
        section: "RFC 7515 A.3",
        algorithm: Algorithm::ES256,
        key: r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        header: "eyJhbGciOiJFUzI1NiJ9",
        payload: CLAIMS,
        signature: "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        text: CLAIMS_TEXT,
    },
    Example {
        section: "RFC 7515 A.4",
        algorithm: Algorithm::ES512,
        key: r#"{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}"#,
        header: "eyJhbGciOiJFUzUxMiJ9",
        payload: "UGF5bG9hZA",
        signature: "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
        text: "Payload",
    },
    Example {
        section: "RFC 7520 4.1",
        algorithm: Algorithm::RS256,
        key: RFC7520_RSA,
        header: "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        payload: BILBO,
        signature: "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg",
        text: BILBO_TEXT,
    },
    Example {
        section: "RFC 7520 4.2",
        algorithm: Algorithm::PS384,
        key: RFC7520_RSA,
        header: "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        payload: BILBO,
        signature: "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw",
        text: BILBO_TEXT,
    },
    Example {
        section: "RFC 7520 4.3",
        algorithm: Algorithm::ES512,
        key: r#"{"kty":"EC","kid":"bilbo.baggins@hobbiton.example","use":"sig","crv":"P-521","x":"AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt","y":"AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1"}"#,
        header: "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        payload: BILBO,
        signature: "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2",
        text: BILBO_TEXT,
    },
    Example {
        section: "RFC 7520 4.4",
        algorithm: Algorithm::HS256,
        key: r#"{"kty":"oct","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037","use":"sig","alg":"HS256","k":"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"}"#,
        header: "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9",
        payload: BILBO,
        signature: "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0",
        text: BILBO_TEXT,
    },
    Example {
        section: "RFC 8037 A.4 and A.5",
        algorithm: Algorithm::EdDSA,
        key: ED25519,
        header: "eyJhbGciOiJFZERTQSJ9",
        payload: "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        signature: "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        text: "Example of Ed25519 signing",
    },
];

/// RFC 8037 A.2.
const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// RFC 8037 A.1.
const ED25519_PRIVATE: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// RFC 7638 §3.1.
const THUMBPRINT_KEY: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;

fn jwk(json: &str) -> Jwk {
    Jwk::from_json(json.as_bytes()).unwrap()
}

impl Example {
    fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey::from_jwk_with(self.algorithm, &jwk(self.key)).unwrap()
    }

    fn keys(&self) -> KeySet {
        KeySet::new([self.verifying_key()]).unwrap()
    }

    fn token(&self) -> String {
        [self.header, self.payload, self.signature].join(".")
    }
}

#[test]
fn examples_verify() {
    for example in EXAMPLES {
        let verified = jws::verify(&example.token(), &example.keys())
            .unwrap_or_else(|error| panic!("{}: {error}", example.section));
        assert_eq!(verified.payload(), example.text.as_bytes(), "{}", example.section);
        assert_eq!(verified.algorithm(), example.algorithm, "{}", example.section);
    }
}

#[test]
fn examples_with_one_character_changed_do_not_verify() {
    for example in EXAMPLES {
        for (part, name) in [(0, "payload"), (1, "signature")] {
            let mut segments = [example.payload.to_owned(), example.signature.to_owned()];
            // The second character, so that neither the length nor the trailing bits change.
            let other = if segments[part].as_bytes()[1] == b'A' { "B" } else { "A" };
            segments[part].replace_range(1..2, other);
            let token = [example.header, &segments[0], &segments[1]].join(".");
            let refused = jws::verify(&token, &example.keys()).map(|_| ()).unwrap_err();
            assert_eq!(refused.reason(), Reason::BadSignature, "{}: {name}", example.section);
        }
    }
}

#[test]
fn examples_do_not_verify_under_each_others_keys() {
    let mut pairs = 0;
    for one in &EXAMPLES {
        for other in EXAMPLES.iter().filter(|other| other.algorithm == one.algorithm) {
            let same = one.key == other.key;
            let key = other.verifying_key().with_key_id("any").unwrap();
            let signed = one.token();
            let (input, _) = signed.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(one.signature).unwrap();
            assert_eq!(key.verify(input.as_bytes(), &signature), same, "{} {}", one.section, other.section);
            pairs += u32::from(!same);
        }
    }
    assert_eq!(pairs, 6, "HS256, RS256 and ES512 have two keys each");
}

/// The claims of appendix A, as the tokens they are: they have no `aud`, and ended in March 2011.
#[test]
fn examples_of_claims_are_tokens_until_they_expire() {
    let mut tokens = 0;
    for example in EXAMPLES.iter().filter(|example| example.text == CLAIMS_TEXT) {
        let verifier = Verifier::builder()
            .with_keys(example.keys())
            .without_audience()
            .with_issuer("joe")
            .with_leeway(Duration::ZERO)
            .build()
            .unwrap();
        let at = |now| verifier.verify_at(&example.token(), Duration::from_secs(now));
        let verified = at(1_300_819_379).unwrap();
        assert_eq!(verified.claim("http://example.com/is_root").unwrap(), Some(true), "{}", example.section);
        assert_eq!(at(1_300_819_380).unwrap_err().reason(), Reason::Expired, "{}", example.section);
        tokens += 1;
    }
    assert_eq!(tokens, 3);
}

/// RFC 7515 A.5: an unsecured JWS.
#[test]
fn an_unsecured_token_is_refused_under_every_key() {
    let token = format!("eyJhbGciOiJub25lIn0.{CLAIMS}.");
    for example in EXAMPLES {
        let refused = jws::verify(&token, &example.keys()).map(|_| ()).unwrap_err();
        assert_eq!(refused.reason(), Reason::AlgorithmNotAllowed, "{}", example.section);
    }
}

/// RFC 7520 §4.5 to §4.8 under the key of §4.4: content that is detached, and the JSON serialisation in its flattened and
/// its general form.
#[test]
fn other_serializations_are_refused() {
    let example = EXAMPLES.iter().find(|example| example.section == "RFC 7520 4.4").unwrap();
    let (header, signature) = (example.header, example.signature);
    let (payload, kid) =
        (format!(r#""payload":"{BILBO}""#), r#""kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037""#);
    let flattened = |members: &str| format!("{{{payload},{members}}}");
    let general = |signatures: &str| format!(r#"{{{payload},"signatures":[{signatures}]}}"#);
    let attached = format!(r#""protected":"{header}","signature":"{signature}""#);
    let partly = format!(
        r#""protected":"eyJhbGciOiJIUzI1NiJ9","header":{{{kid}}},"signature":"bWUSVaxorn7bEF1djytBd0kHv70Ly5pvbomzMWSOr20""#
    );
    let nothing = format!(
        r#""header":{{"alg":"HS256",{kid}}},"signature":"xuLifqLGiblpv9zBpuZczWhNj1gARaLV3UxvxhJxZuk""#
    );
    let several = [&partly, &nothing, &attached].map(|members| format!("{{{members}}}")).join(",");
    for (section, token, reason) in [
        ("4.4, flattened", flattened(&attached), Reason::NotThreeSegments),
        ("4.5", format!("{header}..{signature}"), Reason::BadSignature),
        ("4.5, flattened", format!("{{{attached}}}"), Reason::NotThreeSegments),
        ("4.6, flattened", flattened(&partly), Reason::NotThreeSegments),
        ("4.6", general(&format!("{{{partly}}}")), Reason::NotThreeSegments),
        ("4.7, flattened", flattened(&nothing), Reason::NotThreeSegments),
        ("4.7", general(&format!("{{{nothing}}}")), Reason::NotThreeSegments),
        ("4.8", general(&several), Reason::NotThreeSegments),
    ] {
        let refused = jws::verify(&token, &example.keys()).map(drop).unwrap_err();
        assert_eq!(refused.reason(), reason, "{section}");
    }
}

/// RFC 7515 A.1, RFC 7520 §4.4 and RFC 8037 A.4: where a signature is a function of its input, ours are the published ones.
#[test]
fn deterministic_examples_are_signed_alike() {
    for (example, key) in
        [(&EXAMPLES[0], EXAMPLES[0].key), (&EXAMPLES[7], EXAMPLES[7].key), (&EXAMPLES[8], ED25519_PRIVATE)]
    {
        let key = SigningKey::from_jwk_with(example.algorithm, &jwk(key)).unwrap();
        let token = example.token();
        let (input, _) = token.rsplit_once('.').unwrap();
        let mut signature = Vec::new();
        key.sign(input.as_bytes(), &mut signature).unwrap();
        let text = URL_SAFE_NO_PAD.encode(signature);
        assert_eq!(text, example.signature, "{}", example.section);
    }
}

#[test]
fn thumbprints_are_the_published_ones() {
    for (section, json, algorithm, thumbprint) in [
        ("RFC 7638 3.1", THUMBPRINT_KEY, Algorithm::RS256, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        ("RFC 8037 A.3", ED25519, Algorithm::EdDSA, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
    ] {
        assert_eq!(jwk(json).thumbprint().as_deref(), Ok(thumbprint), "{section}");
        let key = VerifyingKey::from_jwk_with(algorithm, &jwk(json)).unwrap();
        assert_eq!(key.thumbprint().as_deref(), Ok(thumbprint), "{section}");
    }
    assert_eq!(jwk(ED25519_PRIVATE).thumbprint(), jwk(ED25519).thumbprint(), "the private half adds nothing");
}
