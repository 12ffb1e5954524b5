// The code that does what the page does: curl, fetch and Rust.

import { addressOf } from "./answers.js";

const PLACEHOLDERS = { access: "YOUR_ACCESS_TOKEN", refresh: "YOUR_REFRESH_TOKEN" };

/** What stands in the code where a token belongs. */
export const placeholders = PLACEHOLDERS;

const inShell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// As JSON, but for what Rust writes in another way.
const inRust = (text) => {
  const escaped = text.replace(/[\\"]/g, "\\$&");
  return `"${escaped.replace(/[^\x20-\x7e]/gu, (odd) => `\\u{${odd.codePointAt(0).toString(16)}}`)}"`;
};

const cookieOf = (contract, { refresh_cookie: name }) =>
  contract.name === "cookie" ? `${name}=${PLACEHOLDERS.refresh}` : null;

const headersOf = (request) => Object.entries(request.headers);

const curl = (request, cookie) => {
  const lines = [`curl -X ${request.method} ${inShell(addressOf(request.path))}`];
  if (request.form) {
    for (const [name, value] of Object.entries(request.form)) {
      lines.push(`--data-urlencode ${inShell(`${name}=${value}`)}`);
    }
    return lines.join(" \\\n  ");
  }
  for (const [name, value] of headersOf(request)) lines.push(`-H ${inShell(`${name}: ${value}`)}`);
  if (cookie) lines.push(`--cookie ${inShell(cookie)}`);
  if (request.body !== undefined) lines.push(`-d ${inShell(request.body)}`);
  return lines.join(" \\\n  ");
};

const fetchBody = ({ form, body }) => {
  if (form) return [`  body: new URLSearchParams(${JSON.stringify(form)}),`];
  return body === undefined ? [] : [`  body: JSON.stringify(${body}),`];
};

const script = (request, cookie) => {
  // A form says so by itself.
  const headers = request.form ? [] : [`  headers: ${JSON.stringify(request.headers)},`];
  return [
    `const response = await fetch(${JSON.stringify(addressOf(request.path))}, {`,
    `  method: "${request.method}",`,
    ...headers,
    ...fetchBody(request),
    ...(cookie ? ['  credentials: "include", // the browser adds the cookie'] : []),
    "});",
    "console.log(response.status, await response.json());",
  ].join("\n");
};

const rust = (request, cookie) => {
  const headers = headersOf(request).map(([name, value]) => [name.toLowerCase(), value]);
  if (cookie) headers.push(["cookie", cookie]);
  const call = request.body === undefined ? ".send_empty()?;" : `.send(${inRust(request.body)})?;`;
  return [
    '// Cargo.toml: ureq = "3"',
    "fn main() -> Result<(), Box<dyn std::error::Error>> {",
    "    let agent: ureq::Agent = ureq::Agent::config_builder()",
    "        .http_status_as_error(false)",
    "        .build()",
    "        .into();",
    "    let mut answer = agent",
    `        .post(${inRust(addressOf(request.path))})`,
    ...headers.map(([name, value]) => `        .header(${inRust(name)}, ${inRust(value)})`),
    `        ${call}`,
    '    println!("{}", answer.status());',
    '    println!("{}", answer.body_mut().read_to_string()?);',
    "    Ok(())",
    "}",
  ].join("\n");
};

const LANGUAGES = { curl, fetch: script, rust };

/** The code for `contract` in `language`, with those tokens. */
export const codeOf = (language, contract, tokens, settings) =>
  LANGUAGES[language](contract.request(tokens), cookieOf(contract, settings));
