// Signs and verifies with the JWT libraries of Node.js. One JSON request a line on stdin, one JSON answer a
// line on stdout; the protocol is in README.md. `--self-test` checks this file instead.

import assert from "node:assert/strict";
import * as crypto from "node:crypto";
import { readFileSync } from "node:fs";
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
    key: ({ algorithm, private_jwk, private_pem, public_jwk, public_pem, jwks, ...rest }) => {
      if (jwks) return jose.createLocalJWKSet(jwks);
      if (private_jwk ?? public_jwk) return private_jwk ?? public_jwk;
      if (private_pem) return jose.importPKCS8(private_pem, algorithm);
      if (public_pem) return jose.importSPKI(public_pem, algorithm);
      return secret(rest);
    },
    // Every half and form as the library itself makes and writes it.
    generate: async (algorithm) => {
      if (algorithm.startsWith("HS")) {
        const jwk = await jose.exportJWK(await jose.generateSecret(algorithm, { extractable: true }));
        return [both("secret", { secret_base64url: jwk.k }), { form: "jwk", sign: { private_jwk: jwk }, verify: { public_jwk: jwk } }];
      }
      const { privateKey, publicKey } = await jose.generateKeyPair(algorithm, { extractable: true });
      const made = [{ form: "jwk", sign: { private_jwk: await jose.exportJWK(privateKey) }, verify: { public_jwk: await jose.exportJWK(publicKey) } }];
      made.push({ form: "pem", sign: { private_pem: await jose.exportPKCS8(privateKey) }, verify: { public_pem: await jose.exportSPKI(publicKey) } });
      return made;
    },
    thumbprint: (jwk) => jose.calculateJwkThumbprint(jwk),
    sign: (algorithm, key, claims, header) =>
      new jose.SignJWT(claims).setProtectedHeader({ ...header, alg: algorithm }).sign(key),
    sign_text: (algorithm, key, text, header) =>
      new jose.CompactSign(Buffer.from(text)).setProtectedHeader({ ...header, alg: algorithm }).sign(key),
    verify: async (algorithm, key, token, expected) =>
      (await jose.jwtVerify(token, key, { algorithms: [algorithm], ...expected })).payload,
  },
  jsonwebtoken: {
    // Knows no JWK: Node.js itself reads those for it.
    key: ({ private_jwk, private_pem, public_jwk, public_pem, jwks, ...rest }) => {
      if (jwks) throw new Error("jsonwebtoken reads no JWK set");
      if (private_jwk) return crypto.createPrivateKey({ key: private_jwk, format: "jwk" });
      if (public_jwk) return crypto.createPublicKey({ key: public_jwk, format: "jwk" });
      return private_pem ?? public_pem ?? secret(rest);
    },
    // Makes no keys: its users take Node.js.
    generate: (algorithm) => {
      if (algorithm.startsWith("HS")) {
        return [both("secret", { secret_base64url: crypto.randomBytes(64).toString("base64url") })];
      }
      const { privateKey, publicKey } = keyPair(algorithm);
      return [
        {
          form: "jwk",
          sign: { private_jwk: privateKey.export({ format: "jwk" }) },
          verify: { public_jwk: publicKey.export({ format: "jwk" }) },
        },
        {
          form: "pem",
          sign: { private_pem: privateKey.export({ format: "pem", type: "pkcs8" }) },
          verify: { public_pem: publicKey.export({ format: "pem", type: "spki" }) },
        },
      ];
    },
    thumbprint: () => {
      throw new Error("jsonwebtoken knows no thumbprint");
    },
    sign: (algorithm, key, claims, header) =>
      jsonwebtoken.sign(claims, key, { algorithm, header: { ...header, alg: algorithm }, noTimestamp: true }),
    sign_text: (algorithm, key, text, header) =>
      jsonwebtoken.sign(text, key, { algorithm, header: { ...header, alg: algorithm } }),
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
  const { op, algorithm, claims, claims_text, header, token, issuer, audience } = request;
  switch (op) {
    case "about": {
      const manifest = new URL(`node_modules/${name}/package.json`, import.meta.url);
      return { library: name, version: JSON.parse(readFileSync(manifest)).version, runtime: `Node.js ${process.versions.node}` };
    }
    case "generate":
      return { keys: await library.generate(algorithm) };
    case "thumbprint":
      return { thumbprint: await library.thumbprint(request.public_jwk) };
    case "sign": {
      const key = await library.key(request);
      return {
        token:
          claims_text === undefined
            ? await library.sign(algorithm, key, claims, header ?? {})
            : await library.sign_text(algorithm, key, claims_text, header ?? {}),
      };
    }
    case "sign_with_salt":
      return { token: signWithSalt(request) };
    case "salt_length":
      return { salt_length: saltLength(request) };
    case "verify": {
      const key = await library.key(request);
      try {
        return { valid: true, claims: await library.verify(algorithm, key, token, present({ issuer, audience })) };
      } catch (error) {
        return { valid: false, error: describe(error) };
      }
    }
    case "algorithms": {
      const [algorithms, absent] = [[], {}];
      for (const candidate of CANDIDATES) {
        const reason = await obstacle(name, candidate);
        if (reason === undefined) algorithms.push(candidate);
        else absent[candidate] = reason;
      }
      return { algorithms, absent };
    }
    default:
      throw new Error(`unknown op ${op}`);
  }
}

