// Keys by Node.js, for the libraries that make none and whose users take Node.js.

import * as crypto from "node:crypto";
import { both, sharingRsa } from "./protocol.mjs";

// A fresh key is never exported as JWK: Node.js 20 then now and then waits for its own lock for ever, where garbage is
// collected at that moment. A key that was read from PEM is exported well.
const PEM = {
  publicKeyEncoding: { format: "pem", type: "spki" },
  privateKeyEncoding: { format: "pem", type: "pkcs8" },
};

/** A fresh key pair, as PEM; throws where this version of Node.js cannot make one for the algorithm. */
export function keyPair(algorithm) {
  const curves = { ES256: "P-256", ES384: "P-384", ES512: "P-521", ES256K: "secp256k1" };
  if (Object.hasOwn(curves, algorithm)) {
    return crypto.generateKeyPairSync("ec", { ...PEM, namedCurve: curves[algorithm] });
  }
  if (/^[RP]S/.test(algorithm)) return crypto.generateKeyPairSync("rsa", { ...PEM, modulusLength: 2048 });
  return crypto.generateKeyPairSync(algorithm === "EdDSA" ? "ed25519" : algorithm.toLowerCase(), PEM);
}

/** The JWK of a key in PEM. */
export const privateJwk = (pem) => crypto.createPrivateKey(pem).export({ format: "jwk" });
export const publicJwk = (pem) => crypto.createPublicKey(pem).export({ format: "jwk" });

const shared = sharingRsa(keyPair);

/** A key, in the forms that are asked for. */
export function generate(algorithm, ...forms) {
  if (algorithm.startsWith("HS")) {
    return [both("secret", { secret_base64url: crypto.randomBytes(64).toString("base64url") })];
  }
  const { privateKey, publicKey } = shared(algorithm);
  const write = {
    jwk: () => ({
      sign: { private_jwk: privateJwk(privateKey) },
      verify: { public_jwk: publicJwk(publicKey) },
    }),
    pem: () => ({ sign: { private_pem: privateKey }, verify: { public_pem: publicKey } }),
  };
  return forms.map((form) => ({ form, ...write[form]() }));
}
