// Servers of this process on loopback ports, which end with it, and requests to them.

import http from "node:http";

/** Starts a server; its address. */
export function listen(handler) {
  const server = http.createServer(handler);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      server.unref();
      resolve(`http://127.0.0.1:${server.address().port}/`);
    });
  });
}

/** Serves a JWK set; its address. */
export const serveKeys = (jwks) =>
  listen((_, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(jwks));
  });

/** One value for each text of a configuration, made when first asked for. */
export function once(make) {
  const made = new Map();
  return (configuration) => {
    const text = JSON.stringify(configuration);
    if (!made.has(text)) made.set(text, make(configuration));
    return made.get(text);
  };
}

/** The refusal of a protected route. */
export class Refusal extends Error {}

/** The claims with which a protected route answers; throws its refusal. Any status but 200, 400 and 401 is neither. */
export async function present(address, token) {
  const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  const body = await response.text();
  if (response.status === 200) return JSON.parse(body);
  const what = response.status === 400 || response.status === 401 ? Refusal : Error;
  throw Object.assign(new what(body), { code: response.status });
}

export const refuses = (error) => error instanceof Refusal;