function describe(error) {
  return `${error.code ?? error.name}: ${error.message}`;
}

async function safely(request) {
  try {
    return await answer(request);
  } catch (error) {
    return { error: describe(error) };
  }
}

// A key pair of Node.js; throws where this version cannot make one for the algorithm.
function keyPair(algorithm) {
  const curves = { ES256: "P-256", ES384: "P-384", ES512: "P-521", ES256K: "secp256k1" };
  if (Object.hasOwn(curves, algorithm)) return crypto.generateKeyPairSync("ec", { namedCurve: curves[algorithm] });
  if (/^[RP]S/.test(algorithm)) return crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
  return crypto.generateKeyPairSync(algorithm === "EdDSA" ? "ed25519" : algorithm.toLowerCase());
}

// A form in which one text serves both sides.
function both(form, members) {
  return { form, sign: members, verify: members };
}

// RSASSA-PSS by Node.js itself, for salts that no JWT library makes, and to measure those that they make.
const pss = (key, saltLength) => ({ key, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength });
const hash = (algorithm) => `sha${algorithm.slice(2)}`;

function signWithSalt({ algorithm, private_pem, claims, header, salt_length }) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const input = `${encode({ ...header, alg: algorithm })}.${encode(claims)}`;
  const signature = crypto.sign(hash(algorithm), Buffer.from(input), pss(private_pem, salt_length));
  return `${input}.${signature.toString("base64url")}`;
}

function saltLength({ algorithm, public_pem, token }) {
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

// Why the library cannot sign and verify with the algorithm; nothing where it can.
async function obstacle(library, algorithm) {
  try {
    const [{ sign, verify }] = await libraries[library].generate(algorithm);
    const { token } = await answer({ op: "sign", library, algorithm, ...sign, claims: { sub: "alice" } });
    const { valid, error } = await answer({ op: "verify", library, algorithm, ...verify, token });
    if (!valid) return error;
    const { alg } = JSON.parse(Buffer.from(token.split(".")[0], "base64url"));
    return alg === algorithm ? undefined : `signed with alg ${alg}`;
  } catch (error) {
    return describe(error);
  }
}

async function selfTest() {
  for (const library of Object.keys(libraries)) {
    const { algorithms } = await safely({ op: "algorithms", library });
    assert.ok(algorithms.includes("RS256") && algorithms.includes("ES256"), `${library}: ${algorithms}`);
    for (const algorithm of algorithms) {
      for (const { form, sign, verify } of await libraries[library].generate(algorithm)) {
        const what = `${library} ${algorithm} ${form}`;
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

// Not node:readline: that of Node.js 24 also ends lines at U+2028, which JSON strings may hold.
async function* lines(input) {
  let rest = "";
  for await (const chunk of input.setEncoding("utf8")) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop();
    yield* parts;
  }
  if (rest) yield rest;
}

if (process.argv.includes("--self-test")) {
  await selfTest();
} else {
  for await (const line of lines(process.stdin)) {
    if (line.trim() === "") continue;
    let response;
    try {
      const request = JSON.parse(line) ?? {};
      response = { id: request.id, ...(await safely(request)) };
    } catch (error) {
      response = { error: describe(error) };
    }
    process.stdout.write(`${JSON.stringify(response)}\n`);
  }
}
