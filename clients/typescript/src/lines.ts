/** Answers of JSON lines, as they arrive. */

import { UnavailableError } from "./errors.js";

/** Yield the lines of a streamed answer, without their ends. */
export async function* linesOf(stream: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  let rest = "";
  for await (const text of textsOf(stream)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") {
    yield rest;
  }
}

async function* textsOf(stream: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of stream ?? []) {
      yield decoder.decode(chunk, { stream: true });
    }
  } catch (cause) {
    throw new UnavailableError(`the answer broke off: ${String(cause)}`, { cause });
  }
}
