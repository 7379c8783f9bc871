import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { EventQueue, type EventResults, type NewEvent, ProblemError } from "../src/index.js";

const EMPTY = { event_id: null, occurred_at: null, title: null, detail: null, next_step: null };
const EVENT = { kind: "view", user_id: "u", item_id: "a" };
const PROBLEM = {
  type: "",
  title: "",
  status: 422,
  detail: "Why.",
  instance: "",
  code: "request-refused",
  next_step: "Do.",
} as const;

/** A client that answers as a test says, and keeps what it was sent. */
class Recorder {
  readonly sent: NewEvent[][] = [];
  failures = 0;
  /** The status of the answer to a batch with the item "poison". */
  status = 422;

  sendEvents(events: Iterable<NewEvent>): Promise<EventResults> {
    const batch = [...events];
    this.sent.push(batch);
    if (this.failures > 0) {
      this.failures -= 1;
      return Promise.reject(new Error("down"));
    }
    if (batch.some((event) => event.item_id === "poison")) {
      return Promise.reject(new ProblemError({ ...PROBLEM, status: this.status }, undefined));
    }
    const results = batch.map((event) => ({
      ...EMPTY,
      status: event.item_id === "bad" ? ("refused" as const) : ("accepted" as const),
      code: "unknown-item",
    }));
    return Promise.resolve({ n_accepted: 0, n_repeated: 0, n_refused: 0, results });
  }
}

function queueOf(recorder: Recorder, more: { everyMs?: number; most?: number } = {}) {
  const refused: string[] = [];
  const errors: unknown[] = [];
  const queue = new EventQueue(recorder, {
    ...more,
    onRefused: (event, result) => refused.push(`${event.item_id} ${result.code}`),
    onError: (error) => errors.push(error),
  });
  return { queue, refused, errors };
}

test("events are sent after a while, with ids and times", async () => {
  const recorder = new Recorder();
  const { queue } = queueOf(recorder, { everyMs: 20 });
  queue.add(EVENT);
  queue.add({ ...EVENT, event_id: "own", occurred_at: "2026-01-01T00:00:00Z" });
  for (let n = 0; recorder.sent.length === 0 && n < 100; n += 1) {
    await sleep(20);
  }

  const [[first, second] = []] = recorder.sent;
  assert.match(first?.event_id ?? "", /^[0-9a-f-]{36}$/);
  assert.ok(Math.abs(Date.now() - Date.parse(first?.occurred_at ?? "")) < 60_000);
  assert.deepEqual([second?.event_id, second?.occurred_at], ["own", "2026-01-01T00:00:00Z"]);
  assert.deepEqual(await queue.close(), []);
});

test("1,000 events are sent at once", async () => {
  const recorder = new Recorder();
  const { queue } = queueOf(recorder, { everyMs: 60_000 });
  for (let n = 0; n < 1000; n += 1) {
    queue.add(EVENT);
  }

  assert.deepEqual(recorder.sent.map((batch) => batch.length), [1000]);
  await queue.close();
});

test("events that could not be sent are sent again with the same ids", async () => {
  const recorder = new Recorder();
  recorder.failures = 1;
  const { queue, errors } = queueOf(recorder, { everyMs: 60_000 });
  queue.add(EVENT);
  await queue.flush();
  assert.equal(queue.size, 1);
  queue.add(EVENT);
  await queue.flush();

  const [first, second] = recorder.sent;
  assert.equal(errors.length, 1);
  assert.deepEqual(second?.[0], first?.[0]);
  assert.equal(second?.length, 2);
  await queue.close();
});

test("refused events are reported and not sent again", async () => {
  const recorder = new Recorder();
  const { queue, refused } = queueOf(recorder, { everyMs: 60_000 });
  queue.add(EVENT);
  queue.add({ ...EVENT, item_id: "bad" });
  await queue.close();

  assert.deepEqual(refused, ["bad unknown-item"]);
  assert.equal(recorder.sent.length, 1);
});

