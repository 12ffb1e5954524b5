// The page of the admin listener at ORIGIN, whose service refreshes at PUBLIC.
import assert from "node:assert/strict";
import test from "node:test";
import { ORIGIN, PATIENCE, barriers, browser, misdeeds } from "./chromium.js";

const { ADMIN_KEY, METRICS_KEY, PUBLIC, TOKEN } = process.env;

const chromium = browser();

// The page in a browser of its own, before `work`; it must not have misbehaved after it.
const visiting = async (work, prepare = () => {}) => {
  const context = await chromium().newContext();
  const page = await context.newPage();
  const found = misdeeds(page);
  await prepare(page);
  await page.goto(ORIGIN);
  await work(page, found);
  assert.deepEqual(found, []);
  await context.close();
};

const enter = async (page, key) => {
  await page.getByLabel("Admin key").fill(key);
  await page.getByRole("button", { name: "Use this key" }).click();
};

// The same, opened with the key.
const opened = (work, prepare) => visiting(async (page, found) => {
  await enter(page, ADMIN_KEY);
  await page.getByRole("heading", { name: "Figures" }).waitFor();
  await work(page, found);
}, prepare);

const post = (url, body, headers = {}) => fetch(url, {
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
});

// A session of `user` as the login gets it.
const start = async (user, contract = "token_pair") => {
  const authorization = `Bearer ${ADMIN_KEY}`;
  const answer = await post(`${ORIGIN}/admin/sessions`, { user, contract }, { authorization });
  assert.equal(answer.status, 201);
  return answer.json();
};

const refresh = (pair) => post(`${PUBLIC}/api/auth/refresh`, pair);

// From then on `pair` is too old to be presented again, whatever the grace.
const refreshTwice = async (pair) => {
  const first = await refresh(pair);
  const second = await refresh(await first.json());
  assert.deepEqual([first.status, second.status], [200, 200]);
};

const list = async (page, user) => {
  await page.getByRole("textbox", { name: "User" }).fill(user);
  await page.getByRole("button", { name: "List" }).click();
};

const explain = async (page, token) => {
  await page.getByLabel("Access or refresh token").fill(token);
  await page.getByRole("button", { name: "Ask the service" }).click();
};

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.ariaLabel);

// What the page would be found to keep.
const kept = async (page) => {
  const places = () => [document.documentElement.outerHTML, location.href, document.cookie,
    JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), JSON.stringify(history.state)];
  const values = () => [...document.querySelectorAll("input, textarea")].map(({ value }) => value);
  return [...await page.evaluate(places), ...await page.evaluate(values)].join("\n");
};

test("a wrong key opens nothing, and what to do is said", PATIENCE, () => visiting(async (page, found) => {
  for (const key of ["a-key-that-somebody-guessed-wrong", "ключ"]) {
    await enter(page, key);

    await page.getByText("The service does not accept this key").waitFor();
    assert.equal(await page.getByRole("heading", { name: "Figures" }).isVisible(), false);
    assert.ok(!(await kept(page)).includes(key));
    assert.equal(await focused(page), "key");
  }
  // The browser's own line about the 401.
  assert.equal(found.splice(0).length, 1);
}));

test("after too many wrong keys the page says how long to wait", PATIENCE, () => visiting(async (page, found) => {
  const headers = { "retry-after": "6" };
  await page.route("**/metrics", (route) => route.fulfill({ status: 429, headers, body: "" }));

  await enter(page, "a-key-that-somebody-guessed-wrong");

  await page.getByText("Try again in 6 seconds").waitFor();
  assert.equal(found.splice(0).length, 1);
}));

test("the key is in memory alone, and gone when it is forgotten", PATIENCE, () => opened(async (page) => {
  await list(page, "alice");
  await explain(page, TOKEN);
  await page.getByText("would be exchanged").waitFor();
  assert.ok(!(await kept(page)).includes(ADMIN_KEY));

  await page.getByRole("button", { name: "Forget the key" }).click();

  await page.getByText("The key is forgotten").waitFor();
  const left = await kept(page);
  assert.ok(!left.includes(ADMIN_KEY) && !left.includes(TOKEN) && !left.includes("alice"));
  assert.equal(await focused(page), "key");
}));

