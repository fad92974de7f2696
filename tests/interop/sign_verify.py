"""Signs and verifies with PyJWT. One JSON request a line on stdin, one JSON answer a line on stdout; the
protocol is in README.md. `--self-test` checks this file instead."""

import base64
import json
import os
import platform
import sys

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm

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
    if request.get("jwks"):
        return jwt.PyJWKSet.from_dict(request["jwks"])[jwt.get_unverified_header(request["token"])["kid"]]
    jwk = request.get("private_jwk") or request.get("public_jwk")
    if jwk:
        return jwt.PyJWK(jwk, algorithm=request["algorithm"])
    pem = request.get("private_pem") or request.get("public_pem")
    if pem:
        return pem
    return decode(request["secret_base64url"])


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def verify(request):
    try:
        key = key_of(request)
    except KeyError as error:  # how PyJWKSet says that it has no key of that name
        if not request.get("jwks"):
            raise
        return {"valid": False, "error": describe(error)}
    # Members that the request leaves out stay at PyJWT's defaults: those are its verdict.
    expected = {name: request[name] for name in ("issuer", "audience") if request.get(name) is not None}
    try:
        claims = jwt.decode(request["token"], key, algorithms=[request["algorithm"]], **expected)
    except jwt.PyJWTError as error:
        return {"valid": False, "error": describe(error)}
    return {"valid": True, "claims": claims}


def sign(request):
    how = {"algorithm": request["algorithm"], "headers": request.get("header")}
    if "claims_text" in request:
        return {"token": jwt.PyJWS().encode(request["claims_text"].encode(), key_of(request), **how)}
    return {"token": jwt.encode(request["claims"], key_of(request), **how)}


# RSASSA-PSS by cryptography itself, for salts that PyJWT does not make, and to measure those that it makes.
def pss(algorithm, salt_length):
    digest = getattr(hashes, "SHA" + algorithm[2:])()
    return padding.PSS(mgf=padding.MGF1(digest), salt_length=salt_length), digest


def sign_with_salt(request):
    head = {**request.get("header", {}), "alg": request["algorithm"]}
    text = ".".join(encode(json.dumps(part).encode()) for part in (head, request["claims"]))
    key = serialization.load_pem_private_key(request["private_pem"].encode(), password=None)
    return {"token": f"{text}.{encode(key.sign(text.encode(), *pss(request['algorithm'], request['salt_length'])))}"}


def salt_length(request):
    text, _, signature = request["token"].rpartition(".")
    key = serialization.load_pem_public_key(request["public_pem"].encode())
    # The longest salt is the modulus less the hash and two bytes; longer ones are refused, not an error.
    for length in range(256):
        try:
            key.verify(decode(signature), text.encode(), *pss(request["algorithm"], length))
        except InvalidSignature:
            continue
        return {"salt_length": length}
    raise ValueError("no salt length fits the signature")


def algorithms():
    reasons = {name: obstacle(name) for name in CANDIDATES}
    return {
        "algorithms": [name for name, reason in reasons.items() if reason is None],
        "absent": {name: reason for name, reason in reasons.items() if reason is not None},
    }


def answer(request):
    if request.get("library", "PyJWT") != "PyJWT":
        raise ValueError(f"unknown library {request['library']}")
    match request.get("op"):
        case "about":
            runtime = f"{platform.python_implementation()} {platform.python_version()}"
            return {"library": "PyJWT", "version": jwt.__version__, "runtime": runtime}
        case "generate":
            return {"keys": generate(request["algorithm"])}
        case "thumbprint":
            raise ValueError("PyJWT knows no thumbprint")
        case "sign":
            return sign(request)
        case "sign_with_salt":
            return sign_with_salt(request)
        case "salt_length":
            return salt_length(request)
        case "verify":
            return verify(request)
        case "algorithms":
            return algorithms()
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
    """Fresh key material in every form in which a request can carry it."""
    if algorithm.startswith("HS"):
        secret = os.urandom(64)
        text, jwk = {"secret_base64url": encode(secret)}, HMACAlgorithm.to_jwk(secret, as_dict=True)
        return [
            {"form": "secret", "sign": text, "verify": text},
            {"form": "jwk", "sign": {"private_jwk": jwk}, "verify": {"public_jwk": jwk}},
        ]
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
    pkcs8 = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    spki = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    made = [{"form": "pem", "sign": {"private_pem": pkcs8.decode()}, "verify": {"public_pem": spki.decode()}}]
    if to_jwk is not None:
        jwk = {"private_jwk": to_jwk(private, as_dict=True)}
        made.append({"form": "jwk", "sign": jwk, "verify": {"public_jwk": to_jwk(public, as_dict=True)}})
    return made


def obstacle(algorithm):
    """Why PyJWT cannot sign and verify with the algorithm; nothing where it can."""
    try:
        key = generate(algorithm)[0]
        token = answer({"op": "sign", "algorithm": algorithm, **key["sign"], "claims": {"sub": "alice"}})["token"]
        outcome = answer({"op": "verify", "algorithm": algorithm, **key["verify"], "token": token})
        found = jwt.get_unverified_header(token)["alg"]
        if not outcome["valid"]:
            return outcome["error"]
        return None if found == algorithm else f"signed with alg {found}"
    except Exception as error:
        return describe(error)


def check(condition, *what):
    # Not `assert`, which python -O removes.
    if not condition:
        sys.exit(f"self-test failed: {what}")


def self_test():
    works = safely({"op": "algorithms"})["algorithms"]
    check("RS256" in works and "ES256" in works, works)
    claims = {"iss": "https://id.example.com/", "aud": "api", "sub": "alice", "exp": 4102444800}
    for algorithm in works:
        for key in generate(algorithm):
            what, signer, verifier = (algorithm, key["form"]), key["sign"], key["verify"]
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
            response = {"id": request.get("id"), **safely(request)}
        print(json.dumps(response), flush=True)


main()
