// web/client at stages where tokens are good once: at ORIGIN no second time at all, at LENIENT again
// within the grace. LIMITED refreshes a session once a minute.
import assert from "node:assert/strict";
import test from "node:test";
import { ORIGIN, PATIENCE, browser } from "./chromium.js";
import {
  LENIENT,
  LIMITED,
  ask,
  endings,
  freeze,
  held,
  holdBack,
  logIn,
  open,
  requests,
  say,
} from "./tabs.js";

// Where each contract refreshes, and the status of a refusal.
const CONTRACTS = {
  expired_token: ["/api/auth/refresh", 401],
  cookie: ["/api/auth/refresh", 401],
  token_pair: ["/api/auth/refresh", 404],
  envelope: ["/api/refresh", 200],
  refresh_token: ["/auth/refresh", 400],
  oauth2: ["/oauth/token", 400],
};
const EXCHANGED = "POST /api/auth/refresh 200";
const SHOWN = { subject: "alice", sent: "" };

const chromium = browser(["--host-resolver-rules=MAP *.test 127.0.0.1"]);

// Tabs with a token that has expired, which share the session of alice.
async function tabs(count, options) {
  const opened = await open(chromium(), count, {
    origin: ORIGIN,
    contract: "token_pair",
    ...options,
  });
  await logIn(opened);
  return opened;
}

const all = (pages) => Promise.all(pages.map((page) => ask(page)));

for (const [contract, [path, refusal]] of Object.entries(CONTRACTS)) {
  test(
    `five tabs exchange one token once, and are logged out once: ${contract}`,
    PATIENCE,
    async () => {
      const { pages } = await tabs(5, { contract });

      const answers = await all(pages);
      const exchanges = await requests(ORIGIN);
      await say(ORIGIN, "pass", 31);
      await say(ORIGIN, "deactivate");
      const refused = await all(pages);
      await say(ORIGIN, "activate");

      assert.deepEqual(answers, Array(5).fill(SHOWN));
      assert.deepEqual(exchanges, [`POST ${path} 200`]);
      assert.deepEqual(refused, Array(5).fill(401));
      assert.deepEqual(await requests(ORIGIN), [`POST ${path} ${refusal}`]);
      assert.deepEqual(await endings(pages), Array(5).fill(["refused"]));
    },
  );

  test(`neither outages nor limits log out: ${contract}`, PATIENCE, async () => {
    const { pages } = await tabs(1, { contract, origin: LIMITED, maxWaitSeconds: 0 });
    const refresh = () => pages[0].evaluate(() => client.refresh().catch(({ kind }) => kind));

    const outcomes = [await refresh(), await refresh()];
    await say(LIMITED, "pass", 2);
    await say(LIMITED, "break");
    outcomes.push(await refresh());
    await say(LIMITED, "mend");
    await say(LIMITED, "pass", 2);
    outcomes.push(await refresh(), await pages[0].evaluate(() => client.isLoggedIn()));

    assert.deepEqual(outcomes, [undefined, "rate_limited", "unavailable", undefined, true]);
    const walk = [200, 429, 503, 200].map((status) => `POST ${path} ${status}`);
    assert.deepEqual(await requests(LIMITED), walk);
  });

  test(
    `a logout in one tab is one in all of them, and at remint: ${contract}`,
    PATIENCE,
    async () => {
      const { pages } = await tabs(3, { contract });
      await ask(pages[0]);
      const token = await pages[0].evaluate(() => client.token());

      await pages[1].evaluate(() => client.logout());

      assert.deepEqual(await endings(pages), Array(3).fill(["logout"]));
      assert.deepEqual(await all(pages), [401, 401, 401]);
      assert.deepEqual(await requests(ORIGIN), [`POST ${path} 200`, "POST /api/auth/logout 204"]);
      const headers = { Authorization: `Bearer ${token}` };
      const { status } = await fetch(`${ORIGIN}/api/reports`, { headers });
      assert.equal(status, 401);
    },
  );
}

