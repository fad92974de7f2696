// The identity provider oidc-provider, of npm, on a loopback port: `node oidc-provider.mjs [PORT]`; by default 0, a
// free one.
//
// The first line on stdout says where it is and whom it knows. Then one JSON request a line on stdin, one JSON answer a
// line on stdout; it ends with its input, or by Ctrl-C.
//
// | `op` | what |
// |---|---|
// | `rotate` | publishes a new key for each algorithm and signs by it; the old keys stay published |
// | `drop` | publishes no key but the newest |
// | `hang` | takes requests and answers none |
// | `down` | closes the listener and every connection |
// | `up` | listens on the same port, and answers |
// | `tell` | has the client `web-logout` told of logouts at the address `uri` (OpenID Connect Back-Channel Logout 1.0) |
// | `requests` | how many requests came for each path since it started: `{"requests": {"/jwks": 3}}` |
//
// | client | secret | what it may |
// |---|---|---|
// | `service-ALG` | `secret` | client credentials by basic; tokens for a resource are JWTs signed by ALG |
// | `service-post` | `secret` | the same by post, RS256 |
// | `service-key` | the private key of the first line, ES256 | the same by private_key_jwt, RS256 |
// | `service-opaque` | `secret` | the same by basic; its tokens are opaque |
// | `web-ALG` | `secret` | the code flow with PKCE, back to any port of 127.0.0.1; ID tokens signed by ALG |
// | `web-logout` | `secret` | as `web-ES256`, where it was said by `tell`; `sid` stands in its ID tokens |
// | `resource-server`, `…-post`, `…-key` | as those of services | introspection by basic, post and private_key_jwt |
//
// A login asks nobody: whoever comes is `login_hint`, or alice, and consents. Of `azp:NAME` the ID token says `azp`.

import * as crypto from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import { createInterface } from "node:readline";
import { keyPair, privateJwk, publicJwk } from "./node_keys.mjs";

// The library warns of what nobody would do in production: keys and tokens in memory, an old Node.js. Here it is so by
// intention, and stdout is for answers alone.
console.info = console.warn = () => {};
console.log = console.error;
const { default: Provider, errors } = await import("oidc-provider");

const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"];
const RESOURCES = ["https://api.example.com", "https://other.example.com"];
const REDIRECTS = ["http://127.0.0.1/callback"];

/** A private key for each algorithm. */
function freshKeys() {
  return ALGORITHMS.map((alg) => {
    const jwk = privateJwk(keyPair(alg).privateKey);
    return { ...jwk, alg, use: "sig", kid: `${alg}-${crypto.randomUUID()}` };
  });
}

const clientKey = keyPair("ES256");
const machine = { grant_types: ["client_credentials"], response_types: [], redirect_uris: [] };
const byPost = { client_secret: "secret", token_endpoint_auth_method: "client_secret_post" };
const byKey = {
  token_endpoint_auth_method: "private_key_jwt",
  token_endpoint_auth_signing_alg: "ES256",
  jwks: { keys: [{ ...publicJwk(clientKey.publicKey), alg: "ES256", use: "sig", kid: "client" }] },
};
const web = (client_id, alg) => ({
  client_id,
  client_secret: "secret",
  // RFC 8252 §7.3: any port.
  application_type: "native",
  grant_types: ["authorization_code", "implicit"],
  response_types: ["code", "code id_token token"],
  redirect_uris: REDIRECTS,
  id_token_signed_response_alg: alg,
});
const clients = [
  ...ALGORITHMS.flatMap((alg) => [
    { client_id: `service-${alg}`, client_secret: "secret", ...machine },
    web(`web-${alg}`, alg),
  ]),
  { client_id: "service-post", ...byPost, ...machine },
  { client_id: "service-key", ...byKey, ...machine },
  { client_id: "service-opaque", client_secret: "secret", ...machine },
  { client_id: "resource-server", client_secret: "secret", ...machine },
  { client_id: "resource-server-post", ...byPost, ...machine },
  { client_id: "resource-server-key", ...byKey, ...machine },
];

