// Tabs of one browser with web/client in them, at a stage that does what a test tells it.
export const { LENIENT, LIMITED } = process.env;

// What `origin` is to do.
export async function say(origin, verb, argument = null) {
  const answer = await fetch(`${origin}/test/${verb}`, {
    method: "POST",
    body: JSON.stringify(argument),
  });
  return answer.status === 204 ? null : answer.json();
}

// What was asked of remint since the last time, apart from files.
export async function requests(origin) {
  const lines = await say(origin, "requests");
  return lines.filter((line) => line.startsWith("POST") && !line.includes("/api/reports"));
}

const contexts = new Map();
let clients = 0;

// As many tabs of one browser, with a client each, where nobody is logged in. The tabs are used again.
export async function open(browser, count, { origin, ...options }) {
  if (!contexts.has(origin)) contexts.set(origin, await browser.newContext());
  const context = contexts.get(origin);
  await context.clearCookies();
  while (context.pages().length < count) {
    const page = await context.newPage();
    // What a page says is searched for tokens like all that the tests print.
    page.on("console", (message) => console.log(message.text()));
  }
  const pages = context.pages().slice(0, count);
  const given = { name: `client ${(clients += 1)}`, ...options };
  await Promise.all(pages.map((page) => equip(page, origin, given)));
  return { context, origin, pages, contract: options.contract };
}

async function equip(page, origin, options) {
  await page.unrouteAll();
  await page.goto(`${origin}/page`);
  await page.evaluate(async (given) => {
    const { createClient } = await import("/client.js");
    globalThis.ended = [];
    const onLoggedOut = (reason) => ended.push(reason);
    globalThis.client = createClient({ ...given, onLoggedOut });
  }, options);
}

// Logs alice in; by the time that the tabs are used her access token has expired.
export async function logIn({ context, origin, pages, contract }) {
  const tokens = await say(origin, "start", contract);
  if (contract === "cookie")
    await context.addCookies([{ name: "refresh_token", value: tokens.refreshToken, url: origin }]);
  await pages[0].evaluate((given) => client.login(given), tokens);
  for (const page of pages) await page.waitForFunction(() => client.isLoggedIn());
  await say(origin, "pass", 31);
  await say(origin, "requests");
}

// What a page gets that asks the API, or why it gets nothing.
export const ask = (page, init) =>
  page.evaluate(async (given) => {
    try {
      const response = await client.fetch("/api/reports", given);
      return response.ok ? await response.json() : response.status;
    } catch (error) {
      console.log(`${error.stack} ${JSON.stringify(error)}`);
      const { name, kind, status } = error;
      return { name, kind, status };
    }
  }, init);

// How often and why the tabs were told that the session is over, once each of them was.
export const endings = (pages) =>
  Promise.all(
    pages.map(async (page) => {
      await page.waitForFunction(() => ended.length > 0);
      return page.evaluate(() => ended);
    }),
  );

// Holds back what `page` asks of remint, before it leaves or when the answer is there, for ever.
export const holdBack = (page, when) =>
  page.evaluate((moment) => {
    const send = fetch;
    globalThis.fetch = async (...request) => {
      if (request[0] instanceof Request) return send(...request);
      if (moment === "answered") await send(...request);
      globalThis.isHeld = true;
      return new Promise(() => {});
    };
  }, when);

// Once something is held back.
export const held = (page) => page.waitForFunction(() => globalThis.isHeld);

export async function freeze(page, state = "frozen") {
  const session = await page.context().newCDPSession(page);
  await session.send("Page.setWebLifecycleState", { state });
  await session.detach();
}
