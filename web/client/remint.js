/**
 * remint's client for browsers: a `fetch` that keeps its user logged in, in all tabs at once.
 *
 *     import { createClient } from "/client.js";
 *     const client = createClient({ contract: "expired_token", onLoggedOut: showLogin });
 *     await client.login({ accessToken }); // once, with what the login answered
 *     const response = await client.fetch("/api/reports");
 *
 * After a 401 the tokens are exchanged, once for all tabs, and the request is sent again, once. Only
 * a final refusal logs out. Outages, limits, no network, and proxies that answer in remint's place do
 * not: it tries a few times, and then throws a `RemintError`.
 *
 * *How one tab does it for all.* Whoever wants to exchange waits for a Web Lock, and then looks
 * whether another tab has done it meanwhile. A frozen tab keeps its lock for ever; so an exchange also
 * has a lease in the record of the session, and when that is over, one of those who wait takes over.
 * Without Web Locks, which pages without HTTPS lack, the lease alone decides. An answer that comes
 * back to a tab that was overtaken changes nothing, for by then the record has another stamp.
 *
 * *Why IndexedDB.* What one tab writes to `localStorage` may reach another later than the lock does.
 */

const isText = (value) => typeof value === "string" && value !== "";
const asJson = (value) => ({
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(value),
});
const both = (accessToken, refreshToken) =>
  isText(accessToken) && isText(refreshToken) ? { accessToken, refreshToken } : null;

/** Other servers, too, say `success: false` where a path is wrong. */
const COOKIE_REFUSALS = {
  "Invalid or expired refresh token": 401,
  "No refresh token provided": 401,
  "User not found": 404,
};

/** What each contract keeps and sends, where fresh tokens are, and which answer alone is a refusal. */
const CONTRACTS = {
  expired_token: {
    path: "api/auth/refresh",
    keeps: ["accessToken"],
    asks: ({ accessToken }) => asJson({ token: accessToken }),
    grants: ({ access_token: accessToken, expires_in: expiresIn }) =>
      isText(accessToken) ? { accessToken, expiresIn } : null,
    refuses: (status, body) => status === 401 && body.action === "reauthenticate",
  },
  cookie: {
    path: "api/auth/refresh",
    keeps: [],
    asks: () => ({}),
    grants: (body) => (body.success === true ? {} : null),
    refuses: (status, body) => body.success === false && COOKIE_REFUSALS[body.message] === status,
  },
  token_pair: {
    path: "api/auth/refresh",
    keeps: ["accessToken", "refreshToken"],
    asks: ({ accessToken, refreshToken }) =>
      asJson({ Token: accessToken, RefreshToken: refreshToken }),
    grants: (body) => both(body.Token, body.RefreshToken),
    refuses: (status, body) =>
      status === 404 &&
      ["invalid_refresh_token", "user_not_found"].includes(body.errors?.[0]?.code),
  },
  envelope: {
    path: "api/refresh",
    keeps: ["accessToken", "refreshToken"],
    asks: ({ refreshToken }) => asJson({ refreshToken }),
    grants: (body) => both(body.data?.accessToken, body.data?.refreshToken),
    refuses: (status, body) => status === 200 && body.errors?.[0]?.code === "INVALID_TOKEN",
  },
  refresh_token: {
    path: "auth/refresh",
    keeps: ["accessToken", "refreshToken"],
    asks: ({ refreshToken }) => asJson({ refresh_token: refreshToken }),
    // Only an identity provider may send another one.
    grants: (body, { refreshToken }) => both(body.access_token, body.refresh_token ?? refreshToken),
    refuses: (status, body) => status === 400 && body.detail === "Refresh failed",
  },
  oauth2: {
    path: "oauth/token",
    keeps: ["accessToken"],
    asks: ({ accessToken, refreshToken = accessToken }, clientId) => {
      const form = { grant_type: "refresh_token", refresh_token: refreshToken };
      return { body: new URLSearchParams(clientId ? { ...form, client_id: clientId } : form) };
    },
    grants: (body) => {
      const tokens = both(body.access_token, body.refresh_token);
      return tokens && { ...tokens, expiresIn: body.expires_in };
    },
    refuses: (status, body) => status === 400 && body.error === "invalid_grant",
  },
};

