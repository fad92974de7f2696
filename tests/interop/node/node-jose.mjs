// node-jose, of npm. It signs and verifies JWS, and looks at no claim.

import jose from "node-jose";
import { both, drive, secret, sharingRsa } from "./protocol.mjs";

const TYPES = {
  HS256: ["oct", 512], HS384: ["oct", 512], HS512: ["oct", 512],
  ES256: ["EC", "P-256"], ES384: ["EC", "P-384"], ES512: ["EC", "P-521"], ES256K: ["EC", "secp256k1"],
  EdDSA: ["OKP", "Ed25519"], Ed25519: ["OKP", "Ed25519"], Ed448: ["OKP", "Ed448"],
};

const sign_text = (alg, key, text, fields) =>
  jose.JWS.createSign({ format: "compact", fields: { ...fields, alg } }, { key, reference: false }).update(text, "utf8").final();

await drive({
  name: "node-jose",
  checks: [],
  key: (request) => {
    const { private_jwk, private_pem, public_jwk, public_pem, jwks } = request;
    if (jwks) return jose.JWK.asKeyStore(jwks);
    if (private_jwk ?? public_jwk) return jose.JWK.asKey(private_jwk ?? public_jwk);
    if (private_pem ?? public_pem) return jose.JWK.asKey(private_pem ?? public_pem, "pem");
    return jose.JWK.asKey({ kty: "oct", k: secret(request).toString("base64url") });
  },
  // A `kid` of its own would be written into tokens that are to have none.
  generate: sharingRsa(async (algorithm) => {
    const [kty, size] = TYPES[algorithm] ?? (/^[RP]S/.test(algorithm) ? ["RSA", 2048] : ["AKP", algorithm]);
    const made = await jose.JWK.createKey(kty, size, {});
    const [{ kid: _, ...private_jwk }, { kid: __, ...public_jwk }] = [made.toJSON(true), made.toJSON()];
    if (kty === "oct") {
      return [
        both("secret", { secret_base64url: private_jwk.k }),
        { form: "jwk", sign: { private_jwk }, verify: { public_jwk: private_jwk } },
      ];
    }
    return [
      { form: "jwk", sign: { private_jwk }, verify: { public_jwk } },
      { form: "pem", sign: { private_pem: made.toPEM(true) }, verify: { public_pem: made.toPEM() } },
    ];
  }),
  thumbprint: async (jwk) => (await (await jose.JWK.asKey(jwk)).thumbprint("SHA-256")).toString("base64url"),
  sign: (algorithm, key, claims, header) => sign_text(algorithm, key, JSON.stringify(claims), header),
  sign_text,
  // It has no class of its own for errors.
  refuses: (error) => error.constructor === Error,
  verify: async (algorithm, key, token) => {
    const once = () => jose.JWS.createVerify(key, { algorithms: [algorithm] }).verify(token);
    // Seen with 2 of some hundred tokens in one run of many: no verdict, so that it is asked once more.
    const { payload } = await once().catch((error) => {
      if (error.code !== "ERR_BUFFER_OUT_OF_BOUNDS") throw error;
      return once();
    });
    // Whether that is claims is not its business.
    try {
      return JSON.parse(payload);
    } catch {
      return null;
    }
  },
});