test("the key is forgotten when the page is left", PATIENCE, () => opened(async (page) => {
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })));
  await page.getByText("The page was left").waitFor();

  await enter(page, ADMIN_KEY);
  await page.getByRole("link", { name: "API" }).click();
  await page.waitForURL("**/docs");
  await page.goBack();

  await page.getByLabel("Admin key").waitFor();
  assert.equal(await page.getByRole("heading", { name: "Figures" }).isVisible(), false);
}));

test("the key is forgotten after a quarter of an hour in which nobody does anything", PATIENCE, () => opened(async (page) => {
  await page.clock.fastForward("14:59");
  await page.getByRole("heading", { name: "Figures" }).click();
  await page.clock.fastForward("14:59");
  assert.ok(await page.getByRole("heading", { name: "Figures" }).isVisible());

  await page.clock.fastForward("00:02");

  await page.getByText("Nothing was done here for 15 minutes").waitFor();
  assert.equal(await page.getByRole("heading", { name: "Figures" }).isVisible(), false);
}, (page) => page.clock.install()));

test("the key does not outlive the sleep of the machine, in which no timer runs", PATIENCE, async () => {
  for (const wake of [
    (page) => page.getByRole("heading", { name: "Figures" }).click(),
    (page) => page.clock.runFor(5_000),
  ]) await opened(async (page) => {
    await page.clock.setSystemTime(Date.now() + 16 * 60_000);

    await wake(page);

    await page.getByText("Nothing was done here for 15 minutes").waitFor();
  }, (page) => page.clock.install());
});

test("a session that is revoked is refused its next refresh, and the others are not", PATIENCE, () => opened(async (page) => {
  const [one, other] = [await start("alice"), await start("alice")];
  await list(page, "alice");
  const button = page.getByRole("button", { name: `Revoke session ${one.session_id}` });

  // The first answer to the question is no.
  await button.click();
  assert.equal(await focused(page), "confirm-no");
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), `Revoke session ${one.session_id}`);
  await button.click();
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.ok(await button.isVisible());

  await button.click();
  await page.getByRole("button", { name: "End the session" }).click();

  await page.getByText(`Session ${one.session_id} is ended`).waitFor();
  assert.equal(await focused(page), "sessions-note");
  const row = page.getByRole("row").filter({ hasText: one.session_id });
  assert.match(await row.innerText(), /token_pair[^]*revoked[^]*by an operator/);
  assert.equal((await refresh(one.body)).status, 404);
  assert.equal((await refresh(other.body)).status, 200);
}));

test("a cut-off ends everything of a user, also what is written down nowhere", PATIENCE, () => opened(async (page) => {
  const sessions = [await start("alice"), await start("alice", "expired_token")];
  await list(page, "alice");

  await page.getByRole("button", { name: "End everything of alice" }).click();
  await page.getByText("also those that are written down nowhere").waitFor();
  await page.getByRole("button", { name: "End everything", exact: true }).click();

  await page.getByText("Everything that alice got up to").waitFor();
  assert.equal(await page.getByRole("button", { name: /^Revoke session/ }).count(), 0);
  assert.equal((await refresh(sessions[0].body)).status, 404);
  const token = sessions[1].access_token;
  assert.equal((await refresh({ token })).status, 401);
}));

test("a cut-off of a user whom nobody knows says so", PATIENCE, () => opened(async (page) => {
  await list(page, "nobody");

  await page.getByRole("button", { name: "End everything of nobody" }).click();
  await page.getByRole("button", { name: "End everything", exact: true }).click();

  await page.getByText("The users table has no user of the key nobody.").waitFor();
}));

test("a user without sessions has none, and trouble is told from that", PATIENCE, () => opened(async (page, found) => {
  await list(page, "nobody");
  await page.getByText("No session of nobody is written down").waitFor();
  await list(page, "");
  await page.getByText("Enter a user first").waitFor();
  await list(page, " nobody");
  await page.getByText("the subject cannot be a user's key").waitFor();

  const unavailable = { status: 503, headers: { "retry-after": "2", "x-request-id": "the-id" }, body: "" };
  await page.route("**/admin/sessions?*", (route) => route.fulfill(unavailable));
  await list(page, "alice");
  await page.getByText("its database may be away. Try again in 2 seconds. The log has it as the-id").waitFor();
  await page.route("**/admin/sessions?*", (route) => route.abort());
  await list(page, "alice");
  await page.getByText("The service does not answer").waitFor();
  assert.equal(found.splice(0).length, 3);
}));

