// jwks-rsa, of npm: a client of JWK sets, which fetches ours from a server on loopback and picks the key by `kid`.
// It neither signs nor verifies; jsonwebtoken does that for it, as its documentation has it.

import * as crypto from "node:crypto";
import jsonwebtoken from "jsonwebtoken";
import jwksClient from "jwks-rsa";
import { once, serveKeys } from "./loopback.mjs";
import { generate } from "./node_keys.mjs";
import { drive } from "./protocol.mjs";

// One client for each set, as an application has it; but no cache of keys, so that each token asks for its own.
const client = once(async (jwks) => jwksClient({ jwksUri: await serveKeys(jwks), cache: false }));

await drive({
  name: "jwks-rsa",
  checks: ["issuer", "audience"],
  key: ({ private_jwk, jwks }) =>
    private_jwk ? crypto.createPrivateKey({ key: private_jwk, format: "jwk" }) : client(jwks),
  generate: (algorithm) => {
    const [{ sign, verify }] = generate(algorithm, "jwk");
    return [{ form: "jwk", sign, verify: { jwks: { keys: [{ ...verify.public_jwk, kid: "k1", alg: algorithm }] } } }];
  },
  sign: (algorithm, key, claims, header) =>
    jsonwebtoken.sign(claims, key, { algorithm, header: { ...header, alg: algorithm }, noTimestamp: true }),
  refuses: (error) =>
    error instanceof jsonwebtoken.JsonWebTokenError || error instanceof jwksClient.SigningKeyNotFoundError,
  verify: async (algorithm, keys, token, expected) => {
    const { header } = jsonwebtoken.decode(token, { complete: true });
    const key = await keys.getSigningKey(header.kid);
    return jsonwebtoken.verify(token, key.getPublicKey(), { algorithms: [algorithm], ...expected });
  },
});
