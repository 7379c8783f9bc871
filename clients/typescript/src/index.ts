/** Client of Lantern's product API. */

export * from "./client.js";
export * from "./errors.js";
export * from "./fallbacks.js";
export * from "./queue.js";
export type { Limits } from "./retries.js";
export type * from "./schema.js";
