// Sending a request as a frontend would, and reading what comes back.

const SHOWN = [
  "content-type",
  "www-authenticate",
  "retry-after",
  "ratelimit-limit",
  "ratelimit-remaining",
  "ratelimit-reset",
  "cache-control",
  "x-auth-subject",
  "x-request-id",
];

/** The address of a path of this service, also where a proxy has put it below another one. */
export const addressOf = (path) => new URL(path, document.baseURI).href;

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/**
 * The answer to `request`; status 0 where there is none. Cookies go with it only where its contract
 * is the one that has them: else one of an earlier try would answer for the token.
 */
export const send = async ({ method, path, headers, body, credentials = "omit" }) => {
  try {
    const response = await fetch(addressOf(path), {
      method,
      headers,
      body,
      credentials,
      cache: "no-store",
      referrerPolicy: "no-referrer",
    });
    const text = await response.text();
    const values = SHOWN.map((name) => [name, response.headers.get(name)]);
    return {
      status: response.status,
      headers: Object.fromEntries(values.filter(([, value]) => value !== null)),
      text,
      json: parsed(text),
    };
  } catch {
    return { status: 0, headers: {}, text: "", json: null };
  }
};

/** Status and reason, as people say them. */
export const statusOf = ({ status }) => (status === 0 ? "no answer" : String(status));

/** The settings that the page must know, and by how many seconds the server's clock is ahead. */
export const settings = async () => {
  const asked = Date.now();
  const response = await fetch(addressOf("ui/page/settings.json"), { cache: "no-store" });
  if (!response.ok) throw new Error(`the settings: ${response.status}`);
  const known = await response.json();
  const date = Date.parse(response.headers.get("date") ?? "");
  // The header has whole seconds, so less than that is no difference.
  const ahead = Number.isNaN(date) ? 0 : (date + 500 - (asked + Date.now()) / 2) / 1000;
  return { ...known, ahead: Math.abs(ahead) < 1.5 ? 0 : ahead };
};
