// jose, of npm.

import { mock } from "node:test";
import * as jose from "jose";
import { once } from "./loopback.mjs";
import { both, drive, secret, sharingRsa } from "./protocol.mjs";

// The set at an address, fetched and kept for as long as the library does by itself.
const fetched = once((address) => jose.createRemoteJWKSet(new URL(address)));

/** From now on it is this time, in seconds since the Unix epoch. */
function itIs(now) {
  mock.timers.reset();
  mock.timers.enable({ apis: ["Date"], now: now * 1000 });
}

await drive({
  name: "jose",
  checks: ["issuer", "audience"],
  // A JWK is handed over as it is, so that the library's own reader sees it.
  key: (request) => {
    const { algorithm, private_jwk, private_pem, public_jwk, public_pem, jwks, jwks_uri, now } = request;
    if (jwks_uri) {
      itIs(now);
      return fetched(jwks_uri);
    }
    if (jwks) return jose.createLocalJWKSet(jwks);
    if (private_jwk ?? public_jwk) return private_jwk ?? public_jwk;
    if (private_pem) return jose.importPKCS8(private_pem, algorithm);
    if (public_pem) return jose.importSPKI(public_pem, algorithm);
    return secret(request);
  },
  // Every half and form as the library itself makes and writes it.
  generate: sharingRsa(async (algorithm) => {
    if (algorithm.startsWith("HS")) {
      const jwk = await jose.exportJWK(await jose.generateSecret(algorithm, { extractable: true }));
      return [
        both("secret", { secret_base64url: jwk.k }),
        { form: "jwk", sign: { private_jwk: jwk }, verify: { public_jwk: jwk } },
      ];
    }
    const { privateKey, publicKey } = await jose.generateKeyPair(algorithm, { extractable: true });
    return [
      {
        form: "jwk",
        sign: { private_jwk: await jose.exportJWK(privateKey) },
        verify: { public_jwk: await jose.exportJWK(publicKey) },
      },
      {
        form: "pem",
        sign: { private_pem: await jose.exportPKCS8(privateKey) },
        verify: { public_pem: await jose.exportSPKI(publicKey) },
      },
    ];
  }),
  thumbprint: (jwk) => jose.calculateJwkThumbprint(jwk),
  sign: (algorithm, key, claims, header) =>
    new jose.SignJWT(claims).setProtectedHeader({ ...header, alg: algorithm }).sign(key),
  sign_text: (algorithm, key, text, header) =>
    new jose.CompactSign(Buffer.from(text)).setProtectedHeader({ ...header, alg: algorithm }).sign(key),
  refuses: (error) => error instanceof jose.errors.JOSEError,
  verify: async (algorithm, key, token, expected) =>
    (await jose.jwtVerify(token, key, { algorithms: [algorithm], ...expected })).payload,
});
