/**
 * What goes wrong.
 *
 *     LanternError
 *     ├── ProblemError      the API refused the request: `code` says why
 *     └── UnavailableError  no answer: a time-out, a lost connection, an error of a proxy
 */

import type { Problem } from "./schema.js";

export type ProblemCode = Problem["code"];

/** Base class of all errors of this client. */
export class LanternError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** A problem that the API answered (RFC 9457). `retryAfter`: seconds, where waiting helps. */
export class ProblemError extends LanternError {
  constructor(
    readonly problem: Problem,
    readonly retryAfter: number | undefined,
  ) {
    super(`${problem.code}: ${problem.detail} ${problem.next_step}`);
  }

  get code(): ProblemCode {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }
}

/** The API did not answer, or what answered was not the API. `cause` has the reason. */
export class UnavailableError extends LanternError {}

/** Return the error of an answer that is no success, from its status and its body. */
export function errorOf(response: Response, body: unknown): LanternError {
  if (isProblem(body)) {
    return new ProblemError(body, secondsOf(response.headers.get("Retry-After")));
  }
  return new UnavailableError(`${response.url}: status ${response.status} without a problem`);
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && "detail" in body;
}

function secondsOf(header: string | null): number | undefined {
  const seconds = Number.parseFloat(header ?? "");
  return Number.isNaN(seconds) ? undefined : seconds;
}
