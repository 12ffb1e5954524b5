// Plays a frontend for a test: each line of the standard input is a thing that its user does, and
// each line of the output how that went.
import { createInterface } from "node:readline";

export async function play(frontend) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { verb, argument } = JSON.parse(line);
    const got = await frontend[verb](argument);
    console.log(JSON.stringify({ got, loggedIn: await frontend.isLoggedIn() }));
  }
}

// What came back of a request of axios.
export const outcome = (request) =>
  request.then(
    ({ status, data }) => ({ status, ...data }),
    (error) => ({ status: error.response?.status, error: error.message }),
  );

// The browser's, of which Node.js has none.
export class Storage extends Map {
  getItem = (key) => this.get(key) ?? null;
  setItem = (key, value) => this.set(key, String(value));
  removeItem = (key) => this.delete(key);
}
