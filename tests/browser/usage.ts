// What a frontend in TypeScript writes, and what its compiler must not let through.
import { type Client, RemintError, createClient } from "../../web/client/remint.js";

const client: Client = createClient({
  contract: "token_pair",
  baseUrl: "https://auth.example.com",
  origins: ["https://api.example.com"],
  name: "shop",
  storage: sessionStorage,
  refreshAheadSeconds: 30,
  onLoggedOut: (reason: "refused" | "logout") => console.log(reason),
});

export async function walk(signal: AbortSignal): Promise<string | null> {
  await client.login({ accessToken: "a", refreshToken: "r", expiresIn: 1800 });
  const response: Response = await client.fetch("/api/reports", {
    method: "POST",
    body: "{}",
    signal,
  });
  try {
    await client.refresh({ signal });
  } catch (error) {
    if (error instanceof RemintError && error.kind === "rate_limited")
      return String(error.retryAfter);
  }
  if (response.ok && (await client.isLoggedIn())) await client.logout({ everywhere: true });
  client.close();
  return client.token();
}

// @ts-expect-error: no such contract
createClient({ contract: "jwt" });
// @ts-expect-error: the contract is missing
createClient({});
// @ts-expect-error: it has to be waited for
const token: string | null = client.token();
// @ts-expect-error: no such kind of error
export const isOdd = (error: RemintError) => error.kind === "odd";
