"""PyJWT, of PyPI. It makes no keys: cryptography does."""

import time
from datetime import datetime
from functools import cache

import jwt
import jwt.api_jwt
import made_keys
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm
from protocol import Library, Refused, decode, describe, drive, head_of

WRITERS = {"RS": RSAAlgorithm, "PS": RSAAlgorithm, "ES": ECAlgorithm, "Ed": OKPAlgorithm}


class Clock(datetime):
    """By which PyJWT judges tokens; its caches go by `time.monotonic`."""

    time = None

    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(cls.time, tz)

    @classmethod
    def set(cls, now):
        cls.time = now
        jwt.api_jwt.datetime = cls
        time.monotonic = lambda: now


@cache
def client(address, **knobs):
    """Fetches the set at an address and keeps it for as long as the library does by itself."""
    return jwt.PyJWKClient(address, **knobs)


def key_of(request):
    """The request's key, given to PyJWT in the form in which it came."""
    if request.get("jwks_uri"):
        Clock.set(request["now"])
        return client(request["jwks_uri"], **request.get("knobs", {})).get_signing_key_from_jwt(request["token"])
    if request.get("jwks"):
        return jwt.PyJWKSet.from_dict(request["jwks"])[head_of(request["token"])["kid"]]
    jwk = request.get("private_jwk") or request.get("public_jwk")
    if jwk:
        return jwt.PyJWK(jwk, algorithm=request["algorithm"])
    return request.get("private_pem") or request.get("public_pem") or decode(request["secret_base64url"])


def verify(request):
    try:
        key = key_of(request)
    except jwt.PyJWKClientError as error:
        raise Refused(describe(error)) from error
    except KeyError as error:  # how PyJWKSet says that it has no key of that name
        if not request.get("jwks"):
            raise
        raise Refused(describe(error)) from error
    # Members that the request leaves out stay at PyJWT's defaults: those are its verdict.
    expected = {name: request[name] for name in ("issuer", "audience") if request.get(name) is not None}
    try:
        return jwt.decode(request["token"], key, algorithms=[request["algorithm"]], **expected)
    except jwt.PyJWTError as error:
        raise Refused(describe(error)) from error


def sign(request):
    how = {"algorithm": request["algorithm"], "headers": request.get("header")}
    return jwt.encode(request["claims"], key_of(request), **how)


def sign_text(request):
    how = {"algorithm": request["algorithm"], "headers": request.get("header")}
    return jwt.PyJWS().encode(request["claims_text"].encode(), key_of(request), **how)


def generate(algorithm):
    if algorithm.startswith("HS"):
        secret = made_keys.secret()
        jwk = HMACAlgorithm.to_jwk(secret, as_dict=True)
        return [
            made_keys.as_secret(secret),
            {"form": "jwk", "sign": {"private_jwk": jwk}, "verify": {"public_jwk": jwk}},
        ]
    private = made_keys.private_key(algorithm)
    made, writer = [made_keys.as_pem(private)], WRITERS.get(algorithm[:2])
    if writer is not None:
        jwk = {"private_jwk": writer.to_jwk(private, as_dict=True)}
        public = {"public_jwk": writer.to_jwk(private.public_key(), as_dict=True)}
        made.append({"form": "jwk", "sign": jwk, "verify": public})
    return made


drive(Library("PyJWT", jwt.__version__, sign, sign_text, verify, generate))