test("a token is explained as the service judges it, and stays good", PATIENCE, () => opened(async (page) => {
  const { body } = await start("alice");
  const authorization = `Bearer ${ADMIN_KEY}`;
  for (const [token, words] of [
    [body.RefreshToken, "This token would be exchanged. It is a refresh token of token_pair."],
    [body.Token, "This token would be refused: the token is of another kind (unsupported_token)."],
    ["x", "This token would be refused: not a JWT in compact form (invalid_token)."],
  ]) {
    await explain(page, token);

    await page.getByText(words).waitFor();
    const answer = await post(`${ORIGIN}/admin/explanations`, { token }, { authorization });
    const { checks } = await answer.json();
    const shown = await page.locator(".checks li").evaluateAll((items) => items.map(({ dataset }) => dataset));
    assert.deepEqual(shown.map(({ check, verdict }) => [check, verdict]), checks.map(({ check, verdict }) => [check, verdict]));
  }
  await refreshTwice(body);
  await explain(page, body.RefreshToken);
  await page.getByText("refused: the token was exchanged before").waitFor();
  await explain(page, "");
  await page.getByText("Paste a token first").waitFor();
}));

test("the plots move when tokens are refreshed, refused and reused", PATIENCE, () => opened(async (page) => {
  const said = (title) => page.getByRole("img", { name: title }).getAttribute("aria-label");
  const { body } = await start("alice");
  await page.getByText("The same as a table").click();
  const total = (figure) => page.getByRole("row", { name: figure }).getByRole("cell").last();
  assert.equal(await total("Refreshes: new").innerText(), "0");

  await refreshTwice(body);
  assert.equal((await refresh(body)).status, 404);
  assert.equal((await refresh({ token: "x" })).status, 401);
  await page.clock.runFor(2_000);

  await total("Refusals: refused").getByText("2", { exact: true }).waitFor();
  await total("Refreshes: new").getByText("2", { exact: true }).waitFor();
  await total("Reuse alarms").getByText("1", { exact: true }).waitFor();
  assert.match(await said("Refreshes per second"), /: now new [\d.]+\/s, given again 0\/s; highest (?!0\/s)/);
  assert.match(await said("Reuse alarms per second"), /highest (?!0\/s)/);
  assert.match(await said("Time of an answer"), /now half are faster \(p50\) [\d.]+ ms/);
  const line = page.getByRole("img", { name: "Refreshes per second" }).locator("path").first();
  assert.match(await line.getAttribute("d"), /^M[\d.]+ [\d.]+h0/);
}, (page) => page.clock.install()));

test("figures rest while they are paused or out of sight", PATIENCE, () => opened(async (page) => {
  let asked = 0;
  await page.route("**/metrics", (route) => {
    asked += 1;
    return route.continue();
  });
  const hide = (hidden) => page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  const next = async () => {
    const answer = page.waitForResponse("**/metrics");
    await page.clock.runFor(2_000);
    await answer;
  };
  await next();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("paused", { exact: true }).waitFor();
  const before = asked;
  await page.clock.runFor(20_000);
  assert.equal(asked, before);

  await page.getByRole("button", { name: "Pause" }).click();
  await next();
  await hide(true);
  const seen = asked;
  await page.clock.runFor(20_000);
  assert.equal(asked, seen);
  await hide(false);
  await next();
}, (page) => page.clock.install()));

test("a service that is away for a while is waited for", PATIENCE, () => opened(async (page, found) => {
  await page.route("**/metrics", (route) => route.abort());
  await page.clock.runFor(2_000);
  await page.getByText("no answer", { exact: true }).waitFor();
  await page.getByText("The service does not answer").waitFor();

  await page.unroute("**/metrics");
  await page.clock.runFor(2_000);

  await page.getByText("live", { exact: true }).waitFor();
  assert.equal(await page.getByText("The service does not answer").isVisible(), false);
  assert.equal(found.splice(0).length, 1);
}, (page) => page.clock.install()));

test("a key that is changed meanwhile is not tried again", PATIENCE, () => opened(async (page, found) => {
  let asked = 0;
  await page.route("**/metrics", (route) => {
    asked += 1;
    return route.fulfill({ status: 401, body: "" });
  });

  await page.clock.runFor(2_000);
  await page.getByText("The service does not accept this key any more").waitFor();
  await page.clock.runFor(20_000);

  assert.equal(asked, 1);
  assert.equal(found.splice(0).length, 1);
}, (page) => page.clock.install()));