test("five tabs without HTTPS, and so without locks, exchange once as well", PATIENCE, async () => {
  const origin = ORIGIN.replace("localhost", "remint.test");
  const opened = await open(chromium(), 5, { origin, contract: "token_pair" });
  await logIn({ ...opened, origin: ORIGIN });
  const { pages } = opened;

  const answers = await all(pages);

  assert.equal(await pages[0].evaluate(() => navigator.locks), undefined);
  assert.deepEqual(answers, Array(5).fill(SHOWN));
  assert.deepEqual(await requests(ORIGIN), [EXCHANGED]);
});

test("requests of one tab at the same time share one exchange", PATIENCE, async () => {
  const { pages } = await tabs(1);

  const answers = await pages[0].evaluate(async () => {
    const asked = Array.from({ length: 8 }, () => client.fetch("/api/reports"));
    return (await Promise.all(asked)).map((response) => response.status);
  });

  assert.deepEqual(answers, Array(8).fill(200));
  assert.deepEqual(await requests(ORIGIN), [EXCHANGED]);
});

test("an outage is waited for as long as remint says", PATIENCE, async () => {
  const { pages } = await tabs(1);
  await say(ORIGIN, "break");
  const refused = pages[0].waitForResponse((response) => response.status() === 503);

  const answer = ask(pages[0]);
  await refused;
  await say(ORIGIN, "mend");

  assert.deepEqual(await answer, SHOWN);
  assert.deepEqual(await requests(ORIGIN), ["POST /api/auth/refresh 503", EXCHANGED]);
});

test("one tab finds out about an outage for all of them", PATIENCE, async () => {
  const { pages } = await tabs(3, { tries: 1 });
  await say(ORIGIN, "break");

  const answers = await all(pages);
  await say(ORIGIN, "mend");

  const unavailable = { name: "RemintError", kind: "unavailable", status: 503 };
  assert.deepEqual(answers, Array(3).fill(unavailable));
  assert.deepEqual(await requests(ORIGIN), ["POST /api/auth/refresh 503"]);
});

test("an answer that gets lost on its way is got again", PATIENCE, async () => {
  const { pages } = await tabs(2, { origin: LENIENT });
  let lost = 0;
  await pages[0].route("**/refresh", async (route) => {
    if (lost++) return route.continue();
    await route.fetch();
    return route.abort("connectionreset");
  });

  const answers = [await ask(pages[0]), await ask(pages[1])];

  assert.deepEqual(answers, [SHOWN, SHOWN]);
  assert.deepEqual(await requests(LENIENT), [EXCHANGED, EXCHANGED]);
});

const PORTAL = { status: 200, contentType: "text/html", body: "<h1>Welcome to our hotel</h1>" };
const NO_ROUTE = { code: "route_not_found", message: "No such route", type: "NotFound" };
const TROUBLES = {
  "no network": [(route) => route.abort("internetdisconnected"), { kind: "unreachable" }],
  "no answer in time": [() => {}, { kind: "unreachable" }],
  "a captive portal": [(route) => route.fulfill(PORTAL), { kind: "unavailable", status: 200 }],
  "a portal that says 401": [
    (route) => route.fulfill({ ...PORTAL, status: 401 }),
    { kind: "unavailable", status: 401 },
  ],
  "a portal that points elsewhere": [
    (route) => route.fulfill({ status: 307, headers: { Location: "/welcome" } }),
    { kind: "unreachable" },
  ],
  "a broken proxy": [
    (route) => route.fulfill({ ...PORTAL, status: 502 }),
    { kind: "unavailable", status: 502 },
  ],
  "an address that is wrong": [
    (route) => route.fulfill({ status: 404, json: { message: "no such route" } }),
    { kind: "rejected", status: 404 },
  ],
  "an address that is wrong, of a server that speaks like token_pair": [
    (route) => route.fulfill({ status: 404, json: { errors: [NO_ROUTE] } }),
    { kind: "rejected", status: 404 },
  ],
  "an address that is wrong, of a server that speaks like cookie": [
    (route) => route.fulfill({ status: 404, json: { success: false, message: "Route not found" } }),
    { kind: "rejected", status: 404 },
    "cookie",
  ],
};

