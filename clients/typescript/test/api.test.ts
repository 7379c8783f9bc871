/** Against a running API: `LANTERN` has its address, the data set and the keys as JSON. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { EventQueue, Lantern, ProblemError } from "../src/index.js";
import type { EventResult, NewEvent } from "../src/index.js";

interface Live {
  baseUrl: string;
  dataset: string;
  key: string;
  catalogueKey: string;
  operateKey: string;
}

const { baseUrl, dataset, key, catalogueKey, operateKey } = JSON.parse(
  process.env["LANTERN"] ?? "",
) as Live;
const web = new Lantern({ baseUrl, dataset, key });
const catalogue = new Lantern({ baseUrl, dataset, key: catalogueKey });
const operate = new Lantern({ baseUrl, dataset, key: operateKey });

async function refusal(request: Promise<unknown>): Promise<ProblemError> {
  try {
    await request;
  } catch (error) {
    assert.ok(error instanceof ProblemError, String(error));
    return error;
  }
  return assert.fail("it was not refused");
}

test("the data set says what it takes", async () => {
  const about = await web.about();

  assert.deepEqual([about.lowest, about.highest], [1, 10]);
  assert.ok("purchase" in about.kinds);
  assert.equal(about.attributes["price"], "number");
  assert.equal((await web.ready()).ready, true);
  assert.equal((await web.releases()).length, 1);
  assert.deepEqual(await web.verdicts({ limit: 1 }), []);
});

test("a list has an id that events name", async () => {
  const list = await web.recommendations("u", { limit: 2, explain: true, exclude: ["b", "c"] });

  assert.equal(list.kind, "batch");
  assert.deepEqual(list.items.map((item) => item.item_id), ["a"]);
  assert.ok(list.list_id);
  const event = { kind: "view", user_id: "u", item_id: "a", list_id: list.list_id };
  assert.equal((await web.sendEvents([event])).n_accepted, 1);
  const { tables } = await operate.exportUser("u");
  assert.equal(tables["outbox"]?.at(-1)?.["list_id"], list.list_id);
});

test("lists and shelves have filters", async () => {
  const filter = "released >= 1992";
  const query = { filter, limit: 10 };

  assert.deepEqual((await web.items({ filter, sort: "oldest" })).items.map((i) => i.released), [
    1992, 1993,
  ]);
  assert.deepEqual((await web.popular(query)).items.map((i) => i.item_id), ["d", "c"]);
  assert.deepEqual((await web.similar("a", query)).items.map((i) => i.item_id), ["c"]);
  const together = [web.togetherWith("a", query), web.togetherWithBasket(["a", "b"], query)];
  for (const { items } of await Promise.all(together)) {
    assert.deepEqual(items.map((i) => i.item_id), ["c"]);
  }
  const { shelves } = await web.placement("home", { user_id: "nobody", filter });
  assert.deepEqual(shelves.flatMap((shelf) => shelf.items.map((i) => i.item_id)), ["d", "c"]);
  const list = await web.recommendations("nobody", query);
  assert.deepEqual(list.items.map((i) => i.item_id), ["d", "c"]);
  const anonymous = await web.forAnonymousUser([{ item_id: "a", rating: 9 }], query);
  assert.ok(anonymous.items.every((item) => (item.released ?? 0) >= 1992));
  const refused = await refusal(web.popular({ filter: "released >" }));
  assert.deepEqual([refused.code, refused.status], ["filter-refused", 422]);
  assert.ok((await web.trending({ limit: 1 })).items.length <= 1);
});

test("an item's page has what the catalogue has", async () => {
  const id = `new/${randomUUID()} ü`;
  const price = { attributes: { price: 49.9, tags: ["garden", "wheels"] } };
  const content = { title: "Wheelbarrow", categories: ["Garden"], vendor: "Fiskars", ...price };

  assert.equal((await catalogue.putItem(id, content)).status, "created");
  assert.equal((await web.item(id)).attributes["price"], 49.9);
  assert.equal((await catalogue.patchItem(id, { attributes: { price: 39.9 } })).status, "changed");
  assert.deepEqual((await web.item(id)).attributes, { price: 39.9, tags: ["garden", "wheels"] });
  assert.deepEqual((await web.ofVendor("Fiskars")).items.map((i) => i.item_id), [id]);
  const items = [];
  for await (const item of operate.exportItems()) {
    items.push(item.item_id);
  }
  assert.ok(items.includes(id) && items.includes("a"));
  assert.equal(await operate.setAvailability([id], false), 1);
  assert.equal((await catalogue.removeItem(id)).status, "removed");
  assert.equal((await refusal(web.item(id))).code, "unknown-item");
});

test("items are changed by the thousand", async () => {
  const many = Array.from({ length: 1500 }, (_, n) => ({
    item_id: `many ${n}`,
    action: "put" as const,
    title: `Product ${n}`,
  }));
  const wrong = { item_id: "many 0", action: "patch" as const, attributes: { weight: 1 } };
  const outcomes = await catalogue.changeItems([...many, wrong]);

  assert.deepEqual([outcomes.items.length, outcomes.n_refused], [1501, 1]);
  assert.equal(outcomes.items.at(-1)?.code, "unknown-attribute");
  assert.equal((await web.items({ q: "product 1499" })).items[0]?.item_id, "many 1499");
});

test("attributes of users are set, also by the thousand", async () => {
  const id = randomUUID();
  const old = { age: "old", sex: "F" };
  const many = Array.from({ length: 1500 }, (_, n) => ({ user_id: `${n}`, attributes: old }));
  const wrong = { user_id: id, attributes: { height: "tall" } };

  assert.equal((await web.putAttributes(id, old)).segment, "sex=F,age=old");
  assert.equal((await web.putAttributes(id, { age: "old", sex: null })).segment, "");
  const outcomes = await web.changeAttributes([...many, wrong]);
  assert.deepEqual([outcomes.users.length, outcomes.n_refused], [1501, 1]);
  assert.equal(outcomes.users.at(-1)?.code, "unknown-attribute");
  assert.deepEqual((await web.about()).user_attributes, ["sex", "age"]);
  const segments = [];
  for await (const user of operate.exportUsers()) {
    segments.push(user.segment);
  }
  assert.equal(segments.filter((segment) => segment === "sex=F,age=old").length, 1500);
});

test("events are written once", async () => {
  const id = randomUUID();
  const order = { kind: "purchase", user_id: "42", item_id: "a", value: 2, event_id: id };
  const before = await web.outbox();

  const statuses = [];
  for (const event of [order, order, { ...order, item_id: "nothing", event_id: `${id}2` }]) {
    statuses.push((await web.sendEvents([event])).results[0]?.status);
  }
  assert.deepEqual(statuses, ["accepted", "repeated", "refused"]);
  assert.equal((await web.outbox()).n_events - before.n_events, 1);
  const written = [];
  for await (const event of operate.exportEvents()) {
    written.push(event.user_id === "42" ? event.kind : "of others");
  }
  assert.equal(written.filter((kind) => kind === "purchase").length, 1);
  const bought = await web.events("42", { kind: ["purchase"] });
  assert.deepEqual(bought.items.map((event) => [event.item_id, event.value]), [["a", 2]]);
});

test("events are sent by the thousand", async () => {
  const events = Array.from({ length: 2500 }, (_, n) => ({
    kind: "view",
    user_id: `visitor ${n % 100}`,
    item_id: "abcd"[n % 4] ?? "a",
  }));
  const sent = await web.sendEvents(events);

  assert.deepEqual([sent.n_accepted, sent.n_refused, sent.results.length], [2500, 0, 2500]);
});

test("a queue sends events in the background", async () => {
  const refused: [NewEvent, EventResult][] = [];
  const queue = new EventQueue(web, {
    onRefused: (...pair) => refused.push(pair),
    onError: (error) => assert.fail(String(error)),
  });
  const before = await web.outbox();
  queue.add({ kind: "view", user_id: "queue", item_id: "a" });
  queue.add({ kind: "dance", user_id: "queue", item_id: "a" });
  assert.deepEqual(await queue.close(), []);

  assert.equal((await web.outbox()).n_events - before.n_events, 1);
  assert.deepEqual(refused.map(([, result]) => result.code), ["unknown-kind"]);
});

test("a user rates, hides, undoes and is erased", async () => {
  const { user_id, token } = await web.createUser();
  const rated = await web.rate(user_id, "a", { rating: 9 });
  assert.equal(rated.status, "accepted");
  assert.deepEqual((await web.ratings(user_id)).items.map((r) => r.rating), [9]);
  const again = await web.rate(user_id, "b", { rating: 7 }, "a key of the product");
  const repeated = await web.rate(user_id, "b", { rating: 7 }, "a key of the product");
  assert.deepEqual([repeated.status, repeated.event_id], ["repeated", again.event_id]);
  assert.equal((await web.unrate(user_id, "b")).kind, "unrate");
  const hidden = await web.hide(user_id, "c", { kind: "not_interested" });
  assert.equal((await web.undo(user_id, hidden.event_id)).current.hidden, null);
  assert.ok((await web.explanation(user_id, "a")).status);

  assert.equal((await refusal(web.rate(user_id, "a", { rating: 11 }))).code, "off-scale");
  assert.equal((await refusal(web.exportUser(user_id))).status, 403);
  assert.equal((await web.exportUser(user_id, token)).user_id, user_id);
  assert.equal((await web.eraseUser(user_id, token)).user_id, user_id);
  assert.equal((await refusal(web.rate(user_id, "a", { rating: 9 }))).code, "user-erased");
  assert.ok((await web.openErasures()).n_with_rows >= 1);
});

test("a user may have an id of the product's choice", async () => {
  const id = `n-${randomUUID().replaceAll(/[^a-f2-7]/g, "a").slice(0, 20)}`;
  const token = randomUUID() + randomUUID();

  assert.equal((await web.register(id, token)).user_id, id);
  assert.equal((await refusal(web.register(id, `${token}x`))).code, "user-exists");
  assert.deepEqual((await web.users({ limit: 1 })).map((user) => user.user_id), ["u"]);
  assert.equal((await web.user("u", { limit: 1 })).n_rated, 2);
});

test("a key without the scope is refused", async () => {
  const refused = await refusal(web.putItem("x", { title: "X" }));
  assert.deepEqual([refused.code, refused.status], ["scope-missing", 403]);
  const unknown = new Lantern({ baseUrl, dataset, key: "wrong" });
  assert.equal((await refusal(unknown.about())).code, "key-refused");
});
