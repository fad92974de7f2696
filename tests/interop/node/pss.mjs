// RSASSA-PSS by Node.js itself, for salts that no JWT library makes, and to measure those that they make.

import * as crypto from "node:crypto";

const pss = (key, saltLength) => ({ key, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength });
const hash = (algorithm) => `sha${algorithm.slice(2)}`;

export function signWithSalt({ algorithm, private_pem, claims, header, salt_length }) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const input = `${encode({ ...header, alg: algorithm })}.${encode(claims)}`;
  const signature = crypto.sign(hash(algorithm), Buffer.from(input), pss(private_pem, salt_length));
  return `${input}.${signature.toString("base64url")}`;
}

export function saltLength({ algorithm, public_pem, token }) {
  const [head, payload, signature] = token.split(".");
  const fits = (length) =>
    crypto.verify(
      hash(algorithm),
      Buffer.from(`${head}.${payload}`),
      pss(public_pem, length),
      Buffer.from(signature, "base64url"),
    );
  // The longest salt is the modulus less the hash and two bytes; longer ones are refused, not an error.
  for (let length = 0; length < 256; length += 1) if (fits(length)) return length;
  throw new Error("no salt length fits the signature");
}
