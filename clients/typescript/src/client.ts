/** The client of one data set's product API. All types of requests and answers are generated. */

import { randomUUID } from "node:crypto";
import createClient, { type Client } from "openapi-fetch";
import { batchesOf } from "./batches.js";
import { LanternError } from "./errors.js";
import { linesOf } from "./lines.js";
import { type Limits, type Try, answerOf, once } from "./retries.js";
import type {
  About,
  Erasure,
  EventResults,
  Explanation,
  Export,
  ExportedEvent,
  ExportedUser,
  GivenRating,
  Hide,
  ItemChange,
  ItemContent,
  ItemDetails,
  ItemOutcomes,
  ItemPage,
  ItemPatch,
  ItemReceipt,
  KindEvents,
  NewEvent,
  NewUser,
  OpenErasures,
  OutboxState,
  Placement,
  Rating,
  RatingsPage,
  Readiness,
  Receipt,
  Recommendations,
  Release,
  Shelf,
  SimilarItems,
  TakenTogether,
  UndoReceipt,
  User,
  UserChange,
  UserContent,
  UserOutcomes,
  UserReceipt,
  Verdict,
  paths,
} from "./schema.js";

/** Where the API is, and for which data set. A value that is not set is refused by name. */
export interface Settings extends Partial<Limits> {
  /** The address of the API, such as `http://127.0.0.1:8000`. */
  baseUrl: string | undefined;
  /** A key of the data set. It is a secret: never send it to a browser. */
  key: string | undefined;
  dataset: string | undefined;
}

/** The parameters after the `?` of an operation. */
type QueryOf<Operation> = Operation extends { parameters: { query?: infer Query } }
  ? NonNullable<Query>
  : never;
type Root = "/v1/{dataset}";

export type ListQuery = QueryOf<paths[`${Root}/users/{user_id}/recommendations`]["get"]>;
export type AnonymousQuery = QueryOf<paths[`${Root}/recommendations`]["post"]>;
export type PopularQuery = QueryOf<paths[`${Root}/popular`]["get"]>;
export type TrendingQuery = QueryOf<paths[`${Root}/trending`]["get"]>;
export type SimilarQuery = QueryOf<paths[`${Root}/items/{item_id}/similar`]["get"]>;
export type TogetherQuery = QueryOf<paths[`${Root}/items/{item_id}/together`]["get"]>;
export type BasketQuery = Omit<QueryOf<paths[`${Root}/together`]["get"]>, "item_id">;
export type PlacementQuery = QueryOf<paths[`${Root}/placements/{name}`]["get"]>;
export type ItemsQuery = QueryOf<paths[`${Root}/items`]["get"]>;
export type UsersQuery = QueryOf<paths[`${Root}/users`]["get"]>;
export type UserQuery = QueryOf<paths[`${Root}/users/{user_id}`]["get"]>;
export type RatingsQuery = QueryOf<paths[`${Root}/users/{user_id}/ratings`]["get"]>;
type ExportQuery = paths[`${Root}/export`]["get"]["parameters"]["query"];
export type EventsQuery = QueryOf<paths[`${Root}/users/{user_id}/events`]["get"]>;
export type VendorQuery = Omit<QueryOf<paths[`${Root}/vendor-items`]["get"]>, "vendor">;
export type VerdictsQuery = QueryOf<paths[`${Root}/verdicts`]["get"]>;

const DEFAULTS: Limits = { timeoutMs: 5000, retries: 3, maxWaitMs: 5000 };

function given(settings: Settings, name: "baseUrl" | "dataset" | "key"): string {
  const value = settings[name];
  if (!value) {
    throw new TypeError(`new Lantern: ${name} is not set. Is its environment variable?`);
  }
  return value;
}

/**
 * Client of one data set's product API.
 *
 * Every method throws a `ProblemError` if the API refuses the request, and an `UnavailableError` if
 * the API does not answer. Requests are sent again after a 429, a 503 or no answer. Retries are
 * safe: an event that has no id gets one, so it is written once.
 */
