// express-oauth2-jwt-bearer, of npm: a route of Express that it protects, with keys that it fetches from a JWK set on
// loopback. It signs nothing.

import express from "express";
import { auth } from "express-oauth2-jwt-bearer";
import { listen, once, present, refuses, serveKeys } from "./loopback.mjs";
import { drive, secret } from "./protocol.mjs";

const protect = once(async ({ algorithm: tokenSigningAlg, issuer, audience, jwks, secret_base64url }) => {
  // It takes a secret as text.
  const key = jwks ? { jwksUri: await serveKeys(jwks) } : { secret: secret({ secret_base64url }).toString() };
  const app = express();
  app.get("/", auth({ issuer, audience, tokenSigningAlg, ...key }), (request, response) =>
    response.json(request.auth.payload),
  );
  app.use((error, _request, response, _next) => {
    response.status(error.status ?? 500).send(`${error.code}: ${error.message}`);
  });
  return listen(app);
});

await drive({
  name: "express-oauth2-jwt-bearer",
  key: ({ jwks, secret_base64url }) => ({ jwks, secret_base64url }),
  refuses,
  verify: async (algorithm, key, token, expected) => present(await protect({ algorithm, ...key, ...expected }), token),
});
