// fast-jwt, of npm. It reads PEM and raw secrets, knows no JWK, makes no keys, and signs objects only.

import { createSigner, createVerifier, TokenError } from "fast-jwt";
import { generate } from "./node_keys.mjs";
import { drive, secret } from "./protocol.mjs";

await drive({
  name: "fast-jwt",
  checks: ["issuer", "audience"],
  key: (request) => request.private_pem ?? request.public_pem ?? secret(request),
  generate: (algorithm) => generate(algorithm, "pem"),
  // Its option `noTimestamp` also drops an `iat` that is given; claims without one get one.
  sign: (algorithm, key, claims, header) =>
    createSigner({ key, algorithm, header, noTimestamp: claims.iat === undefined })(claims),
  refuses: (error) => error instanceof TokenError,
  verify: (algorithm, key, token, { issuer, audience }) =>
    createVerifier({ key, algorithms: [algorithm], allowedIss: issuer, allowedAud: audience })(token),
});
