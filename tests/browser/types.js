// The types of web/client, as the compiler of a frontend reads them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import test from "node:test";
import { PATIENCE } from "./chromium.js";

const { TESTS } = process.env;
const TSC = join(
  dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin/tsc",
);

const compile = (...options) =>
  spawnSync(process.execPath, [
    TSC,
    "--noEmit",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    ...options,
  ]);

test("a frontend in TypeScript compiles, and its mistakes do not", PATIENCE, () => {
  const { status, stdout } = compile("--strict", "--types", "", join(TESTS, "browser/usage.ts"));

  assert.equal(`${stdout}`, "");
  assert.equal(status, 0);
});
