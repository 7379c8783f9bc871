/** A server that answers what a test says, for answers that the API rarely gives. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Lantern, type Problem, type Settings } from "../src/index.js";

export interface Request {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

type Answer = (response: ServerResponse, request: Request) => void;

export interface Stub {
  url: string;
  requests: Request[];
  client: (settings?: Partial<Settings>) => Lantern;
}

/** Run `use` with a server that gives these answers in turn, the last one from then on. */
export async function served(answers: Answer[], use: (stub: Stub) => Promise<void>): Promise<void> {
  const requests: Request[] = [];
  const server = createServer((incoming, response) => {
    void text(incoming).then((body) => {
      const { method = "", url: path = "", headers } = incoming;
      requests.push({ method, path, headers, body });
      const answer = answers[Math.min(requests.length, answers.length) - 1];
      answer?.(response, { method, path, headers, body });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const own = { baseUrl: url, key: "key", dataset: "shop" };
  try {
    await use({ url, requests, client: (settings) => new Lantern({ ...own, ...settings }) });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

export function problem(status: number, code: Problem["code"], retryAfter?: string): Answer {
  const texts = { type: "", title: "", detail: "Why.", instance: "", next_step: "Do." };
  const body = { ...texts, status, code };
  return json(body, status, retryAfter === undefined ? {} : { "Retry-After": retryAfter });
}

/** Close the connection without an answer. */
export const lost: Answer = (response) => response.destroy();

/** Never answer. */
export const silent: Answer = () => undefined;
