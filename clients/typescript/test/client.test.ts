/** What a shop meets before the API answers: settings that are missing, and lists that are late. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Lantern, UnavailableError, orNull } from "../src/index.js";
import { json, served, silent } from "./stub.js";

test("a setting that is missing is named", () => {
  const given = { baseUrl: "http://127.0.0.1:1", dataset: "shop", key: "key" };

  for (const name of ["baseUrl", "dataset", "key"] as const) {
    for (const value of [undefined, ""]) {
      const create = (): Lantern => new Lantern({ ...given, [name]: value });
      assert.throws(create, new RegExp(`${name} is not set`));
    }
  }
});

test("a list that is late is null, and its error is given", async () => {
  await served([silent], async ({ client }) => {
    const errors: unknown[] = [];
    const pages = client({ timeoutMs: 50, retries: 0 });

    const list = await orNull(pages.recommendations("42"), (error) => errors.push(error));

    assert.equal(list, null);
    assert.ok(errors[0] instanceof UnavailableError);
  });
});

test("a list that is in time is the answer", async () => {
  await served([json({ items: [] })], async ({ client }) => {
    assert.deepEqual(await orNull(client().trending()), { items: [] });
  });
});