const MESSAGES = {
  logged_out: "the session is over; log in again",
  rate_limited: "too many refreshes; the session goes on, try again later",
  rejected:
    "remint does not take this request: wrong address or contract, or an origin that is not listed",
  unavailable: "remint cannot answer now; the session goes on, try again later",
  unreachable: "remint cannot be reached; the session goes on, try again later",
};

/** Why there are no fresh tokens; never has a token in it. */
export class RemintError extends Error {
  constructor(kind, { status, retryAfter } = {}) {
    super(MESSAGES[kind]);
    Object.assign(this, { name: "RemintError", kind, status, retryAfter });
  }
}

const isTrouble = ({ kind }) => ["rate_limited", "unavailable", "unreachable"].includes(kind);
const isAlive = (session) => Boolean(session) && !session.loggedOut;
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
// Pages without HTTPS have no `randomUUID`.
const unique = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

/** The outcome of `promise`, unless `signal` is aborted before. */
function orAborted(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    promise.then(resolve, reject);
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** The object that `text` is as JSON, or null. */
function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/** How many seconds a new token lives, by its own times: the clock of the device may be wrong. */
function lifetime(token) {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const { iat, exp } = JSON.parse(atob(payload));
    return exp - iat;
  } catch {
    return undefined;
  }
}

/** The record of a session in IndexedDB. */
class IndexedRecord {
  #key;
  #database = null;

  constructor(key) {
    this.#key = key;
  }

  /** What `change` makes of the record, and the record from now on; one step for all tabs. */
  async update(change, isFirst = true) {
    try {
      const database = await (this.#database ??= this.#open());
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction("sessions", "readwrite");
        const sessions = transaction.objectStore("sessions");
        const found = sessions.get(this.#key);
        let after;
        found.onsuccess = () => {
          after = change(found.result ?? null);
          if (after !== (found.result ?? null)) sessions.put(after, this.#key);
        };
        transaction.oncomplete = () => resolve(after);
        transaction.onabort = () => reject(transaction.error);
      });
    } catch (error) {
      // Browsers close databases when memory is short, and when people clear their data.
      this.#database?.then((database) => database.close()).catch(() => {});
      this.#database = null;
      if (!isFirst) throw error;
      return this.update(change, false);
    }
  }

  #open() {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open("remint", 1);
      request.onupgradeneeded = () => request.result.createObjectStore("sessions");
      request.onsuccess = () => {
        const database = request.result;
        // Who deletes it would wait for the last tab to close.
        database.onversionchange = () => database.close();
        resolve(database);
      };
      request.onerror = () => reject(request.error);
    });
  }
}

/** The same in something like `sessionStorage`, where it is not one step for all tabs. */
class TextRecord {
  #key;
  #storage;

  constructor(key, storage) {
    this.#key = `remint:${key}`;
    this.#storage = storage;
  }

