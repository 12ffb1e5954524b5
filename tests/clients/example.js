// Runs an example of a document as it stands there, with what a browser has and Node.js lacks.
import makeFetchCookie from "fetch-cookie";
import { Storage, play } from "./play.js";

const { CALL, EXAMPLE, KEPT_IN, ORIGIN } = process.env;

const jar = new makeFetchCookie.toughCookie.CookieJar();
const fetchWithCookies = makeFetchCookie(fetch, jar);
globalThis.fetch = (url, options) => fetchWithCookies(new URL(url, ORIGIN).href, options);
globalThis.localStorage = new Storage();
globalThis.window = { location: { href: "/" } };

const AsyncFunction = (async () => {}).constructor;
const example = new AsyncFunction("console", `${EXAMPLE}\n${CALL}`);

await play({
  async logIn({ accessToken, refreshToken }) {
    localStorage.setItem("token", accessToken);
    localStorage.setItem("refreshToken", refreshToken);
    await jar.setCookie(`refresh_token=${refreshToken}; HttpOnly; Secure; Path=/`, ORIGIN);
  },

  // Whether the credential is still there, be it good or not.
  async isLoggedIn() {
    const cookies = (await jar.getCookies(ORIGIN)).map((cookie) => cookie.key);
    return KEPT_IN === "cookie" ? cookies.includes("refresh_token") : localStorage.has(KEPT_IN);
  },

  async refresh() {
    window.location.href = "/";
    const went = {};
    const console = { log: (printed) => (went.printed = printed) };
    try {
      went.returned = await example(console);
    } catch (error) {
      went.threw = error.message;
    }
    return { ...went, page: window.location.href };
  },

  // With what the last refresh gave: a token, or a cookie.
  async request(token) {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const response = await fetch("/api/reports", { headers });
    return response.ok ? response.json() : response.status;
  },
});
