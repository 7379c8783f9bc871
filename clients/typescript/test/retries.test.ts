import assert from "node:assert/strict";
import { test } from "node:test";
import { LanternError, ProblemError, UnavailableError, type NewEvent } from "../src/index.js";
import { json, lost, problem, served, silent, type Request } from "./stub.js";

const NOTHING = { n_accepted: 0, n_repeated: 0, n_refused: 0, results: [] };
const EVENT = { kind: "view", user_id: "u", item_id: "a" };

function eventsOf(request: Request | undefined): NewEvent[] {
  return (JSON.parse(request?.body ?? "") as { events: NewEvent[] }).events;
}

test("events are sent again with the same ids", async () => {
  await served([problem(503, "api-unavailable", "0"), lost, json(NOTHING)], async (stub) => {
    await stub.client().sendEvents([EVENT, { ...EVENT, event_id: "own" }]);

    const sent = stub.requests.map(eventsOf);
    assert.equal(sent.length, 3);
    assert.deepEqual(sent[1], sent[0]);
    assert.deepEqual(sent[2], sent[0]);
    assert.equal(sent[0]?.[1]?.event_id, "own");
    assert.match(sent[0]?.[0]?.event_id ?? "", /^[0-9a-f-]{36}$/);
  });
});

test("a rating is sent again with the same idempotency key, and each one has its own", async () => {
  await served([problem(503, "api-unavailable", "0"), json({})], async (stub) => {
    await stub.client().rate("u", "a", { rating: 4 });
    await stub.client().rate("u", "a", { rating: 4 });

    const [first, repeated, other] = stub.requests.map((r) => r.headers["idempotency-key"]);
    assert.ok(first);
    assert.equal(repeated, first);
    assert.notEqual(other, first);
  });
});

test("a refused request is not sent again", async () => {
  await served([problem(422, "off-scale")], async (stub) => {
    const refused = stub.client().rate("u", "a", { rating: 11 });

    await assert.rejects(refused, (error) => {
      assert.ok(error instanceof ProblemError);
      assert.deepEqual([error.code, error.status], ["off-scale", 422]);
      assert.equal(error.message, "off-scale: Why. Do.");
      return true;
    });
    assert.equal(stub.requests.length, 1);
  });
});

test("no redirect is followed: it would take events and tokens to another server", async () => {
  await served([json({})], async (other) => {
    const away: Parameters<typeof served>[0][number] = (response, request) => {
      response.writeHead(307, { Location: `${other.url}${request.path}` }).end();
    };
    await served([away], async (stub) => {
      const client = stub.client({ retries: 0 });
      await assert.rejects(client.eraseUser("u", "token"), UnavailableError);
      await assert.rejects(client.sendEvents([EVENT]), UnavailableError);
      assert.equal(stub.requests.length, 2);
    });
    assert.deepEqual(other.requests, []);
  });
});

test("a request is not sent again if the API asks for a long wait", async () => {
  await served([problem(429, "quota-exceeded", "3600")], async (stub) => {
    await assert.rejects(stub.client().popular(), { code: "quota-exceeded", retryAfter: 3600 });
    assert.equal(stub.requests.length, 1);
  });
});

test("a wait that the API asks for is kept", async () => {
  await served([problem(429, "too-many-requests", "1"), json({})], async (stub) => {
    const started = Date.now();
    await stub.client().popular();

    assert.ok(Date.now() - started >= 990);
    assert.equal(stub.requests.length, 2);
  });
});

test("a user is created by one request", async () => {
  await served([problem(503, "api-unavailable", "0")], async (stub) => {
    await assert.rejects(stub.client().createUser(), { code: "api-unavailable" });
    assert.equal(stub.requests.length, 1);
  });
});

test("a page does not wait longer than its limit", async () => {
  await served([silent], async (stub) => {
    const page = stub.client({ timeoutMs: 60_000 }).with({ timeoutMs: 100, retries: 0 });
    const started = Date.now();

    await assert.rejects(page.recommendations("u"), UnavailableError);
    assert.ok(Date.now() - started < 30_000);
    assert.ok(stub.requests.length <= 1);
  });
});

test("retries end", async () => {
  await served([lost], async (stub) => {
    await assert.rejects(stub.client({ retries: 2 }).popular(), UnavailableError);
    assert.equal(stub.requests.length, 3);
  });
});

test("an error of a proxy is no problem of the API", async () => {
  const page = json("<html>", 502);
  await served([page], async (stub) => {
    await assert.rejects(stub.client({ retries: 0 }).popular(), UnavailableError);
  });
});

test("events are sent by 1,000, and large ones by fewer", async () => {
  const accepted = { ...NOTHING, n_accepted: 1, results: [{ status: "accepted" }] };
  await served([json(accepted)], async (stub) => {
    const many = Array.from({ length: 2001 }, () => EVENT);
    const results = await stub.client().sendEvents(many);

    assert.deepEqual(stub.requests.map((r) => eventsOf(r).length), [1000, 1000, 1]);
    assert.deepEqual([results.n_accepted, results.results.length], [3, 3]);
  });
  await served([json({ items: [], n_refused: 1 })], async (stub) => {
    const text = "é".repeat(10_000);
    const items = Array.from({ length: 120 }, (_, n) => ({
      item_id: `${n}`,
      action: "put" as const,
      title: "A book",
      attributes: { text },
    }));
    const outcomes = await stub.client().changeItems(items);

    const sizes = stub.requests.map((r) => Buffer.byteLength(r.body));
    assert.ok(sizes.length === 3 && Math.max(...sizes) <= 1_048_576, `${sizes}`);
    assert.equal(outcomes.n_refused, 3);
  });
});

test("an id that no URL can have is refused before anything is sent", async () => {
  await served([json({})], async (stub) => {
    for (const id of ["", ".", ".."]) {
      await assert.rejects(stub.client().item(id), LanternError);
    }
    assert.equal(stub.requests.length, 0);
  });
});

test("an export that breaks off is an error", async () => {
  const broken: Parameters<typeof served>[0] = [
    (response) => {
      response.writeHead(200, { "Content-Type": "application/x-ndjson" });
      response.write('{"item_id": "a"}\n{"item_id"', () => response.destroy());
    },
  ];
  await served(broken, async (stub) => {
    const ids: string[] = [];
    const reading = async (): Promise<void> => {
      for await (const item of stub.client().exportItems()) {
        ids.push(item.item_id);
      }
    };
    await assert.rejects(reading(), UnavailableError);
    assert.deepEqual(ids, ["a"]);
  });
});