  async update(change) {
    const before = parse((await this.#storage.getItem(this.#key)) ?? null);
    const after = change(before);
    if (after !== before) await this.#storage.setItem(this.#key, JSON.stringify(after));
    return after;
  }
}

/** The updates of this tab that are under way, by the key of their record. */
const TURNS = new Map();

/** One after the other in this tab, since a store may take its time between reading and writing. */
function inTurn(key, update) {
  const mine = (TURNS.get(key) ?? Promise.resolve()).then(update);
  TURNS.set(
    key,
    mine.catch(() => {}),
  );
  return mine;
}

/**
 * A record that outlives the trouble of its store, which may be full, be closed, or not be allowed at
 * all. What the store does not take is the record for this tab, and goes to the store with the next
 * update that it takes. Until then other tabs find what was there before.
 */
class LastingRecord {
  #key;
  #store;
  #onWritten;
  /** What the store had in it the last time. */
  #stored = null;
  /** What it did not take, which `replaces` the session of that stamp, or with null whatever is there. */
  #unwritten = null;

  constructor(key, store, onWritten) {
    this.#key = key;
    this.#store = store;
    this.#onWritten = onWritten;
  }

  get isBehind() {
    return this.#unwritten !== null;
  }

  /**
   * What `change` makes of the record, and the record from now on; with `regardless` also where
   * another tab writes something else before the store takes it.
   */
  update(change, regardless = false) {
    return inTurn(this.#key, () => this.#update(change, regardless));
  }

  async #update(change, regardless) {
    let after;
    const step = (stored) => {
      this.#stored = stored;
      const { session, replaces } = this.#unwritten ?? {};
      const isNewer = this.isBehind && (replaces === null || replaces === stored?.stamp);
      after = change(isNewer ? session : stored);
      return after;
    };
    try {
      await this.#store.update(step);
    } catch {
      step(this.#stored);
      const isAny = regardless || this.#unwritten?.replaces === null;
      const replaces = isAny ? null : this.#stored?.stamp;
      this.#unwritten = after === this.#stored ? null : { session: after, replaces };
      return after;
    }
    const isNews = after?.stamp !== this.#stored?.stamp;
    this.#stored = after;
    this.#unwritten = null;
    if (isNews) this.#onWritten();
    return after;
  }
}

const DEFAULTS = {
  name: "remint",
  baseUrl: "/",
  origins: [],
  timeoutSeconds: 10,
  tries: 3,
  maxWaitSeconds: 10,
};

/** Between two attempts to store what could not be stored. */
const MAX_RETRY_SECONDS = 60;

class Client {
  #options;
  #contract;
  #baseUrl;
  #origins;
  #record;
  #channel;
  #locks = globalThis.navigator?.locks;
  #closed = new AbortController();
  /** As this tab knows it; the record may be newer. */
  #session = null;
  #flight = null;
  /** To store what could not be stored, and how often that has failed. */
  #retry = null;
  #failures = 0;

  constructor(options) {
    const all = { ...DEFAULTS, ...options };
    if (!Object.hasOwn(CONTRACTS, all.contract))
      throw new TypeError(`no contract is called ${all.contract}`);
    this.#options = all;
    this.#contract = CONTRACTS[all.contract];
    this.#baseUrl = new URL(all.baseUrl.replace(/\/?$/, "/"), location.href);
    const own = [location.href, this.#baseUrl, ...all.origins];
    this.#origins = own.map((url) => new URL(url).origin);
    const { name, storage } = all;
    const store = storage ? new TextRecord(name, storage) : new IndexedRecord(name);
    this.#record = new LastingRecord(name, store, () => this.#announce());
    this.#channel = new BroadcastChannel(`remint:${name}`);
    const { signal } = this.#closed;
    this.#channel.addEventListener("message", () => this.#look(), { signal });
    // A page that comes back by the back button has heard nothing meanwhile.
    addEventListener("pageshow", ({ persisted }) => persisted && this.#look(), { signal });
    this.#look();
  }

  fetch = async (input, init) => {
    let request = new Request(input, init);
    const isOwn = this.#origins.includes(new URL(request.url).origin);
    if (!isOwn || request.headers.has("Authorization")) return fetch(request);
    if (this.#isCookie && !init?.credentials)
      request = new Request(request, { credentials: "include" });
    const session = await this.#ahead(request.signal);
    if (!isAlive(session)) return fetch(request);

    // A stream is gone once it is sent, and may be too large to be kept.
    const again = init?.body instanceof ReadableStream ? null : request.clone();
    const response = await this.#send(request, session);
    if (response.status !== 401) return response;
    try {
      const renewed = await this.#renew(session.stamp, this.#options.tries, request.signal);
      return again ? await this.#send(again, renewed) : response;
    } catch (error) {
      if (error?.kind === "logged_out") return response;
      throw error;
    }
  };

  login = async (tokens = {}) => {
    const missing = this.#contract.keeps.find((name) => !isText(tokens[name]));
    if (missing) throw new TypeError(`${missing} is missing`);
    const session = this.#made(tokens);
    await this.#change(() => session, true);
  };

  logout = async ({ everywhere = false } = {}) => {
    let before;
    const end = { stamp: unique(), loggedOut: "logout" };
    await this.#change((session) => {
      before = session;
      return end;
    }, true);
    await this.#end(before, everywhere);
  };

  refresh = async ({ signal } = {}) => {
    const session = await this.#known();
    if (!isAlive(session)) throw new RemintError("logged_out");
    await this.#renew(session.stamp, this.#options.tries, signal);
  };

  token = async () => (await this.#known())?.accessToken ?? null;

  isLoggedIn = async () => isAlive(await this.#known());

  close = () => {
    this.#closed.abort();
    this.#channel.close();
  };

  get #isCookie() {
    return this.#options.contract === "cookie";
  }

  /** That another tab has newer tokens is found out by the 401 that the old one earns. */
  async #known() {
    return isAlive(this.#session) ? this.#session : this.#look();
  }

  #look() {
    return this.#change((session) => session);
  }

  /** Changes the record, and tells the page what it has to know of it. */
  async #change(change, regardless) {
    const session = await this.#record.update(change, regardless);
    const wasAlive = isAlive(this.#session);
    this.#session = session;
    this.#writeLater();
    // Later, so that what the page does wrong is not done here.
    if (wasAlive && !isAlive(session) && !this.#closed.signal.aborted)
      queueMicrotask(() => this.#options.onLoggedOut?.(session?.loggedOut ?? "logout"));
    return session;
  }

  /** Tells the other tabs that the record has another session. */
  #announce() {
    if (!this.#closed.signal.aborted) this.#channel.postMessage("changed");
  }

  /** Tries by itself, ever more seldom: a tab that finds the old token after its grace is refused. */
  #writeLater() {
    if (!this.#record.isBehind) this.#failures = 0;
    else
      this.#retry ??= sleep(1000 * Math.min(2 ** this.#failures++, MAX_RETRY_SECONDS)).then(() => {
        this.#retry = null;
        return this.#look();
      });
  }

  #made({ accessToken, refreshToken, expiresIn = lifetime(accessToken) }) {
    const expiresAt = expiresIn ? Date.now() + expiresIn * 1000 : undefined;
    return { stamp: unique(), accessToken, refreshToken, expiresAt };
  }

  #send(request, { accessToken }) {
    if (accessToken) request.headers.set("Authorization", `Bearer ${accessToken}`);
    return fetch(request);
  }

  /** The session, with a token that lives on for a while if that is wished for and can be had at once. */
  async #ahead(signal) {
    const session = await orAborted(this.#known(), signal);
    const due = session?.expiresAt - this.#options.refreshAheadSeconds * 1000;
    if (!isAlive(session) || !(Date.now() >= due)) return session;
    try {
      return await this.#renew(session.stamp, 1, signal);
    } catch (error) {
      if (error?.kind === "logged_out") return null;
      if (isTrouble(error)) return session;
      throw error;
    }
  }

  /** The session that comes after the one of that stamp. */
  async #renew(stale, tries, signal) {
    await this.#insistently(tries, signal, async () => {
      // What is on its way may be the exchange before.
      while (isAlive(this.#session) && this.#session.stamp === stale) {
        this.#flight ??= this.#exclusively(stale).finally(() => (this.#flight = null));
        await orAborted(this.#flight, signal);
      }
    });
    if (!isAlive(this.#session)) throw new RemintError("logged_out");
    return this.#session;
  }

  /** Tries again after trouble, as often as that and no sooner than it was told to. */
  async #insistently(tries, signal, attempt) {
    for (let tried = 1; ; tried += 1) {
      try {
        return await attempt();
      } catch (error) {
        const { maxWaitSeconds } = this.#options;
        if (!isTrouble(error) || tried >= tries || error.retryAfter > maxWaitSeconds) throw error;
        const seconds = Math.min(error.retryAfter ?? 2 ** tried / 4, maxWaitSeconds);
        // Not all at the same moment.
        await orAborted(sleep(seconds * 1000 * (1 + Math.random() / 4)), signal);
      }
    }
  }

  /** Exchanges the session of that stamp, unless another tab does. */
  async #exclusively(stale) {
    const id = unique();
    for (;;) {
      // Who has waited for that long waits for a tab that is frozen.
      const signal = AbortSignal.timeout(this.#leaseLength());
      const inTurn =
        this.#locks && (await this.#hold({ signal }, () => this.#turn(id, stale, false)));
      const session = inTurn ?? (await this.#turn(id, stale, true));
      if (session) return session;
      await sleep(100);
    }
  }

  /** What `work` comes to with the lock; nothing where that cannot be got, or is taken away. */
  async #hold(how, work) {
    try {
      return await this.#locks.request(`remint:${this.#options.name}`, how, work);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      // Any other means that this page may have no locks.
      if (!["AbortError", "TimeoutError"].includes(error.name)) this.#locks = null;
      return null;
    }
  }

  /** Somewhat longer than a request may take, and well below the server's grace. */
  #leaseLength() {
    return this.#options.timeoutSeconds * 1250;
  }

  /**
   * The session after the one of that stamp, or nothing while another tab has the lease.
   *
   * Whose turn it is by the lock takes the lease of one who had the lock before, for that one is gone. A
   * `firm` lease, of one who goes without the lock or takes it away, is respected until its end.
   */
  async #turn(id, stale, firm) {
    const now = Date.now();
    // A lease or pause that is too long is from before the clock was set.
    const isOn = (it, length) => it && it.until > now && it.until <= now + length;
    const isMine = (it) => !isOn(it, this.#leaseLength()) || !(firm || it.firm);
    const isPaused = ({ pause }) => isOn(pause, this.#options.maxWaitSeconds * 1000);
    const lease = { id, firm, until: now + this.#leaseLength() };
    const session = await this.#change((it) =>
      isAlive(it) && it.stamp === stale && !isPaused(it) && isMine(it.lease)
        ? { ...it, lease }
        : it,
    );
    if (!isAlive(session)) throw new RemintError("logged_out");
    if (session.stamp !== stale) return session;
    if (isPaused(session)) throw new RemintError(session.pause.kind, session.pause);
    if (session.lease?.id !== id || Date.now() >= lease.until) return null;
    const work = () => this.#exchange(id, session);
    return firm && this.#locks ? this.#hold({ steal: true }, work) : work();
  }

  async #exchange(id, session) {
    let after;
    try {
      const { asks, grants, path, refuses } = this.#contract;
      const request = asks(session, this.#options.clientId);
      const { status, body, retryAfter } = await this.#ask(path, request);
      const granted = status === 200 && body && grants(body, session);
      if (granted) after = this.#made(granted);
      else if (body && refuses(status, body)) after = { stamp: unique(), loggedOut: "refused" };
      else throw troubleOf(status, body, retryAfter);
    } catch (error) {
      await this.#change((it) => (it?.lease?.id === id ? this.#paused(it, error) : it));
      throw error;
    }
    // Unless it was overtaken.
    const current = await this.#change((it) => (it?.stamp === session.stamp ? after : it));
    // A logout could not name what was on its way, and the browser took the cookies anew.
    if (isAlive(after) && current?.loggedOut === "logout") this.#end(after).catch(() => {});
    if (!isAlive(current)) throw new RemintError("logged_out");
    return current;
  }

  /** The session without its lease. After trouble nobody asks for a while, in any tab. */
  #paused({ lease: _, ...session }, { kind, status, retryAfter }) {
    if (!isTrouble({ kind })) return session;
    const seconds = Math.min(retryAfter ?? 0.5, this.#options.maxWaitSeconds);
    return { ...session, pause: { until: Date.now() + seconds * 1000, kind, status, retryAfter } };
  }

  /** Tells the server that the session is over, if there is anything that names it. */
  async #end(session, everywhere = false) {
    const token = session?.refreshToken ?? session?.accessToken;
    if (!token && !this.#isCookie) return;
    const said = { ...(token && { token }), ...(everywhere && { everywhere }) };
    await this.#insistently(this.#options.tries, undefined, () => this.#tell(said));
  }

  async #tell(said) {
    const request = Object.keys(said).length ? asJson(said) : {};
    const { status, body, retryAfter } = await this.#ask("api/auth/logout", request);
    // Without its cookie, which is then gone, nothing names the session.
    const isDone = status === 204 || (this.#isCookie && status === 422);
    if (!isDone) throw troubleOf(status, body, retryAfter);
  }

  async #ask(path, { headers, body }) {
    try {
      const response = await fetch(new URL(path, this.#baseUrl), {
        method: "POST",
        headers,
        body,
        cache: "no-store",
        credentials: this.#isCookie ? "include" : "same-origin",
        // No token goes to wherever a proxy points.
        redirect: "error",
        signal: AbortSignal.timeout(this.#options.timeoutSeconds * 1000),
      });
      const seconds = Number.parseInt(response.headers.get("Retry-After"), 10);
      const retryAfter = Number.isFinite(seconds) ? seconds : undefined;
      return { status: response.status, body: parse(await response.text()), retryAfter };
    } catch {
      throw new RemintError("unreachable");
    }
  }
}

/** What an answer means that has neither tokens nor a refusal. */
function troubleOf(status, body, retryAfter) {
  if (status === 429) return new RemintError("rate_limited", { status, retryAfter });
  const isFinal = status >= 400 && status < 500 && status !== 408;
  // What is no JSON is not remint's: the page of a captive portal, or of a proxy.
  return new RemintError(isFinal && body ? "rejected" : "unavailable", { status, retryAfter });
}

/** A client for the session of that name, which all tabs of the origin share. */
export const createClient = (options) => new Client(options);
