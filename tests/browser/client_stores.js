// web/client where what keeps the session is slow, or fails. Tokens are good once: at ORIGIN no second
// time at all, at LENIENT again within the grace.
import assert from "node:assert/strict";
import test from "node:test";
import { ORIGIN, PATIENCE, browser } from "./chromium.js";
import { LENIENT, ask, endings, logIn, open, requests, say } from "./tabs.js";

const EXCHANGED = "POST /api/auth/refresh 200";
const LOGGED_OUT = "POST /api/auth/logout 204";

const SHOWN = { subject: "alice", sent: "" };

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

// Lets nothing more into the database of the page, until `room()`.
function fill() {
  const put = IDBObjectStore.prototype.put;
  globalThis.room = () => {
    IDBObjectStore.prototype.put = function (...record) {
      globalThis.isStored = true;
      return put.apply(this, record);
    };
  };
  IDBObjectStore.prototype.put = () => {
    throw new DOMException("the disk is full", "QuotaExceededError");
  };
}

// The access tokens in the database of the page.
const stored = (page) =>
  page.evaluate(async () => {
    const done = (it) => new Promise((resolve) => (it.onsuccess = () => resolve(it.result)));
    const database = await done(indexedDB.open("remint"));
    const sessions = await done(database.transaction("sessions").objectStore("sessions").getAll());
    database.close();
    return sessions.map(({ accessToken }) => accessToken);
  });

const token = (page) => page.evaluate(() => client.token());

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

test(
  "tokens that the store does not take are not lost, and stored once it does",
  PATIENCE,
  async () => {
    const [page, other] = await tabs(2);
    await page.evaluate(fill);

    const answers = [await ask(page)];
    await say(ORIGIN, "pass", 31);
    answers.push(await ask(page));
    await page.evaluate(() => room());
    await page.waitForFunction(() => globalThis.isStored);
    answers.push(await ask(other));

    assert.deepEqual(answers, [SHOWN, SHOWN, SHOWN]);
    assert.deepEqual(await requests(ORIGIN), [EXCHANGED, EXCHANGED]);
    assert.deepEqual(await page.evaluate(() => ended), []);
  },
);

test("tokens that the store did not take go to it before the next exchange", PATIENCE, async () => {
  const [page] = await tabs(1);
  await page.evaluate(fill);
  await ask(page);
  await say(ORIGIN, "pass", 31);
  await page.evaluate(() => room());
  const stuck = new Promise((resolve) => void page.route("**/refresh", resolve));

  const answer = ask(page);
  const route = await stuck;
  const [known, used] = [await stored(page), await token(page)];
  await route.continue();

  assert.ok(known.includes(used));
  assert.deepEqual(await answer, SHOWN);
});

test(
  "where the store failed, other tabs get the same tokens within the grace",
  PATIENCE,
  async () => {
    const [page, other] = await tabs(2, { origin: LENIENT });
    await page.evaluate(fill);

    const answers = [await ask(page), await ask(other)];
    await page.evaluate(() => room());
    await say(LENIENT, "pass", 31);
    answers.push(await ask(page), await ask(other));

    assert.deepEqual(answers, Array(4).fill(SHOWN));
    assert.deepEqual(await requests(LENIENT), Array(3).fill(EXCHANGED));
  },
);

test(
  "a logout that the store does not take is one, and later one in all tabs",
  PATIENCE,
  async () => {
    const [page, other] = await tabs(2, { origin: LENIENT });
    await page.evaluate(fill);

    await page.evaluate(() => client.logout());
    const answers = [await ask(page), await other.evaluate(() => client.isLoggedIn())];
    await page.evaluate(() => room());

    assert.deepEqual(answers, [401, true]);
    assert.deepEqual(await endings([page, other]), [["logout"], ["logout"]]);
  },
);

test("a login that the store does not take is not undone by other tabs", PATIENCE, async () => {
  const [page, other] = await tabs(2);
  const tokens = await say(ORIGIN, "start", "token_pair");
  await page.evaluate(fill);

  await page.evaluate((given) => client.login(given), tokens);
  await ask(other);
  await page.evaluate(() => room());
  await page.waitForFunction(() => globalThis.isStored);

  assert.equal(await token(page), tokens.accessToken);
  assert.ok((await stored(page)).includes(tokens.accessToken));
});

test("a session goes on where its database cannot be opened any more", PATIENCE, async () => {
  const [page] = await tabs(1);
  await page.evaluate(() => {
    Object.defineProperty(globalThis, "indexedDB", { value: undefined });
    IDBDatabase.prototype.transaction = () => {
      throw new DOMException("the database is closed", "InvalidStateError");
    };
  });

  const answer = await ask(page);

  assert.deepEqual(answer, SHOWN);
  assert.deepEqual(await page.evaluate(() => ended), []);
});

test("who deletes the data of the site waits for no tab, and logs out", PATIENCE, async () => {
  const pages = await tabs(2);

  const outcome = await pages[0].evaluate(
    () =>
      new Promise((resolve) => {
        const request = indexedDB.deleteDatabase("remint");
        request.onsuccess = () => resolve("deleted");
        request.onblocked = () => resolve("blocked");
      }),
  );
  const answers = [await ask(pages[0]), await ask(pages[1])];

  assert.equal(outcome, "deleted");
  assert.deepEqual(answers, [401, 401]);
  assert.deepEqual(await endings(pages), [["logout"], ["logout"]]);
});
