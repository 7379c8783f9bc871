/** A queue of events that a web server fills while it answers requests. */

import { randomUUID } from "node:crypto";
import { MOST_ENTRIES } from "./batches.js";
import type { Lantern } from "./client.js";
import { ProblemError } from "./errors.js";
import type { EventResult, NewEvent, Problem } from "./schema.js";

export interface QueueSettings {
  /** Milliseconds between two sendings. */
  everyMs: number;
  /** Most events that wait. Further ones are not taken until the API answers again. */
  most: number;
  /** Called with each event that was refused, and why: by the API, or since it is no JSON. */
  onRefused: (event: NewEvent, result: EventResult) => void;
  /** Called when a sending fails. Its events wait for the next one. */
  onError: (error: unknown) => void;
}

// of an answer that may be about one event; all others are about the API, the key or the network
const ABOUT_AN_EVENT = [400, 413, 422, 500];
const DEFAULTS = { everyMs: 1000, most: 100_000 };

/**
 * Sends events in the background: every second, and as soon as 1,000 wait.
 *
 * If the API refuses a whole batch for one event, the others are sent without it. Events are in
 * memory until the API has them: call `close` before the process ends.
 */
export class EventQueue {
  readonly #lantern: Pick<Lantern, "sendEvents">;
  readonly #settings: QueueSettings;
  readonly #timer: NodeJS.Timeout;
  readonly #waiting: NewEvent[] = [];
  #sending: Promise<void> | undefined;

  constructor(
    lantern: Pick<Lantern, "sendEvents">,
    settings: Partial<QueueSettings> & Pick<QueueSettings, "onRefused" | "onError">,
  ) {
    this.#lantern = lantern;
    this.#settings = { ...DEFAULTS, ...settings };
    this.#timer = setInterval(() => void this.flush(), this.#settings.everyMs);
    this.#timer.unref();
  }

  /** The number of events that wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /**
   * Take an event, with the present time and an id if it has none.
   *
   * Returns false if the event is not taken: the queue is full, or the event cannot be written as
   * JSON, which `onRefused` is told.
   */
  add(event: NewEvent): boolean {
    if (this.size >= this.#settings.most) {
      return false;
    }
    const problem = problemOf(event);
    if (problem !== undefined) {
      this.#settings.onRefused(event, problem);
      return false;
    }
    const now = new Date().toISOString();
    this.#waiting.push({ occurred_at: now, event_id: randomUUID(), ...event });
    if (this.size % MOST_ENTRIES === 0) {
      void this.flush();
    }
    return true;
  }

  /** Send what waits; errors go to `onError`. */
  async flush(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
    await this.#sending;
  }

  /** Send what waits, and stop. Events that could not be sent are returned. */
  async close(): Promise<NewEvent[]> {
    clearInterval(this.#timer);
    await this.flush();
    return this.#waiting.splice(0);
  }

  async #send(): Promise<void> {
    try {
      let most = MOST_ENTRIES;
      while (this.size > 0) {
        const batch = this.#waiting.slice(0, most);
        const results = await this.#resultsOf(batch);
        if (results === undefined) {
          most = Math.ceil(batch.length / 2);
          continue;
        }
        this.#waiting.splice(0, batch.length);
        this.#report(batch, results);
        most = batch.length === 1 ? MOST_ENTRIES : most;
      }
    } catch (error) {
      this.#settings.onError(error);
    }
  }

  /** Return the results; nothing if the API refuses the whole batch, perhaps for one event. */
  async #resultsOf(batch: NewEvent[]): Promise<EventResult[] | undefined> {
    try {
      return (await this.#lantern.sendEvents(batch)).results;
    } catch (error) {
      if (!(error instanceof ProblemError && ABOUT_AN_EVENT.includes(error.status))) {
        throw error;
      }
      return batch.length === 1 ? [refused(error.problem)] : undefined;
    }
  }

  #report(batch: NewEvent[], results: EventResult[]): void {
    results.forEach((result, n) => {
      const event = batch[n];
      if (event !== undefined && result.status === "refused") {
        this.#settings.onRefused(event, result);
      }
    });
  }
}

/** Return why the event cannot be written as JSON, in which NaN would become null. */
function problemOf(event: NewEvent): EventResult | undefined {
  try {
    JSON.stringify(event, (_, value: unknown) => {
      if (typeof value === "number" && !Number.isFinite(value)) {
        throw new TypeError(`JSON has no ${value}`);
      }
      return value;
    });
    return undefined;
  } catch (error) {
    return refused({
      code: "request-refused",
      title: "The event cannot be written as JSON",
      detail: String(error),
      next_step: "Send finite numbers, texts, and lists and objects of these.",
    });
  }
}

function refused(
  { code, title, detail, next_step }: Pick<Problem, "code" | "title" | "detail" | "next_step">,
): EventResult {
  return { status: "refused", event_id: null, occurred_at: null, code, title, detail, next_step };
}
