"""Keys made by cryptography, for the libraries that make none."""

import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from protocol import both, encode, sharing_rsa

CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1, "ES256K": ec.SECP256K1}


def secret():
    return os.urandom(64)


def as_secret(key):
    return both("secret", {"secret_base64url": encode(key)})


@sharing_rsa
def private_key(algorithm):
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm]())
    if algorithm[:2] in ("RS", "PS"):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if algorithm in ("EdDSA", "Ed25519"):
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    from cryptography.hazmat.primitives.asymmetric import mldsa  # not in every build

    return getattr(mldsa, algorithm.replace("ML-DSA-", "MLDSA") + "PrivateKey").generate()


def as_pem(private):
    pkcs8 = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key()
    spki = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"form": "pem", "sign": {"private_pem": pkcs8.decode()}, "verify": {"public_pem": spki.decode()}}
