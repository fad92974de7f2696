// Chromium, Debian's, by playwright-core of npm: a browser with one page and without a past.
//
// One JSON request a line on stdin, one JSON answer a line on stdout; it ends with its input. `CHROMIUM` is another
// program than `chromium`.
//
// | `op` | members | what | answer |
// |---|---|---|---|
// | `open` | `url` | goes there, as by the address bar | `{"url": "…", "status": 200, "text": "…"}` |
// | `wait` | `text` | waits until the page says so | `{"url": "…"}` |
// | `click` | `button` | presses the button of this name, and waits for the page behind it | as `open` |

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const folder = await mkdtemp(join(tmpdir(), "chromium-"));
const browser = await chromium.launchPersistentContext(folder, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  // Nothing is asked of the world outside.
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const [page] = browser.pages();
page.setDefaultTimeout(60_000);

const shown = async (response) => ({
  url: page.url(),
  status: response.status(),
  text: await page.locator("body").innerText(),
});

const operations = {
  open: async ({ url }) => shown(await page.goto(url)),
  wait: async ({ text }) => {
    await page.getByText(text, { exact: true }).waitFor();
    return { url: page.url() };
  },
  click: async ({ button }) => {
    const next = page.waitForEvent("response", (response) => {
      const request = response.request();
      const leads = response.status() >= 300 && response.status() < 400;
      return request.isNavigationRequest() && request.frame() === page.mainFrame() && !leads;
    });
    await page.getByRole("button", { name: button }).click();
    const response = await next;
    await page.waitForLoadState();
    return shown(response);
  },
};

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
tell({ browser: "chromium", version: browser.browser()?.version() });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { op, ...members } = JSON.parse(line);
    if (!Object.hasOwn(operations, op)) throw new Error(`unknown op ${op}`);
    tell({ op, ...(await operations[op](members)) });
  } catch (error) {
    tell({ error: error.message });
  }
}
await browser.close();
await rm(folder, { recursive: true, force: true });
process.exit(0);
