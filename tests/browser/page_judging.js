// The page at ORIGIN, asked about CASES: tokens, each with what `remint explain` says of it.
import assert from "node:assert/strict";
import test from "node:test";
import { ORIGIN, PATIENCE, browser } from "./chromium.js";

const CASES = JSON.parse(process.env.CASES);

// What the service may say of a token that the page finds nothing wrong with.
const KNOWN_TO_THE_SERVICE = [undefined, "invalid_token", "user_inactive", "user_not_found"];

// What a browser leaves to the service.
const LEFT = ["refresh token", "signature", "key still trusted", "session", "user"];

const chromium = browser();

// One page for all of them, as somebody would who looks at one token after the other.
let opened;
async function open() {
  if (opened) return opened;
  opened = await chromium().newPage();
  await opened.goto(ORIGIN);
  await opened.getByRole("tab", { name: "oauth2" }).waitFor();
  return opened;
}

// Every check that the page shows: its name, its verdict, its code and its reason.
const checks = (page) =>
  page.locator("[data-check]").evaluateAll((items) =>
    items.map(({ dataset, lastElementChild }) => ({
      name: dataset.check,
      verdict: dataset.verdict,
      code: dataset.code,
      seen: lastElementChild.querySelector(".seen").textContent,
    })),
  );

// What the service answers to the same token.
async function codeOf(token) {
  const body = JSON.stringify({ token });
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(`${ORIGIN}/api/auth/refresh`, { method: "POST", headers, body });
  return (await response.json()).code;
}

for (const { name, token, rows } of CASES) {
  test(`a token is judged as the service judges it: ${name}`, PATIENCE, async () => {
    const page = await open();
    const code = await codeOf(token);

    await page.getByLabel("Token", { exact: true }).fill(token);

    const shown = await checks(page);
    const refused = shown.find(({ verdict }) => verdict === "refused");
    if (refused) assert.equal(refused.code, code);
    else assert.ok(KNOWN_TO_THE_SERVICE.includes(code), code);
    for (const { check, verdict, seen } of rows) {
      const same = shown.find((known) => known.name === check);
      if (LEFT.includes(check)) continue;
      assert.equal(same?.verdict, verdict === "ok" ? "passes" : "refused", check);
      if (verdict !== "ok") assert.ok(same.seen.startsWith(seen), `${check}: ${same.seen}`);
    }
  });
}

test("every check of the service is one of the page, in the same order", PATIENCE, async () => {
  const page = await open();
  const { token, rows } = CASES.find(({ name }) => name === "expired");

  await page.getByLabel("Token", { exact: true }).fill(token);

  const shown = await checks(page);
  assert.deepEqual(
    shown.map(({ name }) => name),
    rows.map(({ check }) => check),
  );
});
