// The page at ORIGIN, with the tokens of SESSIONS by contract, and EXPIRED, a token of a legacy backend.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import { ORIGIN, PATIENCE, barriers, browser, misdeeds } from "./chromium.js";

const { EXPIRED } = process.env;
const SESSIONS = JSON.parse(process.env.SESSIONS);

const chromium = browser();

const tokenOf = (page) => page.getByLabel("Token", { exact: true });
const tabOf = (page, name) => page.getByRole("tab", { name, exact: true });
const stepsOf = (page) => page.locator("#steps li");
// The part of the panel that is shown.
const partOf = (page, name) => page.locator(`[data-part=${name}]:visible`);

// A page in a browser of its own, with whatever it does that it may not.
async function open(options = {}) {
  const context = await chromium().newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  const found = misdeeds(page);
  await page.goto(ORIGIN);
  await tabOf(page, "oauth2").waitFor();
  return { context, page, found };
}

// A refusal of the service is told on the console by the browser itself.
const ownMisdeeds = (found) => found.filter((misdeed) => !misdeed.includes("Failed to load resource"));

// Sends the request of the panel that is shown; the status of the answer.
async function send(page) {
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await partOf(page, "status").waitFor();
  return partOf(page, "status").textContent();
}

test("an expired token is exchanged, and the fresh one can be looked at", PATIENCE, async () => {
  const { context, page } = await open();
  await tokenOf(page).fill(EXPIRED);

  const status = await send(page);
  await page.getByRole("button", { name: "Look at the new access token" }).click();

  assert.equal(status, "200");
  assert.notEqual(await tokenOf(page).inputValue(), EXPIRED);
  const window = page.locator('[data-check="refresh window"]');
  assert.match(await window.textContent(), /not expired yet/);
  await context.close();
});

test("a text that is far too long is judged, and not by what was there before", PATIENCE, async () => {
  const { context, page, found } = await open();
  await tokenOf(page).fill(EXPIRED);
  const before = await page.locator("#summary").textContent();

  await tokenOf(page).fill("A".repeat(400_000));

  assert.notEqual(await page.locator("#summary").textContent(), before);
  assert.deepEqual(found, []);
  await context.close();
});

test("a pasted refresh token is exchanged by its contract", PATIENCE, async () => {
  const { context, page } = await open();
  for (const name of ["token_pair", "envelope", "refresh_token", "oauth2"]) {
    const { access_token: access, refresh_token: refresh } = SESSIONS[name];
    await tabOf(page, name).click();
    for (const token of [access, refresh]) await tokenOf(page).fill(token);

    const status = await send(page);

    assert.equal(status, "200", name);
    const isKept = (await page.locator(`#${name}-refresh`).inputValue()) === refresh;
    assert.equal(isKept, name === "refresh_token", `${name}: the next one is in the field`);
    assert.equal(await send(page), "200", `${name}: and is good`);
  }
  await context.close();
});

test("a refresh token says which session it is of", PATIENCE, async () => {
  const { context, page } = await open();
  for (const name of ["cookie", "token_pair", "refresh_token", "oauth2"]) {
    const { session_id: session, refresh_token: refresh } = SESSIONS[name];

    await tokenOf(page).fill(refresh);

    const said = await page.locator("#said").textContent();
    assert.ok(said.includes(session), name);
    assert.ok(said.includes(name), name);
    assert.equal(await page.locator("[data-verdict=refused]").count(), 0, name);
  }
  await tokenOf(page).fill(SESSIONS.envelope.refresh_token);
  assert.match(await page.locator("#said").textContent(), /envelope.*Session begun.*ago.*Generation0/s);
  await context.close();
});

test("the cookie that no script sees is exchanged by the browser", PATIENCE, async () => {
  const { context, page } = await open();
  await tabOf(page, "cookie").click();
  const without = await send(page);
  const { refresh_token: value } = SESSIONS.cookie;
  await context.addCookies([{ name: "refresh_token", value, url: ORIGIN, httpOnly: true }]);

  await page.getByRole("button", { name: "Send", exact: true }).click();
  await partOf(page, "body").getByText("Token refreshed successfully").waitFor();

  assert.equal(without, "401");
  const names = (await context.cookies()).map((cookie) => cookie.name);
  assert.ok(names.includes("access_token"));
  assert.equal(await page.evaluate(() => document.cookie), "");
  await context.close();
});