for (const [name, [answer, error, contract = "token_pair"]] of Object.entries(TROUBLES)) {
  test(`nobody is logged out by ${name}`, PATIENCE, async () => {
    const options = { timeoutSeconds: 2, tries: 1, maxWaitSeconds: 0 };
    const { pages } = await tabs(1, { contract, ...options });
    await pages[0].route("**/refresh", answer);

    const during = await ask(pages[0]);
    await pages[0].unroute("**/refresh");
    const after = await ask(pages[0]);

    assert.deepEqual(during, { name: "RemintError", status: undefined, ...error });
    assert.deepEqual(after, SHOWN);
    assert.deepEqual(await requests(ORIGIN), [EXCHANGED]);
  });
}

test("a session whose cookie is gone is over", PATIENCE, async () => {
  const { pages } = await tabs(1, { contract: "cookie" });
  await pages[0].context().clearCookies();

  const answer = await ask(pages[0]);

  assert.equal(answer, 401);
  assert.deepEqual(await requests(ORIGIN), ["POST /api/auth/refresh 401"]);
  assert.deepEqual(await endings(pages), [["refused"]]);
});

test(
  "a tab that is frozen in the middle holds the others up for a moment only",
  PATIENCE,
  async () => {
    const { pages } = await tabs(4, { timeoutSeconds: 2 });
    const [frozen, ...others] = pages;
    await holdBack(frozen, "before it leaves");
    ask(frozen).catch(() => {});
    await held(frozen);
    await freeze(frozen);

    const answers = await all(others);
    await freeze(frozen, "active");

    assert.deepEqual(answers, [SHOWN, SHOWN, SHOWN]);
    assert.deepEqual(await requests(ORIGIN), [EXCHANGED]);
  },
);

test("a tab that is overtaken takes what the other one got", PATIENCE, async () => {
  const { pages } = await tabs(2, { timeoutSeconds: 2 });
  // Chromium lets a frozen page give up now and then; it must not be held back for ever.
  const route = new Promise((resolve) => {
    pages[0].route("**/refresh", resolve, { times: 1 });
  });
  const overtaken = ask(pages[0]);
  const stuck = await route;
  await freeze(pages[0]);

  const other = await ask(pages[1]);
  await stuck.abort();
  await freeze(pages[0], "active");

  assert.deepEqual([await overtaken, other], [SHOWN, SHOWN]);
  assert.deepEqual(await requests(ORIGIN), [EXCHANGED]);
});

test("a tab that is closed in the middle holds nobody up", PATIENCE, async () => {
  const { pages } = await tabs(4);
  const [closed, ...others] = pages;
  await holdBack(closed, "before it leaves");
  ask(closed).catch(() => {});
  await held(closed);

  const answers = all(others);
  await closed.close();

  assert.deepEqual(await answers, [SHOWN, SHOWN, SHOWN]);
  assert.deepEqual(await requests(ORIGIN), [EXCHANGED]);
});

test("what a tab that is gone was answered, the next one is as well", PATIENCE, async () => {
  const { pages } = await tabs(2, { origin: LENIENT });
  await holdBack(pages[0], "answered");
  ask(pages[0]).catch(() => {});
  await held(pages[0]);
  await pages[0].close();

  const answer = await ask(pages[1]);

  assert.deepEqual(answer, SHOWN);
  assert.deepEqual(await requests(LENIENT), [EXCHANGED, EXCHANGED]);
});

test("a tab that slept goes on with what another tab got meanwhile", PATIENCE, async () => {
  const { pages } = await tabs(2);
  await freeze(pages[0]);
  await ask(pages[1]);
  await say(ORIGIN, "pass", 20);
  await freeze(pages[0], "active");

  const answer = await ask(pages[0]);

  assert.deepEqual(answer, SHOWN);
  assert.deepEqual(await requests(ORIGIN), [EXCHANGED]);
});

test("tabs that all slept until the token had expired exchange it once", PATIENCE, async () => {
  const { pages } = await tabs(3);
  await all(pages);
  for (const page of pages) await freeze(page);
  await say(ORIGIN, "pass", 60);
  for (const page of pages) await freeze(page, "active");

  const answers = await all(pages);

  assert.deepEqual(answers, [SHOWN, SHOWN, SHOWN]);
  assert.deepEqual(await requests(ORIGIN), [EXCHANGED, EXCHANGED]);
});

