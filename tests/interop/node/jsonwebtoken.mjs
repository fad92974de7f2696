// jsonwebtoken, of npm. It knows no JWK, which Node.js itself reads for it, and makes no keys.

import * as crypto from "node:crypto";
import jsonwebtoken from "jsonwebtoken";
import { generate } from "./node_keys.mjs";
import { drive, secret } from "./protocol.mjs";

await drive({
  name: "jsonwebtoken",
  checks: ["issuer", "audience"],
  key: (request) => {
    const { private_jwk, private_pem, public_jwk, public_pem } = request;
    if (private_jwk) return crypto.createPrivateKey({ key: private_jwk, format: "jwk" });
    if (public_jwk) return crypto.createPublicKey({ key: public_jwk, format: "jwk" });
    return private_pem ?? public_pem ?? secret(request);
  },
  generate: (algorithm) => generate(algorithm, "jwk", "pem"),
  sign: (algorithm, key, claims, header) =>
    jsonwebtoken.sign(claims, key, { algorithm, header: { ...header, alg: algorithm }, noTimestamp: true }),
  sign_text: (algorithm, key, text, header) =>
    jsonwebtoken.sign(text, key, { algorithm, header: { ...header, alg: algorithm } }),
  refuses: (error) => error instanceof jsonwebtoken.JsonWebTokenError,
  verify: (algorithm, key, token, expected) =>
    jsonwebtoken.verify(token, key, { algorithms: [algorithm], ...expected }),
});
