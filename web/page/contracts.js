// The six contracts: what their frontends send, and what an answer means to them.

const JSON_TYPE = "application/json";

const post = (path, body) => ({
  method: "POST",
  path,
  headers: { "Content-Type": JSON_TYPE },
  body: body === undefined ? undefined : JSON.stringify(body),
});

const GOOD = "good";
const WAIT = "wait";
const BAD = "bad";

const FRESH = {
  tone: GOOD,
  title: "Go on with the new token",
  text: "Send the new access token from now on.",
};
const LOG_IN = {
  tone: BAD,
  title: "Log in again",
  text: "No retry helps. The frontend forgets its tokens and shows the login.",
};
const CORRECT = {
  tone: BAD,
  title: "Correct the request",
  text: "The request is not what the contract wants. It says nothing about the session: keep the tokens.",
};
const KEEP = {
  tone: WAIT,
  title: "Keep the tokens, try again later",
  text: "The service is in trouble, not the session. Nothing was used up: send the same again.",
};

const wait = ({ headers }) => {
  const seconds = headers["retry-after"];
  return {
    tone: WAIT,
    title: seconds ? `Wait ${seconds} s` : "Wait",
    text: "Too many attempts. Nothing was used up: keep the tokens and send the same again after that.",
  };
};

/** What any contract's frontend makes of 429 and 5xx, or of no answer at all. */
const trouble = (answer) => {
  if (answer.status === 429) return wait(answer);
  return answer.status === 0 || answer.status >= 500 ? KEEP : null;
};

const byAction = ({ json }) =>
  ({ reauthenticate: LOG_IN, wait: KEEP, refresh: LOG_IN })[json?.action] ?? CORRECT;

/** The tokens of an answer by what the fields of a contract call them. */
const tokens = (access, refresh) => (json) => ({
  access: json?.[access] ?? null,
  refresh: refresh === undefined ? null : (json?.[refresh] ?? null),
});

const ACCESS_FIELD = { id: "access", label: "Access token, expired or not", takes: "access" };
const REFRESH_FIELD = { id: "refresh", label: "Refresh token", takes: "refresh" };

/** Every contract, by its word. */
export const CONTRACTS = [
  {
    name: "expired_token",
    about:
      "The main job: the expired access token itself is exchanged for a fresh one. There is no refresh token.",
    fields: [ACCESS_FIELD],
    request: ({ access }) => post("api/auth/refresh", { token: access }),
    read: tokens("access_token"),
    meaning: (answer) => (answer.status === 200 ? FRESH : byAction(answer)),
  },
  {
    name: "cookie",
    about:
      "The browser sends the refresh cookie by itself, and the answer sets a fresh access cookie. Both are HttpOnly: " +
      "no script, and so not this page, can see whether you have one or what is in it.",
    fields: [],
    request: () => ({ ...post("api/auth/refresh"), credentials: "same-origin" }),
    read: tokens("no member of the body"),
    meaning: ({ status, json }) => {
      const text = "The browser has replaced the access cookie. The refresh cookie stays as it is.";
      if (status === 200) return { ...FRESH, title: "Go on with the new cookie", text };
      const none = "The browser sent no refresh cookie. To get one, log in, or import one with the developer tools.";
      if (json?.message === "No refresh token provided") return { ...LOG_IN, text: none };
      return status === 401 || status === 404 ? LOG_IN : CORRECT;
    },
  },
  {
    name: "token_pair",
    about:
      "Access and refresh token are sent together, and both are replaced. The old refresh token is good once.",
    fields: [ACCESS_FIELD, REFRESH_FIELD],
    request: ({ access, refresh }) => post("api/auth/refresh", { Token: access, RefreshToken: refresh }),
    read: tokens("Token", "RefreshToken"),
    meaning: ({ status }) => ({ 200: FRESH, 404: LOG_IN })[status] ?? CORRECT,
  },
  {
    name: "envelope",
    about: "A uuid is exchanged for both tokens, in an envelope that says whether it worked. It is good once.",
    fields: [REFRESH_FIELD],
    request: ({ refresh }) => post("api/refresh", { refreshToken: refresh }),
    read: (json) => tokens("accessToken", "refreshToken")(json?.data),
    meaning: ({ status, json }) => {
      if (status !== 200) return CORRECT;
      const text = `${LOG_IN.text} In this contract a refusal has the status 200: success says no.`;
      return json?.success === true ? FRESH : { ...LOG_IN, text };
    },
  },
  {
    name: "refresh_token",
    about: "A refresh token is exchanged for an access token and stays good until its own end.",
    fields: [REFRESH_FIELD],
    request: ({ refresh }) => post("auth/refresh", { refresh_token: refresh }),
    read: tokens("access_token", "refresh_token"),
    meaning: ({ status }) => ({ 200: FRESH, 400: LOG_IN })[status] ?? CORRECT,
  },
  {
    name: "oauth2",
    about:
      "OAuth 2.0's refresh token grant (RFC 6749 §6), for a refresh token or an expired access token. A client that has a " +
      "secret authenticates with it as well, by HTTP Basic; this page asks for no secret.",
    fields: [{ ...REFRESH_FIELD, label: "Refresh token, or an expired access token", takes: "either" }],
    request: ({ refresh }) => ({
      method: "POST",
      path: "oauth/token",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      form: { grant_type: "refresh_token", refresh_token: refresh },
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: refresh }).toString(),
    }),
    read: tokens("access_token", "refresh_token"),
    meaning: ({ status, json }) => {
      if (status === 200) return FRESH;
      return json?.error === "invalid_grant" ? LOG_IN : CORRECT;
    },
  },
];

/** The contract of that name. */
export const contractOf = (name) => CONTRACTS.find((contract) => contract.name === name);

/** What an answer means to the frontend of `contract`. */
export const meaningOf = (contract, answer) => trouble(answer) ?? contract.meaning(answer);
