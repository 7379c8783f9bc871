/** A queue of events that a web server fills while it answers requests. */

import { randomUUID } from "node:crypto";
import { MOST_ENTRIES } from "./batches.js";
import type { Lantern } from "./client.js";
import type { EventResult, NewEvent } from "./schema.js";

export interface QueueSettings {
  /** Milliseconds between two sendings. */
  everyMs: number;
  /** Most events that wait. Further ones are not taken until the API answers again. */
  most: number;
  /** Called with each event that the API refused, and why. */
  onRefused: (event: NewEvent, result: EventResult) => void;
  /** Called when a sending fails. Its events wait for the next one. */
  onError: (error: unknown) => void;
}

const DEFAULTS = { everyMs: 1000, most: 100_000 };

/**
 * Sends events in the background: every second, and as soon as 1,000 wait.
 *
 * Events are in memory until the API has them: call `close` before the process ends.
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
   * Returns false if the queue is full: the event is not taken.
   */
  add(event: NewEvent): boolean {
    if (this.size >= this.#settings.most) {
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
      while (this.size > 0) {
        const batch = this.#waiting.slice(0, MOST_ENTRIES);
        const { results } = await this.#lantern.sendEvents(batch);
        this.#waiting.splice(0, batch.length);
        this.#report(batch, results);
      }
    } catch (error) {
      this.#settings.onError(error);
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
