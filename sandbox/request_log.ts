/** The latest requests as they arrived, so that tests and people can see them. */

import { BoundedStore } from "./bounded_store.ts";

export interface RecordedRequest {
  method: string;
  /** Path and query string, undecoded. */
  path: string;
  headers: Record<string, string>;
  /** Empty if there was none, or if it was over the limit and was not read. */
  body: string;
  /** When it arrived: ISO 8601, UTC. */
  time: string;
}

/** Enough to look at; more would only cost memory in a load test. */
const MAX_REQUESTS = 1_000;

/** Memory for them, in characters. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

export class RequestLog {
  readonly #requests = new BoundedStore<RecordedRequest>({
    maxEntries: MAX_REQUESTS,
    maxWeight: MAX_CHARACTERS,
  });
  #count = 0;

  add(request: RecordedRequest): void {
    this.#requests.set(String(this.#count++), request, request.path.length + request.body.length);
  }

  /** The requests kept, in order of arrival. */
  list(): RecordedRequest[] {
    return this.#requests.oldestFirst();
  }

  clear(): void {
    this.#requests.clear();
  }
}
