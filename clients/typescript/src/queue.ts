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
const INTERNAL_ERROR = 500; // may also be about the API: then all events wait
const MOST_ASIDE = 3;
const DEFAULTS = { everyMs: 1000, most: 100_000 };

/** An event that the API does not take alone, and why. */
interface Untaken {
  event: NewEvent;
  error: ProblemError;
}

/**
 * Sends events in the background: every second, and as soon as 1,000 wait.
 *
 * If the API refuses a whole batch for one event, the others are sent without it. An event for
 * which the API has an internal error is given up only after the API took another one. Events are
 * in memory until the API has them: call `close` before the process ends.
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
    const occurred_at = event.occurred_at ?? new Date().toISOString();
    this.#waiting.push({ ...event, occurred_at, event_id: event.event_id ?? randomUUID() });
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
    const aside: Untaken[] = [];
    try {
      let most = MOST_ENTRIES;
      let works = false; // whether the API has taken a batch
      while (this.size > 0) {
        const batch = this.#waiting.slice(0, most);
        const answer = await this.#answerTo(batch);
        if (answer instanceof ProblemError && batch.length > 1) {
          most = Math.ceil(batch.length / 2);
          continue;
        }
        this.#waiting.splice(0, batch.length);
        if (answer instanceof ProblemError) {
          aside.push(...batch.map((event) => ({ event, error: answer })));
        } else {
          works = true;
          this.#report(batch, answer);
        }
        if (works || aside.every(({ error }) => error.status !== INTERNAL_ERROR)) {
          this.#giveUp(aside.splice(0));
        } else if (aside.length === MOST_ASIDE) {
          break;
        }
        most = batch.length === 1 && aside.length === 0 ? MOST_ENTRIES : most;
      }
      for (const { error } of aside.slice(-1)) {
        throw error;
      }
    } catch (error) {
      this.#waiting.push(...aside.map(({ event }) => event)); // behind those that were not tried
      this.#settings.onError(error);
    }
  }

  /** Return the results, or the problem for which the API refuses the batch. */
  async #answerTo(batch: NewEvent[]): Promise<EventResult[] | ProblemError> {
    try {
      return (await this.#lantern.sendEvents(batch)).results;
    } catch (error) {
      if (error instanceof ProblemError && ABOUT_AN_EVENT.includes(error.status)) {
        return error;
      }
      throw error;
    }
  }

  #giveUp(untaken: Untaken[]): void {
    for (const { event, error } of untaken) {
      this.#settings.onRefused(event, refused(error.problem));
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
