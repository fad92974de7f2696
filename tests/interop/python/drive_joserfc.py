"""joserfc, of PyPI."""

import warnings
from importlib.metadata import version

from joserfc import jwk, jws, jwt
from joserfc.errors import JoseError
from protocol import Library, Refused, both, decode, describe, drive, sharing_rsa

warnings.simplefilter("ignore")  # it says that `EdDSA` is deprecated

TYPES = {"HS": ("oct", 512), "RS": ("RSA", 2048), "PS": ("RSA", 2048), "ML": ("AKP", None)}
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "secp256k1"}


def key_of(request):
    if request.get("jwks"):
        return jwk.KeySet.import_key_set(request["jwks"])
    for name in ("private_jwk", "public_jwk"):
        if request.get(name):
            return jwk.import_key(request[name])
    pem = request.get("private_pem") or request.get("public_pem")
    return jwk.import_key(pem, type_of(request["algorithm"])[0]) if pem else secret(request)


def secret(request):
    return jwk.import_key(decode(request["secret_base64url"]), "oct")


def type_of(algorithm):
    if algorithm.startswith("ES"):
        return "EC", CURVES[algorithm]
    if algorithm.startswith("Ed"):
        return "OKP", "Ed448" if algorithm == "Ed448" else "Ed25519"
    return TYPES[algorithm[:2]]


def sign(request):
    header = {**request.get("header", {}), "alg": request["algorithm"]}
    return jwt.encode(header, request["claims"], key_of(request), algorithms=[request["algorithm"]])


def sign_text(request):
    header = {**request.get("header", {}), "alg": request["algorithm"]}
    return jws.serialize_compact(header, request["claims_text"], key_of(request), algorithms=[request["algorithm"]])


def verify(request):
    expected = {"iss": request.get("issuer"), "aud": request.get("audience")}
    rules = {name: {"essential": True, "value": value} for name, value in expected.items() if value is not None}
    key = key_of(request)
    try:
        token = jwt.decode(request["token"], key, algorithms=[request["algorithm"]])
        jwt.JWTClaimsRegistry(**rules).validate(token.claims)
    except JoseError as error:
        raise Refused(describe(error)) from error
    return token.claims


@sharing_rsa
def generate(algorithm):
    made = jwk.generate_key(*type_of(algorithm), auto_kid=False)
    private = {"private_jwk": made.as_dict(private=True)}
    if algorithm.startswith("HS"):
        return [
            both("secret", {"secret_base64url": private["private_jwk"]["k"]}),
            {"form": "jwk", "sign": private, "verify": {"public_jwk": private["private_jwk"]}},
        ]
    pem = {"public_pem": made.as_pem(private=False).decode()}
    return [
        {"form": "jwk", "sign": private, "verify": {"public_jwk": made.as_dict(private=False)}},
        {"form": "pem", "sign": {"private_pem": made.as_pem(private=True).decode()}, "verify": pem},
    ]


def thumbprint(public):
    return jwk.import_key(public).thumbprint()


drive(Library("joserfc", version("joserfc"), sign, sign_text, verify, generate, thumbprint))
