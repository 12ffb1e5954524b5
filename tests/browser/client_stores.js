// web/client where what keeps the session is slow. Tokens are good once, at ORIGIN no second time at
// all.
import assert from "node:assert/strict";
import test from "node:test";
import { ORIGIN, PATIENCE, browser } from "./chromium.js";
import { ask, logIn, open, requests } from "./tabs.js";

const EXCHANGED = "POST /api/auth/refresh 200";
const LOGGED_OUT = "POST /api/auth/logout 204";

const chromium = browser();

// Tabs with a token that has expired, which share the session of alice.
async function tabs(count, { origin = ORIGIN, prepare } = {}) {
  const opened = await open(chromium(), count, { origin, contract: "token_pair" });
  if (prepare) await opened.pages[0].evaluate(prepare);
  await logIn(opened);
  return opened.pages;
}

// Keeps the session in something that takes its time.
async function keepSlowly() {
  const { createClient } = await import("/client.js");
  const moment = () => new Promise((resolve) => setTimeout(resolve, 20));
  globalThis.kept = new Map();
  const storage = {
    getItem: (key) => moment().then(() => kept.get(key)),
    setItem: (key, value) => moment().then(() => kept.set(key, value)),
  };
  globalThis.client = createClient({ contract: "token_pair", name: "slow", storage });
}

test(
  "a logout while a token is exchanged is final, however slow the store is",
  PATIENCE,
  async () => {
    const [page] = await tabs(1, { prepare: keepSlowly });

    const outcome = await page.evaluate(async () => {
      const [send, left] = [fetch, []];
      globalThis.fetch = async (...request) => {
        const response = await send(...request);
        if (response.url.endsWith("/refresh")) left.push(client.logout());
        return response;
      };
      const { status } = await client.fetch("/api/reports");
      await Promise.all(left);
      return [status, await client.isLoggedIn(), kept.get("remint:slow").includes("Token")];
    });

    assert.deepEqual(outcome, [401, false, false]);
  },
);

test("what arrives after a logout is ended at remint as well", PATIENCE, async () => {
  const [page] = await tabs(1);
  const stuck = new Promise((resolve) => void page.route("**/refresh", resolve));
  const answer = ask(page);
  const route = await stuck;
  const response = await route.fetch();
  await page.evaluate(() => client.logout());

  const again = page.waitForResponse("**/logout", { timeout: 5000 });
  await route.fulfill({ response });
  await again;

  assert.equal(await answer, 401);
  assert.deepEqual(await requests(ORIGIN), [EXCHANGED, LOGGED_OUT, LOGGED_OUT]);
});
