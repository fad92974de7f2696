"""The command `jose` of latchset, of Debian's package `jose`. It knows JWS and JWK: no PEM, no raw secret, no claim."""

import json
from functools import cache

from command import debian_version, file_of, output, run, words_of
from protocol import Library, Refused, drive


def key_of(request):
    return file_of(json.dumps(next(request[name] for name in ("private_jwk", "public_jwk", "jwks") if name in request)).encode())


def sign(request):
    return sign_text({**request, "claims_text": json.dumps(request["claims"])})


def sign_text(request):
    head = json.dumps({"protected": {**request.get("header", {}), "alg": request["algorithm"]}})
    words = ("jose", "jws", "sig", "-I", "-", "-s", head, "-k", key_of(request), "-c", "-o", "-")
    return output(*words, given=request["claims_text"].encode()).decode().strip()


def verify(request):
    words = ("jose", "jws", "ver", "-i", "-", "-k", key_of(request), "-O", "-")
    process = run(*words, given=request["token"].encode())
    if process.returncode != 0:
        # Before its last line it says why each key of a set does not go with the token.
        raise Refused(words_of(process).splitlines()[-1])
    # Whether that is claims is not its business.
    try:
        return json.loads(process.stdout)
    except ValueError:
        return None


def private_key(algorithm):
    return output("jose", "jwk", "gen", "-i", json.dumps({"alg": algorithm}))


# The algorithm stands in the key, so that none serves two; making one of RSA takes a third of a second.
kept = cache(private_key)


def generate(algorithm):
    private = json.loads((kept if algorithm[:2] in ("RS", "PS") else private_key)(algorithm))
    public = private if algorithm.startswith("HS") else public_half(private)
    return [{"form": "jwk", "sign": {"private_jwk": private}, "verify": {"public_jwk": public}}]


def public_half(private):
    return json.loads(output("jose", "jwk", "pub", "-i", "-", given=json.dumps(private).encode()))


def thumbprint(public):
    return output("jose", "jwk", "thp", "-i", "-", given=json.dumps(public).encode()).decode().strip()


drive(
    Library(
        "latchset-jose",
        debian_version("jose"),
        sign,
        sign_text,
        verify,
        generate,
        thumbprint,
        checks=(),
        runtime="Debian's command jose",
    )
)
