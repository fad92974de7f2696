// express-jwt, of npm: a route of Express that it protects. It signs nothing.

import express from "express";
import { expressjwt } from "express-jwt";
import { listen, once, present, refuses } from "./loopback.mjs";
import { drive, secret } from "./protocol.mjs";

const protect = once(({ algorithm, issuer, audience, ...key }) => {
  const app = express();
  const guard = expressjwt({ secret: key.public_pem ?? secret(key), algorithms: [algorithm], issuer, audience });
  app.get("/", guard, (request, response) => response.json(request.auth));
  app.use((error, _request, response, _next) => {
    response.status(error.status ?? 500).send(`${error.code}: ${error.message}`);
  });
  return listen(app);
});

await drive({
  name: "express-jwt",
  key: ({ public_pem, secret_base64url }) => ({ public_pem, secret_base64url }),
  refuses,
  verify: async (algorithm, key, token, expected) => present(await protect({ algorithm, ...key, ...expected }), token),
});
