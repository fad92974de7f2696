"""RSASSA-PSS by cryptography itself, for salts that no JWT library makes, and to measure those that they make."""

import json

import protocol
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding


def pss(algorithm, salt_length):
    digest = getattr(hashes, "SHA" + algorithm[2:])()
    return padding.PSS(mgf=padding.MGF1(digest), salt_length=salt_length), digest


def sign_with_salt(request):
    algorithm, salt = request["algorithm"], request["salt_length"]
    head = {**request.get("header", {}), "alg": algorithm}
    text = ".".join(protocol.encode(json.dumps(part).encode()) for part in (head, request["claims"]))
    key = serialization.load_pem_private_key(request["private_pem"].encode(), password=None)
    return f"{text}.{protocol.encode(key.sign(text.encode(), *pss(algorithm, salt)))}"


def salt_length(request):
    text, _, signature = request["token"].rpartition(".")
    key = serialization.load_pem_public_key(request["public_pem"].encode())
    # The longest salt is the modulus less the hash and two bytes; longer ones are refused, not an error.
    for length in range(256):
        try:
            key.verify(protocol.decode(signature), text.encode(), *pss(request["algorithm"], length))
        except InvalidSignature:
            continue
        return length
    raise ValueError("no salt length fits the signature")
