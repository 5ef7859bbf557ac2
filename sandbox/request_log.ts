/** Records the latest requests, for tests and for `GET /sandbox/requests`. */

import { BoundedStore } from "./bounded_store.ts";

/** A request as it arrived. */
export interface RecordedRequest {
  method: string;
  /** Path and query string, undecoded. */
  path: string;
  headers: Record<string, string>;
  /** Empty if there was no body, or if it was over the limit and was not read. */
  body: string;
  /** When the request arrived: ISO 8601, UTC. */
  time: string;
}

/** More would only cost memory in a load test. */
const MAX_REQUESTS = 1_000;

/** Memory for the recorded requests, in characters. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** The latest requests, at most {@linkcode MAX_REQUESTS}. */
export class RequestLog {
  readonly #requests = new BoundedStore<RecordedRequest>({
    maxEntries: MAX_REQUESTS,
    maxWeight: MAX_CHARACTERS,
  });
  #count = 0;

  add(request: RecordedRequest): void {
    this.#requests.set(String(this.#count++), request, request.path.length + request.body.length);
  }

  /** The recorded requests in order of arrival. */
  list(): RecordedRequest[] {
    return this.#requests.oldestFirst();
  }

  clear(): void {
    this.#requests.clear();
  }
}
