/** Batches that the API takes: at most 1,000 entries, and no more bytes than its default limit. */

export const MOST_ENTRIES = 1000;
const MOST_BYTES = 1_000_000; // of 1,048,576, which hold the brackets too

/** Yield the entries in batches, in their order. An entry that is too large is alone. */
export function* batchesOf<T>(entries: Iterable<T>): Generator<T[]> {
  let batch: T[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = Buffer.byteLength(JSON.stringify(entry)) + 1;
    if (batch.length === MOST_ENTRIES || (batch.length > 0 && bytes + size > MOST_BYTES)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(entry);
    bytes += size;
  }
  if (batch.length > 0) {
    yield batch;
  }
}