/** RFC 8707: whom tokens are for, and of which form they are. */
function resourceServer(_, resource, client) {
  if (!RESOURCES.includes(resource)) throw new errors.InvalidTarget();
  const shared = { scope: "read write", audience: resource, accessTokenTTL: 600 };
  if (client.clientId === "service-opaque") return { ...shared, accessTokenFormat: "opaque" };
  const [, alg] = client.clientId.split("-");
  return { ...shared, accessTokenFormat: "jwt", jwt: { sign: { alg: ALGORITHMS.includes(alg) ? alg : "RS256" } } };
}

/** What an ID token says of somebody. The library itself never writes `azp`, which others do with one audience too. */
const claimsOf = (accountId) =>
  accountId.startsWith("azp:") ? { sub: accountId, azp: accountId.slice("azp:".length) } : { sub: accountId };

const cookieKey = crypto.randomBytes(32).toString("base64url");

/** The library takes its keys when it is made, so a rotation makes another one; what it stored is shared by all. */
function providerWith(keys) {
  const made = new Provider(issuer, {
    clients,
    jwks: { keys },
    enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
    responseTypes: ["code", "code id_token token"],
    pkce: { required: () => true },
    cookies: { keys: [cookieKey] },
    scopes: ["openid", "read", "write"],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_, client) => client.clientId.startsWith("resource-server") },
      revocation: { enabled: true, allowedPolicy: (_, client, token) => client.clientId === token.clientId },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: resourceServer,
      },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    claims: { openid: ["sub", "azp"] },
    // Without its guard against addresses of this machine, where whoever is told of a logout is.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    findAccount: (_, accountId) => ({ accountId, claims: () => claimsOf(accountId) }),
    ttl: { AccessToken: 600, ClientCredentials: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  });
  // It tells the user nothing of it.
  made.on("backchannel.error", (_, error) => console.error(error));
  return made;
}

/** What a person would do in a browser. */
async function interact(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    const login = { accountId: params.login_hint ?? "alice", amr: ["pwd"] };
    return provider.interactionFinished(request, response, { login });
  }
  const { accountId } = session;
  const grant =
    (await provider.Grant.find(grantId ?? "")) ?? new provider.Grant({ accountId, clientId: params.client_id });
  const { missingOIDCScope, missingResourceScopes = {} } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(" "));
  for (const [resource, scopes] of Object.entries(missingResourceScopes)) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

const counted = {};
let isHanging = false;

async function handle(request, response) {
  const path = request.url.split("?")[0];
  // A login has paths of its own.
  const route = path.replace(/^\/(auth|interaction)\/.*/, "/$1");
  counted[route] = (counted[route] ?? 0) + 1;
  if (isHanging) return;
  try {
    await (path.startsWith("/interaction/") ? interact(request, response) : provider.callback()(request, response));
  } catch (error) {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
}

const server = http.createServer(handle);
const listen = (at) =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(at, "127.0.0.1", () => resolve(server.address().port));
  });

const port = await listen(Number(process.argv[2] ?? 0));
const issuer = `http://127.0.0.1:${port}`;
let keys = freshKeys();
let provider = providerWith(keys);

const operations = {
  rotate: () => {
    keys = [...freshKeys(), ...keys];
    provider = providerWith(keys);
  },
  drop: () => {
    keys = keys.slice(0, ALGORITHMS.length);
    provider = providerWith(keys);
  },
  tell: ({ uri }) => {
    const told = { backchannel_logout_uri: uri, backchannel_logout_session_required: true };
    clients.push({ ...web("web-logout", "ES256"), ...told });
    provider = providerWith(keys);
  },
  hang: () => {
    isHanging = true;
  },
  down: () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  up: async () => {
    isHanging = false;
    // Those that were never answered would wait for ever.
    server.closeAllConnections();
    if (!server.listening) await listen(port);
  },
  requests: () => ({ requests: counted }),
};

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const manifest = new URL("../node_modules/oidc-provider/package.json", import.meta.url);
tell({
  issuer,
  port,
  library: "oidc-provider",
  version: JSON.parse(readFileSync(manifest)).version,
  runtime: `Node.js ${process.versions.node}`,
  clients: clients.map((client) => client.client_id),
  resources: RESOURCES,
  private_key_pem: clientKey.privateKey,
});

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { op, ...members } = JSON.parse(line);
    if (!Object.hasOwn(operations, op)) throw new Error(`unknown op ${op}`);
    tell({ op, ...(await operations[op](members)) });
  } catch (error) {
    tell({ error: error.message });
  }
}
process.exit(0);