test("no other host gets the token, unless it is listed", PATIENCE, async () => {
  const { pages } = await tabs(1, { contract: "expired_token", origins: ["http://api.test"] });
  const urls = ["http://foreign.test/", "http://api.test.foreign.test/", "http://api.test/"];
  const sent = [];
  await pages[0].route("http://*.test/**", (route) => {
    const request = route.request();
    if (request.method() === "GET") sent.push(Boolean(request.headers().authorization));
    const headers = {
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Allow-Headers": "authorization",
    };
    return route.fulfill({ status: 200, headers });
  });

  for (const url of urls) await pages[0].evaluate((it) => client.fetch(it).then(() => {}), url);

  assert.deepEqual(sent, [false, false, true]);
});

test("what is sent again is sent whole", PATIENCE, async () => {
  const { pages } = await tabs(1);
  const [body, method] = ["a report".repeat(5000), "POST"];

  const asText = await ask(pages[0], { body, method });
  await say(ORIGIN, "pass", 31);
  const asRequest = await pages[0].evaluate(async (text) => {
    const request = new Request("/api/reports", { method: "POST", body: new Blob([text]) });
    return (await client.fetch(request)).json();
  }, body);

  assert.deepEqual([asText.sent, asRequest.sent], [body, body]);
});

test("who gives up waits no longer, and the others do", PATIENCE, async () => {
  const { pages } = await tabs(1);
  const route = new Promise((resolve) => void pages[0].route("**/refresh", resolve));
  await pages[0].evaluate(() => {
    globalThis.leaving = new AbortController();
    const asked = [leaving.signal, undefined].map((signal) =>
      client.fetch("/api/reports", { signal }).catch(({ name }) => ({ status: name })),
    );
    globalThis.asked = asked.map(async (response) => (await response).status);
  });
  const stuck = await route;

  await pages[0].evaluate(() => leaving.abort());
  const left = await pages[0].evaluate(() => asked[0]);
  await stuck.continue();

  assert.deepEqual([left, await pages[0].evaluate(() => asked[1])], ["AbortError", 200]);
  assert.deepEqual(await requests(ORIGIN), [EXCHANGED]);
});

test("a token that is about to end is exchanged before it is sent", PATIENCE, async () => {
  const { pages } = await tabs(1, { refreshAheadSeconds: 60 });
  const tokens = await say(ORIGIN, "start", "token_pair");
  await pages[0].evaluate((given) => client.login({ ...given, expiresIn: 59 }), tokens);
  const statuses = [];
  pages[0].on("response", (response) => statuses.push(response.status()));

  const answers = [await ask(pages[0]), await ask(pages[0])];

  assert.deepEqual(answers, [SHOWN, SHOWN]);
  assert.deepEqual(statuses, [200, 200, 200]);
  assert.deepEqual(await requests(ORIGIN), [EXCHANGED]);
});

test("clients of different names have nothing to do with each other", PATIENCE, async () => {
  const { pages } = await tabs(1);

  const loggedIn = await pages[0].evaluate(async () => {
    const { createClient } = await import("/client.js");
    const other = createClient({ contract: "token_pair", name: "other" });
    await other.logout();
    return [await other.isLoggedIn(), await client.isLoggedIn()];
  });

  assert.deepEqual(loggedIn, [false, true]);
  assert.deepEqual(await ask(pages[0]), SHOWN);
});

test("a session is kept where the page says, or while the page is there", PATIENCE, async () => {
  const { pages } = await tabs(1);
  const tokens = await say(ORIGIN, "start", "token_pair");
  await say(ORIGIN, "pass", 31);

  const kept = await pages[0].evaluate(async (given) => {
    const { createClient } = await import("/client.js");
    const [contract, storage] = ["token_pair", sessionStorage];
    const stored = createClient({ contract, storage, name: "stored" });
    await stored.login(given);
    const answers = [(await stored.fetch("/api/reports")).status, Object.keys(storage)];
    Object.defineProperty(globalThis, "indexedDB", { value: undefined });
    const forgetful = createClient({ contract, name: "forgetful" });
    await forgetful.login({ ...given, accessToken: await stored.token() });
    return [...answers, (await forgetful.fetch("/api/reports")).status];
  }, tokens);

  assert.deepEqual(kept, [200, ["remint:stored"], 200]);
});