test("the key of the figures opens them and nothing else", PATIENCE, () => visiting(async (page, found) => {
  await enter(page, METRICS_KEY);
  await page.getByText("live", { exact: true }).waitFor();

  await list(page, "alice");

  await page.getByText("everything else wants ADMIN_API_KEY").waitFor();
  assert.equal(found.splice(0).length, 1);
}));

test("counters that began again count from there", PATIENCE, () => visiting(async (page) => {
  const seen = await page.evaluate(async () => {
    const { growth, parse, sum } = await import("/ui/admin/figures.js");
    const grown = (before, now) => sum(growth(parse(before), parse(now)), "a");
    const start = "process_start_time_seconds ";
    return [
      grown("a 5\n", "a 7\n"),
      grown("a 5\n", "a 2\n"),
      grown("", "a 3\n"),
      grown(`a 5\n${start}1\n`, `a 7\n${start}2\n`),
      grown('a{b="x"} 5\na{b="y"} 1', 'a{b="y"} 4\na{b="x"} 6'),
      parse('# HELP a b\na{b="x\\"\\\\y",c="+Inf"} +Inf').map(({ labels, value }) => [labels.b, value]),
    ];
  });

  assert.deepEqual(seen, [2, 2, 3, 7, 4, [['x"\\y', Infinity]]]);
}));

test("a quantile lies inside of its bucket", PATIENCE, () => visiting(async (page) => {
  const seen = await page.evaluate(async () => {
    const { parse, quantile } = await import("/ui/admin/figures.js");
    const samples = parse(["1", "2", "4", "+Inf"].map((le, index) => `t_bucket{le="${le}"} ${[0, 10, 10, 11][index]}`).join("\n"));
    return [0.5, 0.05, 0.99].map((share) => quantile(samples, "t", share)).concat(quantile([], "t", 0.5));
  });

  const [half, few, most, nothing] = seen;
  assert.ok(half > 1.5 && half < 1.6 && few > 1 && few < 1.1, String(seen));
  // Of what lasted longer than the last bound only that is known.
  assert.equal(most, 4);
  assert.equal(nothing, null);
}));

test("everything can be done with the keyboard", PATIENCE, () => visiting(async (page) => {
  const { session_id: id } = await start("alice");
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const reach = async (name) => {
    for (let steps = 0; steps < 40; steps += 1) {
      await press("Tab");
      if ((await focused(page)) === name) return;
    }
    assert.fail(`${name} is out of reach`);
  };

  await reach("key");
  await page.keyboard.type(ADMIN_KEY);
  await press("Enter");
  await page.getByRole("heading", { name: "Figures" }).waitFor();
  assert.equal(await focused(page), "forget");
  await reach("user");
  await page.keyboard.type("alice");
  await press("Enter");
  await page.getByText(id).waitFor();
  await reach(`Revoke session ${id}`);
  await press("Enter", "Tab");
  assert.equal(await focused(page), "confirm-yes");
  await press("Enter");

  await page.getByText(`Session ${id} is ended`).waitFor();
}));

test("it has no barriers, in light or in dark, wide or narrow", PATIENCE, () => opened(async (page) => {
  const { body } = await start("alice");
  await list(page, "alice");
  await explain(page, body.Token);
  await page.getByText("would be refused").waitFor();
  await page.getByText("The same as a table").click();

  for (const [colorScheme, width] of [["light", 1280], ["dark", 320]]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    assert.deepEqual(await barriers(page), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
  }
  await page.getByRole("button", { name: /^Revoke session/ }).first().click();
  assert.deepEqual(await barriers(page), []);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Forget the key" }).click();
  assert.deepEqual(await barriers(page), []);
}));

test("a page of another origin gets nowhere even with the key", PATIENCE, () => visiting(async (page, found) => {
  await page.goto(`${PUBLIC}/healthz`);
  const ask = ([url, key]) => fetch(url, { headers: { authorization: `Bearer ${key}` } }).then(String, String);

  const answer = await page.evaluate(ask, [`${ORIGIN}/admin/sessions?user=alice`, ADMIN_KEY]);

  assert.match(answer, /TypeError/);
  found.splice(0);
}));