export class Lantern {
  /** The requests of `openapi-fetch` that this client makes, without its retries. */
  readonly http: Client<paths>;
  readonly #settings: Settings & Limits;
  readonly #dataset: string;

  constructor(settings: Settings) {
    this.#settings = { ...DEFAULTS, ...settings };
    const baseUrl = given(settings, "baseUrl");
    const key = given(settings, "key");
    this.#dataset = given(settings, "dataset");
    // The API never redirects. To follow a redirect would send events and tokens to another server.
    const headers = { Authorization: `Bearer ${key}` };
    this.http = createClient<paths>({ baseUrl, headers, redirect: "error" });
  }

  /** Return this client with other limits, such as 200 ms and no retries for a page. */
  with(limits: Partial<Limits>): Lantern {
    return new Lantern({ ...this.#settings, ...limits });
  }

  /** Return the data set's title, rating scale, kinds of events, attributes and categories. */
  async about(): Promise<About> {
    const params = this.#to({});
    return this.#ask((o) => this.http.GET("/v1/{dataset}", { ...o, params }));
  }

  /** Return whether the data set can be served. */
  async ready(): Promise<Readiness> {
    const params = this.#to({});
    return this.#ask((o) => this.http.GET("/v1/{dataset}/ready", { ...o, params }));
  }

  /** Return a user's list, best first; an unknown user gets popular items. */
  async recommendations(user_id: string, query: ListQuery = {}): Promise<Recommendations> {
    const path = "/v1/{dataset}/users/{user_id}/recommendations";
    const params = { ...this.#to({ user_id }), query };
    return this.#ask((o) => this.http.GET(path, { ...o, params }));
  }

  /** Return a list for a user without an id, from the ratings sent. Nothing is stored. */
  async forAnonymousUser(
    ratings: GivenRating[],
    query: AnonymousQuery = {},
  ): Promise<Recommendations> {
    const request = { params: { ...this.#to({}), query }, body: { ratings } };
    return this.#ask((o) => this.http.POST("/v1/{dataset}/recommendations", { ...o, ...request }));
  }

  /** Return why an item is or is not on a user's list. */
  async explanation(user_id: string, item_id: string): Promise<Explanation> {
    const path = "/v1/{dataset}/users/{user_id}/explanations/{item_id}";
    const params = this.#to({ user_id, item_id });
    return this.#ask((o) => this.http.GET(path, { ...o, params }));
  }

  /** Return the most popular items. */
  async popular(query: PopularQuery = {}): Promise<Shelf> {
    const params = { ...this.#to({}), query };
    return this.#ask((o) => this.http.GET("/v1/{dataset}/popular", { ...o, params }));
  }

  /** Return the items that were popular in the last weeks. */
  async trending(query: TrendingQuery = {}): Promise<Shelf> {
    const params = { ...this.#to({}), query };
    return this.#ask((o) => this.http.GET("/v1/{dataset}/trending", { ...o, params }));
  }

  /** Return a vendor's items, the most popular first. */
  async ofVendor(vendor: string, query: VendorQuery = {}): Promise<Shelf> {
    const params = { ...this.#to({}), query: { ...query, vendor } };
    return this.#ask((o) => this.http.GET("/v1/{dataset}/vendor-items", { ...o, params }));
  }

  /** Return the items most similar to an item. */
  async similar(item_id: string, query: SimilarQuery = {}): Promise<SimilarItems> {
    const path = "/v1/{dataset}/items/{item_id}/similar";
    const params = { ...this.#to({ item_id }), query };
    return this.#ask((o) => this.http.GET(path, { ...o, params }));
  }

  /** Return the items that users take together with an item. */
  async togetherWith(item_id: string, query: TogetherQuery = {}): Promise<TakenTogether> {
    const path = "/v1/{dataset}/items/{item_id}/together";
    const params = { ...this.#to({ item_id }), query };
    return this.#ask((o) => this.http.GET(path, { ...o, params }));
  }

  /** Return the items that users take together with those of a basket, of up to 100 items. */
  async togetherWithBasket(item_id: string[], query: BasketQuery = {}): Promise<TakenTogether> {
    const params = { ...this.#to({}), query: { ...query, item_id } };
    return this.#ask((o) => this.http.GET("/v1/{dataset}/together", { ...o, params }));
  }

  /** Return all shelves of a page, a basket or an e-mail; no item is on two of them. */
  async placement(name: string, query: PlacementQuery = {}): Promise<Placement> {
    const params = { ...this.#to({ name }), query };
    return this.#ask((o) => this.http.GET("/v1/{dataset}/placements/{name}", { ...o, params }));
  }

  /** Return a page of the catalogue: by default the best matches of `q` first. */
  async items(query: ItemsQuery = {}): Promise<ItemPage> {
    const params = { ...this.#to({}), query };
    return this.#ask((o) => this.http.GET("/v1/{dataset}/items", { ...o, params }));
  }

  /** Return an item with its attributes. */
  async item(item_id: string): Promise<ItemDetails> {
    const params = this.#to({ item_id });
    return this.#ask((o) => this.http.GET("/v1/{dataset}/items/{item_id}", { ...o, params }));
  }

  /** Yield all items by id. Exports need a key with the scope `operate`, and are not retried. */
  exportItems(): AsyncGenerator<ItemDetails> {
    return this.#export("items");
  }

  /** Yield all users by id, with the attributes that the product sent. */
  exportUsers(): AsyncGenerator<ExportedUser> {
    return this.#export("users");
  }

  /** Yield all events that Postgres has, by id. */
  exportEvents(): AsyncGenerator<ExportedEvent> {
    return this.#export("events");
  }

  /** Create or replace an item. Changes of items need a key with the scope `catalogue`. */
  async putItem(item_id: string, body: ItemContent): Promise<ItemReceipt> {
    const request = { params: this.#to({ item_id }), body };
    return this.#ask((o) => this.http.PUT("/v1/{dataset}/items/{item_id}", { ...o, ...request }));
  }

  /** Change the fields of an item that are sent. */
  async patchItem(item_id: string, body: ItemPatch): Promise<ItemReceipt> {
    const request = { params: this.#to({ item_id }), body };
    return this.#ask((o) => this.http.PATCH("/v1/{dataset}/items/{item_id}", { ...o, ...request }));
  }

  /** Remove an item from every list and page. */
  async removeItem(item_id: string): Promise<ItemReceipt> {
    const params = this.#to({ item_id });
    return this.#ask((o) => this.http.DELETE("/v1/{dataset}/items/{item_id}", { ...o, params }));
  }

  /**
   * Make changes in their order, up to 1,000 per request. A refused one does not stop the others.
   *
   * If a later request fails, the changes of the earlier ones are made. All can be sent again.
   */
  async changeItems(changes: Iterable<ItemChange>): Promise<ItemOutcomes> {
    const all: ItemOutcomes = { items: [], n_refused: 0 };
    for (const items of batchesOf(changes)) {
      const request = { params: this.#to({}), body: { items } };
      const path = "/v1/{dataset}/items";
      const outcomes = await this.#ask((o) => this.http.POST(path, { ...o, ...request }));
      all.items.push(...outcomes.items);
      all.n_refused += outcomes.n_refused;
    }
    return all;
  }

  /** Set whether up to 1,000 items are available; return the number of changed items. */
  async setAvailability(item_ids: string[], available: boolean): Promise<number> {
    const request = { params: this.#to({}), body: { item_ids, available } };
    const path = "/v1/{dataset}/availability";
    return (await this.#ask((o) => this.http.PUT(path, { ...o, ...request }))).n_changed;
  }

  /** Write a rating; it is committed when this returns. */
  async rate(user_id: string, item_id: string, body: Rating, key = newKey()): Promise<Receipt> {
    const path = "/v1/{dataset}/users/{user_id}/ratings/{item_id}";
    const request = { params: { ...this.#to({ user_id, item_id }), ...repeatable(key) }, body };
    return this.#ask((o) => this.http.PUT(path, { ...o, ...request }));
  }

  /** Delete a rating, and show the item again if it was hidden. */
  async unrate(user_id: string, item_id: string, key = newKey()): Promise<Receipt> {
    const path = "/v1/{dataset}/users/{user_id}/ratings/{item_id}";
    const params = { ...this.#to({ user_id, item_id }), ...repeatable(key) };
    return this.#ask((o) => this.http.DELETE(path, { ...o, params }));
  }

  /** Keep an item off a user's lists. */
  async hide(user_id: string, item_id: string, body: Hide, key = newKey()): Promise<Receipt> {
    const path = "/v1/{dataset}/users/{user_id}/hidden/{item_id}";
    const request = { params: { ...this.#to({ user_id, item_id }), ...repeatable(key) }, body };
    return this.#ask((o) => this.http.PUT(path, { ...o, ...request }));
  }

  /** Restore what an event replaced. `event_id` is that of the receipt. */
  async undo(user_id: string, event_id: string): Promise<UndoReceipt> {
    const path = "/v1/{dataset}/users/{user_id}/events/{event_id}";
    const params = this.#to({ user_id, event_id });
    return this.#ask((o) => this.http.DELETE(path, { ...o, params }));
  }

  /**
   * Write events of any kind, up to 1,000 per request. `results` has one entry per event.
   *
   * If a later request fails, the events of the earlier ones are committed. Events with an
   * `event_id` of their own can be sent again: each is written once.
   */
  async sendEvents(events: Iterable<NewEvent>): Promise<EventResults> {
    const all: EventResults = { n_accepted: 0, n_repeated: 0, n_refused: 0, results: [] };
    for (const batch of batchesOf(withIds(events))) {
      const request = { params: this.#to({}), body: { events: batch } };
      const path = "/v1/{dataset}/events";
      const sent = await this.#ask((o) => this.http.POST(path, { ...o, ...request }));
      all.n_accepted += sent.n_accepted;
      all.n_repeated += sent.n_repeated;
      all.n_refused += sent.n_refused;
      all.results.push(...sent.results);
    }
    return all;
  }

  /** Return a user's events of the data set's kinds, newest first; none that was undone. */
  async events(user_id: string, query: EventsQuery = {}): Promise<KindEvents> {
    const path = "/v1/{dataset}/users/{user_id}/events";
    const params = { ...this.#to({ user_id }), query };
    return this.#ask((o) => this.http.GET(path, { ...o, params }));
  }

  /** Return the number of events accepted so far, and of those that wait to be collected. */
  async outbox(): Promise<OutboxState> {
    const params = this.#to({});
    return this.#ask((o) => this.http.GET("/v1/{dataset}/outbox", { ...o, params }));
  }

  /** Return a new user's id and token. It is not retried: a second request is a second user. */
  async createUser(): Promise<NewUser> {
    const params = this.#to({});
    const { timeoutMs } = this.#settings;
    return once((o) => this.http.POST("/v1/{dataset}/users", { ...o, params }), timeoutMs);
  }

  /** Create a user with an id and a token of the caller's choice. */
  async register(user_id: string, token: string): Promise<NewUser> {
    const request = { params: this.#to({ user_id }), body: { token } };
    return this.#ask((o) => this.http.PUT("/v1/{dataset}/users/{user_id}", { ...o, ...request }));
  }

  /** Replace all attributes of a user; the next list uses the new segment. */
  async putAttributes(
    user_id: string,
    attributes: UserContent["attributes"],
  ): Promise<UserReceipt> {
    const path = "/v1/{dataset}/users/{user_id}/attributes";
    const request = { params: this.#to({ user_id }), body: { attributes } };
    return this.#ask((o) => this.http.PUT(path, { ...o, ...request }));
  }

  /**
   * Set the attributes of users, up to 1,000 per request. A refused one does not stop the others.
   *
   * If a later request fails, the changes of the earlier ones are made. All can be sent again.
   */
  async changeAttributes(changes: Iterable<UserChange>): Promise<UserOutcomes> {
    const all: UserOutcomes = { users: [], n_refused: 0 };
    for (const users of batchesOf(changes)) {
      const request = { params: this.#to({}), body: { users } };
      const path = "/v1/{dataset}/user-attributes";
      const outcomes = await this.#ask((o) => this.http.POST(path, { ...o, ...request }));
      all.users.push(...outcomes.users);
      all.n_refused += outcomes.n_refused;
    }
    return all;
  }

  /** Return the first users of the live release. */
  async users(query: UsersQuery = {}): Promise<User[]> {
    const params = { ...this.#to({}), query };
    return this.#ask((o) => this.http.GET("/v1/{dataset}/users", { ...o, params }));
  }

  /** Return a user of the live release with their newest ratings. */
  async user(user_id: string, query: UserQuery = {}): Promise<User> {
    const params = { ...this.#to({ user_id }), query };
    return this.#ask((o) => this.http.GET("/v1/{dataset}/users/{user_id}", { ...o, params }));
  }

  /** Return a page of a user's current ratings, newest first. */
  async ratings(user_id: string, query: RatingsQuery = {}): Promise<RatingsPage> {
    const path = "/v1/{dataset}/users/{user_id}/ratings";
    const params = { ...this.#to({ user_id }), query };
    return this.#ask((o) => this.http.GET(path, { ...o, params }));
  }

  /** Return all rows about a user: with their token, or a key with the scope `operate`. */
  async exportUser(user_id: string, token?: string): Promise<Export> {
    const path = "/v1/{dataset}/users/{user_id}/export";
    const params = { ...this.#to({ user_id }), ...authorized(token) };
    return this.#ask((o) => this.http.GET(path, { ...o, params }));
  }

  /** Delete a user's data: with their token, or a key with the scope `operate`. */
  async eraseUser(user_id: string, token?: string): Promise<Erasure> {
    const params = { ...this.#to({ user_id }), ...authorized(token) };
    return this.#ask((o) => this.http.DELETE("/v1/{dataset}/users/{user_id}", { ...o, params }));
  }

  /** Return the number of erased users who may still be in the lake, and since when. */
  async openErasures(): Promise<OpenErasures> {
    const params = this.#to({});
    return this.#ask((o) => this.http.GET("/v1/{dataset}/open-erasures", { ...o, params }));
  }

  /** Return the releases that can go live, newest first. */
  async releases(): Promise<Release[]> {
    const params = this.#to({});
    return this.#ask((o) => this.http.GET("/v1/{dataset}/releases", { ...o, params }));
  }

  /** Return the newest decisions of the gate, newest first. */
  async verdicts(query: VerdictsQuery = {}): Promise<Verdict[]> {
    const params = { ...this.#to({}), query };
    return this.#ask((o) => this.http.GET("/v1/{dataset}/verdicts", { ...o, params }));
  }

  /** Yield the lines of an export, as they arrive. */
  async *#export<T>(what: ExportQuery["what"]): AsyncGenerator<T> {
    const request = { params: { ...this.#to({}), query: { what } }, parseAs: "stream" as const };
    const stream = await once(() => this.http.GET("/v1/{dataset}/export", request));
    for await (const line of linesOf(stream)) {
      yield JSON.parse(line) as T;
    }
  }

  #ask<T>(request: Try<T>): Promise<T> {
    return answerOf(request, this.#settings);
  }

  /** Return the parameters of a path with these ids. */
  #to<Ids extends Record<string, string>>(ids: Ids): { path: Ids & { dataset: string } } {
    for (const id of Object.values(ids)) {
      if (id === "" || id === "." || id === "..") {
        throw new LanternError(`no URL can have the id ${JSON.stringify(id)} in its path`);
      }
    }
    return { path: { ...ids, dataset: this.#dataset } };
  }
}

function newKey(): string {
  return randomUUID();
}

function repeatable(key: string): { header: { "Idempotency-Key": string } } {
  return { header: { "Idempotency-Key": key } };
}

function authorized(token: string | undefined): { header: { "X-User-Token"?: string } } {
  return { header: token === undefined ? {} : { "X-User-Token": token } };
}

function* withIds(events: Iterable<NewEvent>): Generator<NewEvent> {
  for (const event of events) {
    yield { ...event, event_id: event.event_id ?? newKey() };
  }
}
