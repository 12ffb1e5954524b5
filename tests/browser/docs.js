// Swagger UI of the service at ORIGIN.
import assert from "node:assert/strict";
import test from "node:test";
import { ORIGIN, PATIENCE, browser, misdeeds } from "./chromium.js";

const chromium = browser();

test("the page lists the operations and asks no other host for anything", PATIENCE, async () => {
  const page = await chromium().newPage();
  const found = misdeeds(page);

  await page.goto(`${ORIGIN}/docs`);

  await page.getByText("Exchange an expired token").first().waitFor();
  assert.deepEqual(found, []);
  await page.close();
});
