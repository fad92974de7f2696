// Chromium, driven by playwright-core: `node browser.mjs`; `INTEROP_CHROMIUM` is another one than Debian's.
//
// The first line on stdout has the versions. Then one JSON request a line on stdin, one JSON answer a line on stdout; it
// ends with its input, and the browser with it. Contexts are browsers apart, each with cookies of its own; pages are tabs.
// A context is in private, where cookies of third parties are blocked, or with `third_parties` a profile of its own, where
// they are not.
// Every name ending in `.test` is this machine, and no certificate is looked at.
//
// | `op` | members | answer |
// |---|---|---|
// | `context` | `context`, `options`?, `script`? that runs before each page's own, `third_parties`? | |
// | `close` | none: closes all contexts | |
// | `page` | `page`, `context` | |
// | `go` | `page`, `url`, or none to reload | `status` |
// | `fill`, `click` | `page`, `selector`, `value`? | |
// | `press` | `page`, `key` | |
// | `until` | `page`, `script`: waits until it is true | |
// | `run` | `pages`, `script`, `argument`?: a function that runs in all of them at once | `results` |
// | `cookies` | `context` | `cookies` |
// | `forget` | `context`, `name` | |
// | `answers` | `context` | `answers`: what came since the last time, `POST /path 200`, and `POST /path failed` where nothing did |
// | `complaints` | `context` | `complaints`: what broke the policy of contents, and errors of scripts |
// | `screenshot` | `page`, `path` | |

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";
import manifest from "playwright-core/package.json" with { type: "json" };

const PATIENCE = 30_000;

const launch = {
  executablePath: process.env.INTEROP_CHROMIUM ?? "/usr/bin/chromium",
  args: [
    // Nobody but root, as in a container, has to do without.
    ...(process.getuid() === 0 ? ["--no-sandbox"] : []),
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
  ],
};
const browser = await chromium.launch(launch);
const folders = [];

/** A new profile in which the user lets third parties have cookies. */
async function openProfile(options) {
  const folder = mkdtempSync(join(tmpdir(), "interop-chromium-"));
  folders.push(folder);
  mkdirSync(join(folder, "Default"));
  const preferences = { profile: { block_third_party_cookies: false, cookie_controls_mode: 0 } };
  writeFileSync(join(folder, "Default", "Preferences"), JSON.stringify(preferences));
  return chromium.launchPersistentContext(folder, { ...launch, ...options });
}

const contexts = new Map();
const pages = new Map();

/** Whether all contexts could be closed. */
async function closeAll() {
  const closed = await Promise.allSettled([...contexts.values()].map(({ made }) => made.close()));
  folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true }));
  contexts.clear();
  pages.clear();
  return closed.every(({ status }) => status === "fulfilled");
}

const found = (map, name) => map.get(name) ?? (() => { throw new Error(`no ${name}`); })();
const context = (request) => found(contexts, request.context);
const page = (request) => found(pages, request.page);
const path = (request) => new URL(request.url()).pathname;

const operations = {
  async context({ context: name, options, script, third_parties }) {
    const all = { ignoreHTTPSErrors: true, ...options };
    const made = await (third_parties ? openProfile(all) : browser.newContext(all));
    const [answers, complaints, answered] = [[], [], new WeakSet()];
    contexts.set(name, { made, answers, complaints });
    made.setDefaultTimeout(PATIENCE);
    if (script) await made.addInitScript({ content: script });
    made.on("response", (answer) => {
      answered.add(answer.request());
      answers.push(`${answer.request().method()} ${path(answer.request())} ${answer.status()}`);
    });
    // One whose answer nobody read to its end fails too, when the page goes.
    made.on("requestfailed", (request) => {
      if (!answered.has(request)) answers.push(`${request.method()} ${path(request)} failed`);
    });
    made.on("console", (told) => {
      if (told.type() === "error" && !told.text().startsWith("Failed to load resource")) complaints.push(told.text());
    });
    made.on("weberror", (error) => complaints.push(String(error.error())));
  },
  async close() {
    const closed = await closeAll();
    if (!closed || !browser.isConnected()) throw new Error("not all contexts were closed");
  },
  async page(request) {
    pages.set(request.page, await context(request).made.newPage());
  },
  async go(request) {
    const answer = await (request.url ? page(request).goto(request.url) : page(request).reload());
    return { status: answer?.status() };
  },
  fill: (request) => page(request).fill(request.selector, request.value),
  click: (request) => page(request).click(request.selector),
  press: (request) => page(request).keyboard.press(request.key),
  async until(request) {
    // A function, for a page's policy lets no text be evaluated later.
    await page(request).waitForFunction(new Function(`return ${request.script}`));
  },
  async run({ pages: names, script, argument }) {
    const run = `(${script})(${JSON.stringify(argument ?? null)})`;
    return { results: await Promise.all(names.map((name) => found(pages, name).evaluate(run))) };
  },
  async cookies(request) {
    return { cookies: await context(request).made.cookies() };
  },
  async forget(request) {
    await context(request).made.clearCookies({ name: request.name });
  },
  answers: (request) => ({ answers: context(request).answers.splice(0) }),
  complaints: (request) => ({ complaints: context(request).complaints.splice(0) }),
  async screenshot(request) {
    await page(request).screenshot({ path: request.path, fullPage: true });
  },
};

const tell = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
tell({ version: manifest.version, browser: browser.version() });

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const request = JSON.parse(line);
    if (!Object.hasOwn(operations, request.op)) throw new Error(`unknown op ${request.op}`);
    tell({ op: request.op, ...(await operations[request.op](request)) });
  } catch (error) {
    tell({ error: error.message });
  }
}
// Nobody may be there any more who would end one that hangs.
setTimeout(() => process.exit(1), PATIENCE).unref();
await closeAll();
await browser.close().catch(() => {});
process.exit(0);
