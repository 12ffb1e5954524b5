// Plays a client for a test: each line of the standard input says what to do, and each line of the
// output how that went.
import { createInterface } from "node:readline";

export async function play(client) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { verb, argument } = JSON.parse(line);
    const step = {};
    try {
      step.got = await client[verb](argument);
    } catch (error) {
      const { name, message, cause } = error;
      const status = error.status ?? cause?.status;
      step.raised = { name, error: error.error ?? error.code, status, message };
    }
    step.loggedIn = await client.isLoggedIn?.();
    console.log(JSON.stringify(step));
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
