// Signs and verifies with the JWT libraries of Node.js. One JSON request a line on stdin, one JSON answer a
// line on stdout; the protocol is in README.md. `--self-test` checks this file instead.

import assert from "node:assert/strict";
import * as crypto from "node:crypto";
import { createInterface } from "node:readline";
import * as jose from "jose";
import jsonwebtoken from "jsonwebtoken";

// Names to try. What a library supports is what it can sign and verify, not what it says.
const CANDIDATES = [
  "HS256", "HS384", "HS512",
  "RS256", "RS384", "RS512",
  "PS256", "PS384", "PS512",
  "ES256", "ES384", "ES512", "ES256K",
  "EdDSA", "Ed25519", "Ed448",
  "ML-DSA-44", "ML-DSA-65", "ML-DSA-87",
];

const secret = (request) => Buffer.from(request.secret_base64url, "base64url");

const libraries = {
  jose: {
    // A JWK is handed over as it is, so that the library's own reader sees it.
    key: ({ algorithm, private_jwk, private_pem, public_jwk, public_pem, ...rest }) => {
      if (private_jwk ?? public_jwk) return private_jwk ?? public_jwk;
      if (private_pem) return jose.importPKCS8(private_pem, algorithm);
      if (public_pem) return jose.importSPKI(public_pem, algorithm);
      return secret(rest);
    },
    sign: (algorithm, key, claims, header) =>
      new jose.SignJWT(claims).setProtectedHeader({ ...header, alg: algorithm }).sign(key),
    verify: async (algorithm, key, token, expected) =>
      (await jose.jwtVerify(token, key, { algorithms: [algorithm], ...expected })).payload,
  },
  jsonwebtoken: {
    // Knows no JWK: Node.js itself reads those for it.
    key: ({ private_jwk, private_pem, public_jwk, public_pem, ...rest }) => {
      if (private_jwk) return crypto.createPrivateKey({ key: private_jwk, format: "jwk" });
      if (public_jwk) return crypto.createPublicKey({ key: public_jwk, format: "jwk" });
      return private_pem ?? public_pem ?? secret(rest);
    },
    sign: (algorithm, key, claims, header) =>
      jsonwebtoken.sign(claims, key, { algorithm, header: { ...header, alg: algorithm }, noTimestamp: true }),
    verify: (algorithm, key, token, expected) =>
      jsonwebtoken.verify(token, key, { algorithms: [algorithm], ...expected }),
  },
};

// Members that the request leaves out are left out of the library's options too: its defaults are its verdict.
const present = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value != null));

async function answer(request) {
  const name = request.library ?? "jose";
  if (!Object.hasOwn(libraries, name)) throw new Error(`unknown library ${name}`);
  const library = libraries[name];
  const { op, algorithm, claims, header, token, issuer, audience } = request;
  switch (op) {
    case "sign":
      return { token: await library.sign(algorithm, await library.key(request), claims, header ?? {}) };
    case "verify": {
      const key = await library.key(request);
      try {
        return { valid: true, claims: await library.verify(algorithm, key, token, present({ issuer, audience })) };
      } catch (error) {
        return { valid: false, error: `${error.code ?? error.name}: ${error.message}` };
      }
    }
    case "algorithms": {
      const works = [];
      for (const candidate of CANDIDATES) if (await supports(name, candidate)) works.push(candidate);
      return { algorithms: works };
    }
    default:
      throw new Error(`unknown op ${op}`);
  }
}

async function safely(request) {
  try {
    return await answer(request);
  } catch (error) {
    return { error: `${error.code ?? error.name}: ${error.message}` };
  }
}

// Fresh key material for one algorithm, in every form in which a request can carry it; throws where this
// Node.js cannot make such a key.
function generate(algorithm) {
  if (algorithm.startsWith("HS")) {
    const shared = { secret_base64url: crypto.randomBytes(64).toString("base64url") };
    return [{ sign: shared, verify: shared }];
  }
  const curves = { ES256: "P-256", ES384: "P-384", ES512: "P-521", ES256K: "secp256k1" };
  const { privateKey, publicKey } =
    algorithm in curves
      ? crypto.generateKeyPairSync("ec", { namedCurve: curves[algorithm] })
      : /^[RP]S/.test(algorithm)
        ? crypto.generateKeyPairSync("rsa", { modulusLength: 2048 })
        : crypto.generateKeyPairSync(algorithm === "EdDSA" ? "ed25519" : algorithm.toLowerCase());
  return [
    {
      sign: { private_jwk: privateKey.export({ format: "jwk" }) },
      verify: { public_jwk: publicKey.export({ format: "jwk" }) },
    },
    {
      sign: { private_pem: privateKey.export({ format: "pem", type: "pkcs8" }) },
      verify: { public_pem: publicKey.export({ format: "pem", type: "spki" }) },
    },
  ];
}

async function supports(library, algorithm) {
  try {
    const [{ sign, verify }] = generate(algorithm);
    const { token } = await answer({ op: "sign", library, algorithm, ...sign, claims: { sub: "alice" } });
    const { valid } = await answer({ op: "verify", library, algorithm, ...verify, token });
    return valid && JSON.parse(Buffer.from(token.split(".")[0], "base64url")).alg === algorithm;
  } catch {
    return false;
  }
}

async function selfTest() {
  for (const library of Object.keys(libraries)) {
    const { algorithms } = await safely({ op: "algorithms", library });
    assert.ok(algorithms.includes("RS256") && algorithms.includes("ES256"), `${library}: ${algorithms}`);
    for (const algorithm of algorithms) {
      for (const { sign, verify } of generate(algorithm)) {
        const what = `${library} ${algorithm} ${Object.keys(sign)}`;
        const claims = { iss: "https://id.example.com/", aud: "api", sub: "alice", exp: 4102444800 };
        const signed = await safely({ op: "sign", library, algorithm, ...sign, claims, header: { kid: "k1" } });
        assert.ok(signed.token, `${what}: ${signed.error}`);
        const [head, payload, signature] = signed.token.split(".");
        assert.equal(JSON.parse(Buffer.from(head, "base64url")).kid, "k1", what);

        const ask = (token, expected) =>
          safely({ op: "verify", library, algorithm, ...verify, token, issuer: claims.iss, audience: "api", ...expected });
        const accepted = await ask(signed.token);
        assert.equal(accepted.valid, true, `${what}: ${JSON.stringify(accepted)}`);
        assert.deepEqual(accepted.claims, claims, what);
        const other = Buffer.from(JSON.stringify({ ...claims, sub: "mallory" })).toString("base64url");
        assert.notEqual(other, payload);
        assert.equal((await ask(`${head}.${other}.${signature}`)).valid, false, `${what}: tampered`);
        assert.equal((await ask(signed.token, { audience: "other" })).valid, false, `${what}: audience`);
        assert.equal((await ask(signed.token, { issuer: "https://x.example/" })).valid, false, `${what}: issuer`);
      }
    }
  }
  assert.ok((await safely({ op: "sign", library: "toString" })).error);
  assert.ok((await safely({ op: "sign", algorithm: "HS256", claims: {} })).error);
}

if (process.argv.includes("--self-test")) {
  await selfTest();
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "") continue;
    let response;
    try {
      const request = JSON.parse(line);
      response = await safely(request ?? {});
    } catch (error) {
      response = { error: `${error.name}: ${error.message}` };
    }
    process.stdout.write(`${JSON.stringify(response)}\n`);
  }
}
