// Keys by Node.js, for the libraries that make none and whose users take Node.js.

import * as crypto from "node:crypto";
import { both } from "./protocol.mjs";

// A key pair of Node.js; throws where this version cannot make one for the algorithm.
function keyPair(algorithm) {
  const curves = { ES256: "P-256", ES384: "P-384", ES512: "P-521", ES256K: "secp256k1" };
  if (Object.hasOwn(curves, algorithm)) return crypto.generateKeyPairSync("ec", { namedCurve: curves[algorithm] });
  if (/^[RP]S/.test(algorithm)) return crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
  return crypto.generateKeyPairSync(algorithm === "EdDSA" ? "ed25519" : algorithm.toLowerCase());
}

/** A fresh key, in the forms that are asked for. */
export function generate(algorithm, ...forms) {
  if (algorithm.startsWith("HS")) {
    return [both("secret", { secret_base64url: crypto.randomBytes(64).toString("base64url") })];
  }
  const { privateKey, publicKey } = keyPair(algorithm);
  const write = {
    jwk: () => ({
      sign: { private_jwk: privateKey.export({ format: "jwk" }) },
      verify: { public_jwk: publicKey.export({ format: "jwk" }) },
    }),
    pem: () => ({
      sign: { private_pem: privateKey.export({ format: "pem", type: "pkcs8" }) },
      verify: { public_pem: publicKey.export({ format: "pem", type: "spki" }) },
    }),
  };
  return forms.map((form) => ({ form, ...write[form]() }));
}
