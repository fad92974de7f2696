// The driver around a library: one JSON request a line on stdin, one JSON answer a line on stdout, as README.md says.
// `--self-test` checks library and driver instead.
//
// A library is an object: `name`; `key(request)`, the request's key as the library takes it; `generate(algorithm)`;
// `sign(algorithm, key, claims, header)`; `verify(algorithm, key, token, expected)`, which gives the claims or throws;
// `refuses(error)`, whether what it threw is its refusal and not a failure. It may have `sign_text`, `thumbprint`, and
// `checks`, the claims that it compares.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { saltLength, signWithSalt } from "./pss.mjs";

// Names to try. What a library supports is what it can sign and verify, not what it says.
const CANDIDATES = [
  "HS256", "HS384", "HS512",
  "RS256", "RS384", "RS512",
  "PS256", "PS384", "PS512",
  "ES256", "ES384", "ES512", "ES256K",
  "EdDSA", "Ed25519", "Ed448",
  "ML-DSA-44", "ML-DSA-65", "ML-DSA-87",
];

export const secret = ({ secret_base64url }) => {
  if (secret_base64url === undefined) throw new Error("the library takes no key of this form");
  return Buffer.from(secret_base64url, "base64url");
};

/** A form in which one text serves both sides. */
export const both = (form, members) => ({ form, sign: members, verify: members });

/** As `make`, but two keys serve the six algorithms of RSA, in turn: making one takes a third of a second. */
export function sharingRsa(make) {
  const shared = [];
  return (algorithm) => {
    if (!/^[RP]S/.test(algorithm)) return make(algorithm);
    const turn = algorithm.startsWith("P") === algorithm.endsWith("384") ? 0 : 1;
    return (shared[turn] ??= make(algorithm));
  };
}

// Members that the request leaves out are left out of the library's options too: its defaults are its verdict.
const present = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value != null));

const describe = (error) => `${error.code ?? error.name}: ${error.message}`;

function ability(library, name) {
  if (library[name] === undefined) throw new Error(`${library.name} has no ${name}`);
  return library[name];
}

async function answer(library, request) {
  const { op, algorithm, claims, claims_text, header = {}, token, issuer, audience } = request;
  switch (op) {
    case "about": {
      const manifest = new URL(`../node_modules/${library.name}/package.json`, import.meta.url);
      const { version } = JSON.parse(readFileSync(manifest));
      return { library: library.name, version, runtime: `Node.js ${process.versions.node}` };
    }
    case "generate":
      return { keys: await ability(library, "generate")(algorithm) };
    case "thumbprint":
      return { thumbprint: await ability(library, "thumbprint")(request.public_jwk) };
    case "sign": {
      const sign = ability(library, claims_text === undefined ? "sign" : "sign_text");
      return { token: await sign(algorithm, await library.key(request), claims_text ?? claims, header) };
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
        if (!library.refuses(error)) throw error;
        return { valid: false, error: describe(error) };
      }
    }
    case "algorithms": {
      const [algorithms, absent] = [[], {}];
      for (const candidate of CANDIDATES) {
        const reason = await obstacle(library, candidate);
        if (reason === undefined) algorithms.push(candidate);
        else absent[candidate] = reason;
      }
      return { algorithms, absent };
    }
    default:
      throw new Error(`unknown op ${op}`);
  }
}

async function safely(library, request) {
  try {
    return await answer(library, request);
  } catch (error) {
    return { error: describe(error) };
  }
}

// Why the library cannot sign and verify with the algorithm; nothing where it can.
async function obstacle(library, algorithm) {
  try {
    const [{ sign, verify }] = await library.generate(algorithm);
    const { token } = await answer(library, { op: "sign", algorithm, ...sign, claims: CLAIMS, header: { kid: "k1" } });
    const { valid, error } = await answer(library, { op: "verify", algorithm, ...verify, ...EXPECTED, token });
    if (!valid) return error;
    const { alg } = JSON.parse(Buffer.from(token.split(".")[0], "base64url"));
    return alg === algorithm ? undefined : `signed with alg ${alg}`;
  } catch (error) {
    return describe(error);
  }
}

const CLAIMS = { iss: "https://id.example.com/", aud: "api", sub: "alice", exp: 4102444800 };
const EXPECTED = { issuer: CLAIMS.iss, audience: "api" };

async function selfTest(library) {
  const { algorithms } = await safely(library, { op: "algorithms" });
  assert.ok(algorithms.includes("RS256") && algorithms.includes("ES256"), `${library.name}: ${algorithms}`);
  for (const algorithm of algorithms) {
    for (const { form, sign, verify } of await library.generate(algorithm)) {
      const what = `${library.name} ${algorithm} ${form}`;
      const header = { kid: "k1" };
      const signed = await safely(library, { op: "sign", algorithm, ...sign, claims: CLAIMS, header });
      assert.ok(signed.token, `${what}: ${signed.error}`);
      const [head, payload, signature] = signed.token.split(".");
      assert.equal(JSON.parse(Buffer.from(head, "base64url")).kid, "k1", what);

      const ask = (token, other) =>
        safely(library, { op: "verify", algorithm, ...verify, token, ...EXPECTED, ...other });
      const accepted = await ask(signed.token);
      assert.equal(accepted.valid, true, `${what}: ${JSON.stringify(accepted)}`);
      assert.deepEqual(accepted.claims, CLAIMS, what);
      const other = Buffer.from(JSON.stringify({ ...CLAIMS, sub: "mallory" })).toString("base64url");
      assert.notEqual(other, payload);
      assert.equal((await ask(`${head}.${other}.${signature}`)).valid, false, `${what}: tampered`);
      for (const claim of library.checks) {
        assert.equal((await ask(signed.token, { [claim]: "https://x.example/" })).valid, false, `${what}: ${claim}`);
      }
    }
  }
  assert.ok((await safely(library, { op: "unknown" })).error);
  assert.ok((await safely(library, { op: "sign", algorithm: "HS256", claims: {} })).error);
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

export async function drive(library) {
  if (process.argv.includes("--self-test")) return await selfTest(library);
  for await (const line of lines(process.stdin)) {
    if (line.trim() === "") continue;
    let response;
    try {
      const request = JSON.parse(line) ?? {};
      response = { id: request.id, ...(await safely(library, request)) };
    } catch (error) {
      response = { error: describe(error) };
    }
    process.stdout.write(`${JSON.stringify(response)}\n`);
  }
  // Servers and kept connections would hold the process for as long as they last.
  process.exit();
}