test("what an answer means to a frontend is said", PATIENCE, async () => {
  const { context, page } = await open();
  for (const [name, token, title] of [
    ["expired_token", "no.real.token", "Log in again."],
    ["envelope", "00000000-0000-4000-8000-000000000000", "Log in again."],
    ["refresh_token", "", "Log in again."],
    ["oauth2", "", "Correct the request."],
  ]) {
    await tabOf(page, name).click();
    await page.locator("textarea:visible").last().fill(token);

    await send(page);

    assert.equal((await partOf(page, "answer").locator("strong").textContent()).trim(), title, name);
  }
  await context.close();
});

test("an outage and a limit never read as a lost session", PATIENCE, async () => {
  const { context, page } = await open();
  await tokenOf(page).fill(EXPIRED);
  const answers = [
    ["Wait 7 s.", (route) => route.fulfill({ status: 429, headers: { "retry-after": "7" } })],
    ["Keep the tokens, try again later.", (route) => route.fulfill({ status: 503 })],
    ["Keep the tokens, try again later.", (route) => route.abort()],
  ];
  for (const [title, answer] of answers) {
    await page.unroute("**/api/auth/refresh");
    await page.route("**/api/auth/refresh", answer);

    await send(page);

    const said = partOf(page, "answer").locator("strong");
    assert.equal((await said.textContent()).trim(), title);
    assert.equal(await page.locator("#expired_token-access").inputValue(), EXPIRED);
  }
  await context.close();
});

test("the walk plays from 401 to 204 without a mouse", PATIENCE, async () => {
  const { context, page } = await open();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.type(EXPIRED);
  const press = async (name) => {
    const button = page.getByRole("button", { name, exact: true });
    while (!(await button.evaluate((it) => it === document.activeElement))) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
  };

  await press("Step");
  for (const count of [1, 2, 3, 4, 5, 6]) {
    await stepsOf(page).nth(count - 1).waitFor();
    await page.keyboard.press("Enter");
  }

  const said = await stepsOf(page).allTextContents();
  assert.match(said[1], /401 token_expired/);
  assert.match(said[3], /remint answers 200/);
  assert.match(said[5], /204/);
  await context.close();
});

test("the walk goes by the contract that is chosen", PATIENCE, async () => {
  const { context, page } = await open();
  const { refresh_token: value } = SESSIONS.cookie;
  await context.addCookies([{ name: "refresh_token", value, url: ORIGIN, httpOnly: true }]);
  await tokenOf(page).fill(SESSIONS.refresh_token.refresh_token);
  for (const name of ["cookie", "refresh_token"]) {
    await page.getByLabel("Refreshed by").selectOption(name);

    for (const index of [0, 1, 2, 3, 4, 5]) {
      await page.getByRole("button", { name: "Step", exact: true }).click();
      await stepsOf(page).nth(index).waitFor();
    }

    const said = await stepsOf(page).allTextContents();
    assert.match(said[1], /401 missing_token/, name);
    assert.match(said[5], /204/, name);
  }
  await context.close();
});

test("the walk can be played, stopped and begun anew", PATIENCE, async () => {
  const { context, page } = await open({ reducedMotion: "no-preference" });
  await tokenOf(page).fill(EXPIRED);

  await page.getByRole("button", { name: "Play", exact: true }).click();
  await stepsOf(page).nth(1).waitFor();
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("button", { name: "Start over", exact: true }).click();
  assert.equal(await stepsOf(page).count(), 0);
  await page.getByRole("button", { name: "Play", exact: true }).click();

  await stepsOf(page).nth(5).waitFor();
  assert.match(await stepsOf(page).last().textContent(), /The user has noticed nothing/);
  assert.equal(await page.locator("#diagram .arrow").count(), 6);
  await context.close();
});