for (const status of [413, 422, 500]) {
  test(`one event for which the API answers ${status} is found, and the others are sent`, async () => {
    const recorder = new Recorder();
    recorder.status = status;
    const { queue, refused, errors } = queueOf(recorder, { everyMs: 60_000 });
    for (let n = 0; n < 900; n += 1) {
      queue.add({ ...EVENT, item_id: n === 700 ? "poison" : `${n}` });
    }

    assert.deepEqual(await queue.close(), []);
    assert.deepEqual([refused, errors], [["poison request-refused"], []]);
    const accepted = recorder.sent.filter((batch) => batch.every((e) => e.item_id !== "poison"));
    assert.equal(new Set(accepted.flat().map((event) => event.item_id)).size, 899);
    assert.ok(recorder.sent.length < 25, `${recorder.sent.length} requests`);
  });
}

for (const status of [401, 404, 429, 503]) {
  test(`an answer of ${status} is about no event: all stay`, async () => {
    const recorder = new Recorder();
    recorder.status = status;
    const { queue, refused, errors } = queueOf(recorder, { everyMs: 60_000 });
    queue.add(EVENT);
    queue.add({ ...EVENT, item_id: "poison" });

    assert.equal((await queue.close()).length, 2);
    assert.deepEqual([refused.length, errors.length, recorder.sent.length], [0, 1, 1]);
  });
}

test("an API that answers 500 to everything loses no event", async () => {
  const recorder = new Recorder();
  recorder.status = 500;
  const { queue, refused, errors } = queueOf(recorder, { everyMs: 60_000 });
  for (let n = 0; n < 900; n += 1) {
    queue.add({ ...EVENT, item_id: "poison", user_id: `${n}` });
  }
  await queue.flush();

  assert.deepEqual([queue.size, refused, errors.length], [900, [], 1]);
  assert.ok(recorder.sent.length < 25, `${recorder.sent.length} requests`);
  await queue.close();
});

test("events that make the API answer 500 are refused once it took another", async () => {
  const recorder = new Recorder();
  recorder.status = 500;
  const { queue, refused, errors } = queueOf(recorder, { everyMs: 60_000 });
  for (let n = 0; n < 5; n += 1) {
    queue.add({ ...EVENT, item_id: "poison" });
  }
  await queue.flush();
  assert.deepEqual([queue.size, refused.length, errors.length], [5, 0, 1]);
  queue.add(EVENT);
  for (let n = 0; n < 3; n += 1) {
    await queue.flush();
  }

  assert.deepEqual([queue.size, refused.length], [0, 5]);
  await queue.close();
});

test("an event whose id is null keeps the id that it gets", async () => {
  const recorder = new Recorder();
  recorder.failures = 1;
  const { queue } = queueOf(recorder, { everyMs: 60_000 });
  queue.add({ ...EVENT, event_id: null, occurred_at: null });
  await queue.flush();
  await queue.flush();

  const [[first] = [], [second] = []] = recorder.sent;
  assert.match(first?.event_id ?? "", /^[0-9a-f-]{36}$/);
  assert.deepEqual(second, first);
  await queue.close();
});

test("an event that JSON cannot have is refused at once", async () => {
  const recorder = new Recorder();
  const { queue, refused } = queueOf(recorder, { everyMs: 60_000 });
  const values: unknown[] = [NaN, Infinity, -Infinity, 10n];
  const taken = values.map((value) => queue.add({ ...EVENT, value } as NewEvent));
  assert.equal(queue.add({ ...EVENT, value: 1 }), true);
  await queue.close();

  assert.deepEqual(taken, [false, false, false, false]);
  assert.deepEqual(refused, Array(4).fill("a request-refused"));
  assert.deepEqual(recorder.sent.map((batch) => batch.map((event) => event.value)), [[1]]);
});

test("a full queue takes no event, and returns what could not be sent", async () => {
  const recorder = new Recorder();
  recorder.failures = 9;
  const { queue } = queueOf(recorder, { everyMs: 60_000, most: 2 });

  assert.deepEqual([queue.add(EVENT), queue.add(EVENT), queue.add(EVENT)], [true, true, false]);
  assert.equal((await queue.close()).length, 2);
});
