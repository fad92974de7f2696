"""The command `jwt` of golang-jwt, of Debian's package `jwt`. It reads PEM and raw secrets, makes no keys, signs claims
as it writes them, and compares neither issuer nor audience."""

import json

import made_keys
from command import debian_version, file_of, output, run, words_of
from protocol import Library, Refused, decode, drive


def key_of(request):
    pem = request.get("private_pem") or request.get("public_pem")
    return file_of(pem.encode() if pem else decode(request["secret_base64url"]))


def command(request, what):
    return ["jwt", "-alg", request["algorithm"], "-key", key_of(request), what, "-"]


def sign(request):
    header = [word for name, value in request.get("header", {}).items() for word in ("-header", f"{name}={value}")]
    return output(*command(request, "-sign"), *header, given=json.dumps(request["claims"]).encode()).decode().strip()


def verify(request):
    process = run(*command(request, "-verify"), "-compact", given=request["token"].encode())
    if process.returncode != 0:
        raise Refused(words_of(process))
    return json.loads(process.stdout)


def generate(algorithm):
    if algorithm.startswith("HS"):
        return [made_keys.as_secret(made_keys.secret())]
    return [made_keys.as_pem(made_keys.private_key(algorithm))]


drive(
    Library(
        "golang-jwt",
        debian_version("jwt"),
        sign=sign,
        verify=verify,
        generate=generate,
        checks=(),
        runtime="Debian's command jwt",
    )
)
