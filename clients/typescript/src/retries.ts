/** Time limits and retries of requests. */

import { setTimeout as sleep } from "node:timers/promises";
import { LanternError, ProblemError, UnavailableError, errorOf } from "./errors.js";

export interface Limits {
  /** Milliseconds for each try, with the reading of the answer. */
  timeoutMs: number;
  /** How often a request is sent again after a 429, a 503 or no answer. */
  retries: number;
  /** Longest wait before a try, in milliseconds; the API may ask for a longer one. */
  maxWaitMs: number;
}

/** What a try of a request brings: the fields of `openapi-fetch`. */
export interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

export type Try<T> = (options: { signal?: AbortSignal }) => Promise<Outcome<T>>;

const FIRST_WAIT_MS = 100;
const RETRIED = [429, 503];

/** Return the answer to a request that is safe to repeat, or throw a `LanternError`. */
export async function answerOf<T>(request: Try<T>, limits: Limits): Promise<T> {
  for (let n = 0; ; n += 1) {
    try {
      return await once(request, limits.timeoutMs);
    } catch (error) {
      const wait = waitAfter(error, n);
      if (n >= limits.retries || wait > limits.maxWaitMs) {
        throw error;
      }
      await sleep(wait);
    }
  }
}

/** Return the answer to a request that is sent once, or throw a `LanternError`. */
export async function once<T>(request: Try<T>, timeoutMs?: number): Promise<T> {
  const { data, error, response } = await outcomeOf(request, timeoutMs);
  if (!response.ok) {
    throw errorOf(response, error);
  }
  return data as T; // each success has a body of the documented type
}

async function outcomeOf<T>(request: Try<T>, timeoutMs?: number): Promise<Outcome<T>> {
  try {
    return await request(timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    throw new UnavailableError(`the API did not answer: ${reasonOf(cause)}`, { cause });
  }
}

/** Return what failed: `fetch` has it, such as a refused connection, as the cause of its error. */
function reasonOf(error: unknown): string {
  return String(error instanceof Error ? (error.cause ?? error) : error);
}

/** Return the milliseconds to wait before the next try, or infinity if it would not help. */
function waitAfter(error: unknown, n: number): number {
  if (error instanceof ProblemError && !RETRIED.includes(error.status)) {
    return Infinity;
  }
  if (error instanceof ProblemError && error.retryAfter !== undefined) {
    return 1000 * error.retryAfter;
  }
  return error instanceof LanternError ? FIRST_WAIT_MS * 2 ** n * (0.5 + Math.random()) : Infinity;
}
