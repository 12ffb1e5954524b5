// The installed Chromium, without a window, and what every page of ours must keep to.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after } from "node:test";
import { chromium } from "playwright-core";

// Root may not have the sandbox; nothing may ask the network for what no test asked for.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const { CHROMIUM, ORIGIN } = process.env;

// How long a test waits for what is sure to come, before it fails instead of hanging.
export const PATIENCE = { timeout: 30_000 };

// One browser for all tests of a script, which calls this once. What it returns can be asked at once,
// from other hooks too: Node.js does not run the hooks of a file one after the other.
export function browser(args = []) {
  const launched = chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...args] });
  after(async () => (await launched).close());
  return () => ({
    newContext: async (options) => (await launched).newContext(options),
    newPage: async (options) => (await launched).newPage(options),
  });
}

// What `page` does that no page of ours may: errors, and requests to others than `origin`.
export function misdeeds(page, origin = ORIGIN) {
  const found = [];
  page.on("pageerror", (error) => found.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") found.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== origin) found.push(`request: ${url}`);
  });
  return found;
}

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

// What keeps people who cannot see, or have no mouse, from using `page`: rule and place.
export async function barriers(page) {
  // Not as an element of the page, which its policy would not allow.
  await page.evaluate(readFileSync(AXE, "utf8"));
  // Halfway from one colour scheme to the other a button has the text of the one on the ground of the other.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target}`));
}
