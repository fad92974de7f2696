"""The driver around a library: one JSON request a line on stdin, one JSON answer a line on stdout, as README.md says.
`--self-test` checks library and driver instead."""

import base64
import json
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pss

# Names to try. What a library supports is what it can sign and verify, not what it says.
CANDIDATES = [
    "HS256", "HS384", "HS512",
    "RS256", "RS384", "RS512",
    "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "ES256K",
    "EdDSA", "Ed25519", "Ed448",
    "ML-DSA-44", "ML-DSA-65", "ML-DSA-87",
]  # fmt: skip
CLAIMS = {"iss": "https://id.example.com/", "aud": "api", "sub": "alice", "exp": 4102444800}
EXPECTED = {"issuer": CLAIMS["iss"], "audience": "api"}


class Refused(Exception):
    """The library refuses the token, in these words."""


@dataclass(frozen=True)
class Library:
    name: str
    version: str
    # Each takes the request; `verify` gives the claims or raises `Refused`.
    sign: Callable | None = None
    sign_text: Callable | None = None
    verify: Callable | None = None
    # Takes the name of an algorithm, and gives a fresh key in every form in which a request can carry it.
    generate: Callable | None = None
    # Takes a JWK.
    thumbprint: Callable | None = None
    # As `generate`, a key whose numbers the library writes shorter than RFC 7518 has them.
    generate_short: Callable | None = None
    # Which of `issuer` and `audience` it compares.
    checks: tuple = ("issuer", "audience")
    runtime: str = f"{platform.python_implementation()} {platform.python_version()}"

    def ability(self, name):
        if getattr(self, name) is None:
            raise ValueError(f"{self.name} has no {name}")
        return getattr(self, name)


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def both(form, members):
    """A form in which one text serves both sides."""
    return {"form": form, "sign": members, "verify": members}


def sharing_rsa(make):
    """As `make`, but two keys serve the six algorithms of RSA, in turn: making one takes a third of a second."""
    shared = {}

    def made(algorithm):
        if algorithm[:2] not in ("RS", "PS"):
            return make(algorithm)
        turn = algorithm.startswith("P") == algorithm.endswith("384")
        if turn not in shared:
            shared[turn] = make(algorithm)
        return shared[turn]

    return made


def head_of(token):
    return json.loads(decode(token.split(".")[0]))


def describe(error):
    return f"{type(error).__name__}: {error}"


def answer(library, request):
    match request.get("op"):
        case "about":
            return {"library": library.name, "version": library.version, "runtime": library.runtime}
        case "generate":
            return {"keys": library.ability("generate")(request["algorithm"])}
        case "generate_short":
            return {"keys": library.ability("generate_short")(request["algorithm"])}
        case "thumbprint":
            return {"thumbprint": library.ability("thumbprint")(request["public_jwk"])}
        case "sign":
            return {"token": library.ability("sign_text" if "claims_text" in request else "sign")(request)}
        case "sign_with_salt":
            return {"token": pss.sign_with_salt(request)}
        case "salt_length":
            return {"salt_length": pss.salt_length(request)}
        case "verify":
            try:
                return {"valid": True, "claims": library.ability("verify")(request)}
            except Refused as refusal:
                return {"valid": False, "error": str(refusal)}
        case "algorithms":
            reasons = {name: obstacle(library, name) for name in CANDIDATES}
            return {
                "algorithms": [name for name, reason in reasons.items() if reason is None],
                "absent": {name: reason for name, reason in reasons.items() if reason is not None},
            }
        case other:
            raise ValueError(f"unknown op {other}")


def safely(library, request):
    try:
        return answer(library, request)
    except Exception as error:  # the caller decides what a failure means
        return {"error": describe(error)}


def obstacle(library, algorithm):
    """Why the library cannot sign and verify with the algorithm; nothing where it can."""
    try:
        key = library.generate(algorithm)[0]
        how = {"algorithm": algorithm, "claims": CLAIMS, "header": {"kid": "k1"}}
        token = answer(library, {"op": "sign", **how, **key["sign"]})["token"]
        ask = {"op": "verify", "algorithm": algorithm, **key["verify"], **EXPECTED, "token": token}
        outcome, found = answer(library, ask), head_of(token)["alg"]
        if not outcome["valid"]:
            return outcome["error"]
        return None if found == algorithm else f"signed with alg {found}"
    except Exception as error:
        return describe(error)


def written(response):
    """Accepted claims that JSON cannot hold, such as NaN, are left out."""
    try:
        return json.dumps(response, allow_nan=False)
    except ValueError:
        return json.dumps({**response, "claims": None})


def check(condition, *what):
    # Not `assert`, which python -O removes.
    if not condition:
        sys.exit(f"self-test failed: {what}")


def self_test(library):
    works = safely(library, {"op": "algorithms"})["algorithms"]
    check("RS256" in works and "ES256" in works, library.name, works)
    for algorithm in works:
        for key in library.generate(algorithm):
            what, signer, verifier = (library.name, algorithm, key["form"]), key["sign"], key["verify"]
            request = {"op": "sign", "algorithm": algorithm, **signer, "claims": CLAIMS, "header": {"kid": "k1"}}
            signed = safely(library, request)
            check("token" in signed, what, signed)
            token = signed["token"]
            check(head_of(token)["kid"] == "k1", what)

            ask = {"op": "verify", "algorithm": algorithm, **verifier, **EXPECTED, "token": token}
            accepted = safely(library, ask)
            check(accepted == {"valid": True, "claims": CLAIMS}, what, accepted)
            head, payload, signature = token.split(".")
            other = encode(json.dumps({**CLAIMS, "sub": "mallory"}).encode())
            check(other != payload, what)
            wrong = [{"token": f"{head}.{other}.{signature}"}, *({name: "https://x.example/"} for name in library.checks)]
            for change in wrong:
                check(safely(library, {**ask, **change}).get("valid") is False, what, change)
    check("error" in safely(library, {"op": "unknown"}), "unknown operation")
    check("error" in safely(library, {"op": "sign", "algorithm": "HS256", "claims": {}}), "no key")


def drive(library):
    if "--self-test" in sys.argv:
        self_test(library)
        return
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            request = json.loads(line)
        except ValueError as error:
            response = {"error": describe(error)}
        else:
            response = {"id": request.get("id"), **safely(library, request)}
        print(written(response), flush=True)
