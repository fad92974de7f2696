"""Signs and verifies with PyJWT. One JSON request a line on stdin, one JSON answer a line on stdout; the
protocol is in README.md. `--self-test` checks this file instead."""

import base64
import json
import os
import sys

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1, "ES256K": ec.SECP256K1}

# Names to try. What the library supports is what it can sign and verify, not what it says.
CANDIDATES = [
    "HS256", "HS384", "HS512",
    "RS256", "RS384", "RS512",
    "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "ES256K",
    "EdDSA", "Ed25519", "Ed448",
    "ML-DSA-44", "ML-DSA-65", "ML-DSA-87",
]  # fmt: skip


def key_of(request):
    """The request's key, given to PyJWT in the form in which it came."""
    jwk = request.get("private_jwk") or request.get("public_jwk")
    if jwk:
        return jwt.PyJWK(jwk, algorithm=request["algorithm"])
    pem = request.get("private_pem") or request.get("public_pem")
    if pem:
        return pem
    text = request["secret_base64url"]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify(request):
    key = key_of(request)
    # Members that the request leaves out stay at PyJWT's defaults: those are its verdict.
    expected = {name: request[name] for name in ("issuer", "audience") if request.get(name) is not None}
    try:
        claims = jwt.decode(request["token"], key, algorithms=[request["algorithm"]], **expected)
    except jwt.PyJWTError as error:
        return {"valid": False, "error": describe(error)}
    return {"valid": True, "claims": claims}


def sign(request):
    token = jwt.encode(
        request["claims"], key_of(request), algorithm=request["algorithm"], headers=request.get("header")
    )
    return {"token": token}


def answer(request):
    if request.get("library", "PyJWT") != "PyJWT":
        raise ValueError(f"unknown library {request['library']}")
    match request.get("op"):
        case "sign":
            return sign(request)
        case "verify":
            return verify(request)
        case "algorithms":
            return {"algorithms": [name for name in CANDIDATES if supports(name)]}
        case other:
            raise ValueError(f"unknown op {other}")


def describe(error):
    return f"{type(error).__name__}: {error}"


def safely(request):
    try:
        return answer(request)
    except Exception as error:  # the caller decides what a failure means
        return {"error": describe(error)}


def generate(algorithm):
    """Fresh key material in every form in which a request can carry it: pairs of (sign, verify) members."""
    if algorithm.startswith("HS"):
        shared = {"secret_base64url": base64.urlsafe_b64encode(os.urandom(64)).rstrip(b"=").decode()}
        return [(shared, shared)]
    if algorithm in CURVES:
        private, to_jwk = ec.generate_private_key(CURVES[algorithm]()), ECAlgorithm.to_jwk
    elif algorithm[:2] in ("RS", "PS"):
        private, to_jwk = rsa.generate_private_key(public_exponent=65537, key_size=2048), RSAAlgorithm.to_jwk
    elif algorithm in ("EdDSA", "Ed25519"):
        private, to_jwk = ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm.to_jwk
    elif algorithm == "Ed448":
        private, to_jwk = ed448.Ed448PrivateKey.generate(), OKPAlgorithm.to_jwk
    else:
        from cryptography.hazmat.primitives.asymmetric import mldsa  # not in every build

        private = getattr(mldsa, algorithm.replace("ML-DSA-", "MLDSA") + "PrivateKey").generate()
        to_jwk = None
    public = private.public_key()
    pem = (
        {
            "private_pem": private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode()
        },
        {
            "public_pem": public.public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ).decode()
        },
    )
    if to_jwk is None:
        return [pem]
    return [({"private_jwk": to_jwk(private, as_dict=True)}, {"public_jwk": to_jwk(public, as_dict=True)}), pem]


def supports(algorithm):
    try:
        signer, verifier = generate(algorithm)[0]
        token = answer({"op": "sign", "algorithm": algorithm, **signer, "claims": {"sub": "alice"}})["token"]
        outcome = answer({"op": "verify", "algorithm": algorithm, **verifier, "token": token})
        return outcome["valid"] and jwt.get_unverified_header(token)["alg"] == algorithm
    except Exception:
        return False


def check(condition, *what):
    # Not `assert`, which python -O removes.
    if not condition:
        sys.exit(f"self-test failed: {what}")


def self_test():
    algorithms = safely({"op": "algorithms"})["algorithms"]
    check("RS256" in algorithms and "ES256" in algorithms, algorithms)
    claims = {"iss": "https://id.example.com/", "aud": "api", "sub": "alice", "exp": 4102444800}
    for algorithm in algorithms:
        for signer, verifier in generate(algorithm):
            what = (algorithm, list(signer))
            request = {"op": "sign", "algorithm": algorithm, **signer, "claims": claims, "header": {"kid": "k1"}}
            signed = safely(request)
            check("token" in signed, what, signed)
            token = signed["token"]
            check(jwt.get_unverified_header(token)["kid"] == "k1", what)

            expected = {"issuer": claims["iss"], "audience": "api"}
            ask = {"op": "verify", "algorithm": algorithm, **verifier, **expected, "token": token}
            accepted = safely(ask)
            check(accepted == {"valid": True, "claims": claims}, what, accepted)

            head, payload, signature = token.split(".")
            other = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "mallory"}).encode())
            tampered = f"{head}.{other.rstrip(b'=').decode()}.{signature}"
            check(tampered != token, what)
            for change in ({"token": tampered}, {"audience": "other"}, {"issuer": "https://x.example/"}):
                check(safely({**ask, **change}).get("valid") is False, what, change)
    check("error" in safely({"op": "sign", "library": "other"}), "unknown library")
    check("error" in safely({"op": "sign", "algorithm": "HS256", "claims": {}}), "no key")


def main():
    if "--self-test" in sys.argv:
        self_test()
        return
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            request = json.loads(line)
        except ValueError as error:
            response = {"error": describe(error)}
        else:
            response = safely(request)
        print(json.dumps(response), flush=True)


main()
