// @fastify/jwt, of npm: a route of Fastify that it protects. It signs with the same configuration.

import fastifyJwt from "@fastify/jwt";
import fastify from "fastify";
import { once, present, refuses } from "./loopback.mjs";
import { drive, secret } from "./protocol.mjs";

const application = once(async ({ algorithm, issuer, audience, private_pem, public_pem, secret_base64url }) => {
  const app = fastify();
  await app.register(fastifyJwt, {
    secret: secret_base64url ? secret({ secret_base64url }) : { private: private_pem, public: public_pem },
    sign: { algorithm },
    verify: { algorithms: [algorithm], allowedIss: issuer, allowedAud: audience },
  });
  app.get("/", { onRequest: (request) => request.jwtVerify() }, (request) => request.user);
  return app;
});

const address = once(async (configuration) => {
  const app = await application(configuration);
  const at = await app.listen({ host: "127.0.0.1", port: 0 });
  app.server.unref();
  return at;
});

await drive({
  name: "@fastify/jwt",
  key: ({ private_pem, public_pem, secret_base64url }) => ({ private_pem, public_pem, secret_base64url }),
  sign: async (algorithm, key, claims, header) => (await application({ algorithm, ...key })).jwt.sign(claims, { header }),
  refuses,
  verify: async (algorithm, key, token, expected) => present(await address({ algorithm, ...key, ...expected }), token),
});
