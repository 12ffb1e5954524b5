/** What a frontend exchanges for fresh tokens, and how; see remint's README. */
export type Contract =
  "expired_token" | "cookie" | "token_pair" | "envelope" | "refresh_token" | "oauth2";

/** The tokens of a login. Which of them are needed depends on the contract; `cookie` needs none. */
export interface Tokens {
  accessToken?: string;
  refreshToken?: string;
  /** For how many seconds the access token is good; without it, what the token itself says counts. */
  expiresIn?: number;
}

/**
 * Where a session is kept, such as `sessionStorage`. What is asynchronous is waited for. What fails is tried
 * again; until then the tab keeps the session itself.
 */
export interface SessionStorage {
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  setItem(key: string, value: string): unknown;
}

export interface ClientOptions {
  contract: Contract;
  /** Where remint is. Default: the origin of the page. */
  baseUrl?: string;
  /** Origins that get the token, beside those of the page and of `baseUrl`. No other one ever does. */
  origins?: string[];
  /** Clients of the same name share one session, in all tabs. Default: `remint`. */
  name?: string;
  /** Default: IndexedDB, the only one that is exact for several tabs. */
  storage?: SessionStorage;
  /**
   * Called once in every tab when the session ends: it was refused, or some tab has logged out or deleted
   * the data of the site.
   */
  onLoggedOut?(reason: "refused" | "logout"): void;
  /** Exchange a token this long before it ends, and not only after a 401. Default: only after a 401. */
  refreshAheadSeconds?: number;
  /** For how long an answer is waited for; well below half of REFRESH_GRACE_SECONDS. Default: 10. */
  timeoutSeconds?: number;
  /** How often an exchange is tried in times of trouble. Default: 3. */
  tries?: number;
  /** A longer Retry-After is not waited for. Default: 10. */
  maxWaitSeconds?: number;
  /** For `oauth2`, where remint wants to know it. */
  clientId?: string;
}

/**
 * - `logged_out`: there is no session (any more); the only one after which to log in again.
 * - `rate_limited`, `unavailable`, `unreachable`: the session goes on; try again later.
 * - `rejected`: the request is wrong, not the session; see the message.
 */
export type ErrorKind = "logged_out" | "rate_limited" | "rejected" | "unavailable" | "unreachable";

/** Why there are no fresh tokens; never has a token in it. */
export class RemintError extends Error {
  readonly name: "RemintError";
  readonly kind: ErrorKind;
  /** Of the answer, if there was one. */
  readonly status?: number;
  /** In how many seconds to try again, if the answer said so. */
  readonly retryAfter?: number;
}

export interface Client {
  /**
   * `fetch` with the token. After a 401 it exchanges the tokens and sends the request again, once, but not one
   * whose body is a stream. A 401 that comes back is final. Throws a `RemintError` in times of trouble.
   */
  readonly fetch: typeof globalThis.fetch;
  /** Begins the session with the tokens of a login. */
  readonly login: (tokens?: Tokens) => Promise<void>;
  /** Ends the session in all tabs, then at remint; throws a `RemintError` if remint could not be told. */
  readonly logout: (options?: { everywhere?: boolean }) => Promise<void>;
  /** Exchanges the tokens now. */
  readonly refresh: (options?: { signal?: AbortSignal }) => Promise<void>;
  /** The access token, be it expired or not; null without a session, and with `cookie`. */
  readonly token: () => Promise<string | null>;
  readonly isLoggedIn: () => Promise<boolean>;
  /** Stops listening to the other tabs. */
  readonly close: () => void;
}

/** A client for the session of that name, which all tabs of the origin share. */
export function createClient(options: ClientOptions): Client;
