"""Authlib, of PyPI: its module `authlib.jose`, which it has for compatibility beside joserfc."""

import warnings

import authlib
import authlib.deprecate  # which has its warnings shown always

warnings.simplefilter("ignore")

from authlib.jose import JsonWebKey, JsonWebSignature, JsonWebToken
from authlib.jose.errors import JoseError
from protocol import Library, Refused, both, decode, describe, drive, head_of, sharing_rsa

TYPES = {"HS": ("oct", 512), "RS": ("RSA", 2048), "PS": ("RSA", 2048)}
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "secp256k1"}

# Of a coordinate in base64url.
SIZES = {"P-256": 43, "P-384": 64, "P-521": 88, "secp256k1": 43}


def type_of(algorithm):
    if algorithm.startswith("ES"):
        return "EC", CURVES[algorithm]
    if algorithm.startswith("Ed"):
        return "OKP", "Ed448" if algorithm == "Ed448" else "Ed25519"
    return TYPES[algorithm[:2]]


def key_of(request):
    if request.get("jwks"):
        return JsonWebKey.import_key_set(request["jwks"])
    for name in ("private_jwk", "public_jwk"):
        if request.get(name):
            return JsonWebKey.import_key(request[name])
    pem = request.get("private_pem") or request.get("public_pem")
    if pem:
        return JsonWebKey.import_key(pem, {"kty": type_of(request["algorithm"])[0]})
    return JsonWebKey.import_key(decode(request["secret_base64url"]), {"kty": "oct"})


def header_of(request):
    return {**request.get("header", {}), "alg": request["algorithm"]}


def sign(request):
    token = JsonWebToken([request["algorithm"]]).encode(header_of(request), request["claims"], key_of(request))
    return token.decode()


def sign_text(request):
    signer = JsonWebSignature([request["algorithm"]])
    return signer.serialize_compact(header_of(request), request["claims_text"], key_of(request)).decode()


def verify(request):
    expected = {"iss": request.get("issuer"), "aud": request.get("audience")}
    rules = {name: {"essential": True, "value": value} for name, value in expected.items() if value is not None}
    key = key_of(request)
    try:
        if request.get("jwks"):
            key = key.find_by_kid(head_of(request["token"])["kid"])
    except ValueError as error:  # how it says that the set has no key of that name
        raise Refused(describe(error)) from error
    try:
        claims = JsonWebToken([request["algorithm"]]).decode(request["token"], key, claims_options=rules)
        claims.validate()
    except JoseError as error:
        raise Refused(describe(error)) from error
    return claims


def generate(algorithm):
    # It leaves out leading zeros of `x`, `y` and `d` (RFC 7518 §6.2.1.2 and §6.2.2.1 keep them): `generate_short`.
    while is_short(made := generate_any(algorithm)):
        pass
    return made


def generate_short(algorithm):
    while not is_short(made := generate_any(algorithm)):
        pass
    return made


def is_short(made):
    jwk = made[0]["sign"].get("private_jwk", {})
    return any(len(jwk[name]) != SIZES[jwk["crv"]] for name in ("x", "y", "d")) if jwk.get("kty") == "EC" else False


@sharing_rsa
def generate_any(algorithm):
    made = JsonWebKey.generate_key(*type_of(algorithm), is_private=True)
    # The name that it gives to every key it writes would take the place of the `kid` that a token is to have.
    private, public = (without_kid(made.as_dict(is_private=private)) for private in (True, False))
    if algorithm.startswith("HS"):
        jwk = {"form": "jwk", "sign": {"private_jwk": private}, "verify": {"public_jwk": private}}
        return [both("secret", {"secret_base64url": private["k"]}), jwk]
    pem = {"private_pem": made.as_pem(is_private=True).decode()}
    return [
        {"form": "jwk", "sign": {"private_jwk": private}, "verify": {"public_jwk": public}},
        {"form": "pem", "sign": pem, "verify": {"public_pem": made.as_pem(is_private=False).decode()}},
    ]


def without_kid(jwk):
    return {name: value for name, value in jwk.items() if name != "kid"}


def thumbprint(public):
    return JsonWebKey.import_key(public).thumbprint()


drive(Library("Authlib", authlib.__version__, sign, sign_text, verify, generate, thumbprint, generate_short))