test("the copied command does in a shell what the page does", PATIENCE, async () => {
  const { context, page } = await open();
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: ORIGIN });
  await tokenOf(page).fill(EXPIRED);
  assert.match(await partOf(page, "code").textContent(), /YOUR_ACCESS_TOKEN/);

  await page.getByLabel("with the tokens above in it").locator("visible=true").check();
  await page.locator("button:visible", { hasText: "Copy" }).click();
  await page.getByText("Copied.").locator("visible=true").waitFor();

  const command = await page.evaluate(() => navigator.clipboard.readText());
  const body = execFileSync("sh", ["-c", `${command} --silent --noproxy '*'`], { encoding: "utf8" });
  assert.equal(JSON.parse(body).token_type, "bearer");
  await context.close();
});

test("the copied script runs", PATIENCE, async () => {
  const { context, page } = await open();
  await tokenOf(page).fill(EXPIRED);
  await page.getByLabel("with the tokens above in it").locator("visible=true").check();
  await tabOf(page, "fetch").locator("visible=true").click();

  const script = await partOf(page, "code").textContent();

  const arguments_ = ["--input-type=module", "--eval", script];
  const printed = execFileSync("node", arguments_, { encoding: "utf8", env: {} });
  assert.match(printed, /^200 .*access_token/s);
  await context.close();
});

test("tokens are nowhere but in the fields, and nothing breaks the policy", PATIENCE, async () => {
  const { context, page, found } = await open();
  await page.evaluate(() => {
    globalThis.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => violations.push(event.blockedURI));
  });
  await tokenOf(page).fill(EXPIRED);
  await send(page);
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await stepsOf(page).first().waitFor();

  const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, history.length, location.href]);
  const violations = await page.evaluate(() => globalThis.violations);

  assert.deepEqual(kept, [0, 0, 2, `${ORIGIN}/`]);
  assert.deepEqual(violations, []);
  assert.deepEqual(ownMisdeeds(found), []);
  await context.close();
});

for (const colorScheme of ["light", "dark"]) {
  test(`nothing stands in anybody's way: ${colorScheme}`, PATIENCE, async () => {
    const { context, page } = await open({ colorScheme });
    await tokenOf(page).fill(EXPIRED);
    await send(page);
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await stepsOf(page).first().waitFor();

    assert.deepEqual(await barriers(page), []);
    await page.getByRole("button", { name: "Dark", exact: true }).click();

    assert.deepEqual(await barriers(page), []);
    await context.close();
  });
}

test("before a token is there nothing is said of one", PATIENCE, async () => {
  const { context, page } = await open();
  const judgement = page.getByText("How it is judged");
  assert.equal(await judgement.isVisible(), false);
  await tokenOf(page).fill(EXPIRED);
  assert.equal(await judgement.isVisible(), true);

  await page.getByRole("button", { name: "Clear" }).click();

  assert.equal(await judgement.isVisible(), false);
  assert.equal(await page.locator("#summary").textContent(), "");
  await context.close();
});

test("a contract that is off cannot be sent to, and says what it needs", PATIENCE, async () => {
  const { context, page } = await open();
  await page.route("**/page/settings.json", async (route) => {
    const answer = await route.fetch();
    const settings = await answer.json();
    settings.contracts = settings.contracts.filter(({ name }) => name !== "token_pair");
    await route.fulfill({ response: answer, json: settings });
  });
  await page.reload();
  await tabOf(page, "token_pair").click();

  await page.getByText("needs a JWT_SECRET_KEY of 64 bytes, or TOKEN_PAIR_ALGORITHM=HS256").waitFor();
  const button = page.getByRole("button", { name: "Send", exact: true });
  assert.equal(await button.getAttribute("aria-disabled"), "true");
  await context.close();
});

test("nothing is cut off in a narrow window", PATIENCE, async () => {
  const { context, page } = await open({ viewport: { width: 320, height: 640 } });
  await tokenOf(page).fill(EXPIRED);
  await send(page);

  const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);

  assert.deepEqual(widths, [320, 320]);
  await context.close();
});
