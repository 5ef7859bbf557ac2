import { concat } from "./bytes.ts";
import {
  BUFFER_BYTES,
  HOLD_FACTOR,
  timeUp,
  type Transport,
  TransportError,
  type UpstreamReply,
  type UpstreamRequest,
} from "./transport.ts";

/** Options of {@linkcode fetchTransport}. */
export interface FetchTransportOptions {
  /**
   * Content codings that this runtime's fetch decodes though nobody asked for them, while it
   * leaves the headers that speak of them. Default: none, as on Deno.
   */
  decodes?: ReadonlySet<string>;
  /** A request body as a stream. Default: one chunk, which goes up chunked. */
  toStream?: (body: Uint8Array<ArrayBuffer>) => ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Default: the global one. */
  fetch?: (request: Request) => Promise<Response>;
}

/**
 * A transport over fetch, for edges without sockets. The body goes up as a stream, which a
 * runtime cannot send a second time by itself. What fetch cannot tell counts as sent.
 */
export function fetchTransport(origin: string, options: FetchTransportOptions = {}): Transport {
  const complete = {
    decodes: new Set<string>(),
    toStream: oneChunk,
    fetch: (request: Request) => fetch(request),
    ...options,
  };
  return {
    send: (request) => new Exchange(request, complete).run(origin),
    close: () => Promise.resolve(), // connections are the runtime's
  };
}

/** One request and its answer, under the two deadlines of {@linkcode UpstreamRequest}. */
class Exchange {
  readonly #request: UpstreamRequest;
  readonly #options: Required<FetchTransportOptions>;
  readonly #abort = new AbortController();
  readonly #gaveUp = rejectable();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reading: Promise<Chunk> | undefined;
  readonly #onAbort = () => this.#giveUp("aborted", this.#request.signal?.reason);

  constructor(request: UpstreamRequest, options: Required<FetchTransportOptions>) {
    this.#request = request;
    this.#options = options;
    this.#gaveUp.promise.catch(() => {}); // it may come when nobody waits for it
  }

  async run(origin: string): Promise<UpstreamReply> {
    const { signal, timeoutMs } = this.#request;
    if (signal?.aborted) throw new TransportError(false, "aborted", { cause: signal.reason });
    const request = this.#prepare(origin);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#giveUpAfter(timeoutMs, "no answer within the deadline");
    try {
      const response = await this.#fetch(request);
      return await this.#reply(response);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #prepare(origin: string): Request {
    const { method, path, headers, body } = this.#request;
    try {
      return new Request(origin + path, {
        method,
        headers: { ...headers },
        redirect: "manual",
        signal: this.#abort.signal,
        ...(body && { body: this.#options.toStream(body), duplex: "half" }),
      });
    } catch (cause) {
      throw new TransportError(false, "invalid_request", { cause });
    }
  }

  async #fetch(request: Request): Promise<Response> {
    try {
      return await Promise.race([this.#options.fetch(request), this.#gaveUp.promise]);
    } catch (cause) {
      throw cause instanceof TransportError
        ? cause
        : new TransportError(!provesUnsent(cause), "network", { cause });
    }
  }

  async #reply(response: Response): Promise<UpstreamReply> {
    const status = response.status || 302; // some runtimes hide what a redirect says
    const headers = this.#headersOf(response);
    const reader = response.body?.getReader();
    if (!reader) return this.#answer({ status, headers, body: new Uint8Array() });
    if (status >= 300) {
      return this.#answer({ status, headers, body: await this.#errorBody(reader) });
    }
    const start = await this.#startOfBody(reader);
    if (start.whole) return this.#answer({ status, headers, body: start.bytes });
    return { status, headers, body: this.#restOfBody(start.bytes, reader) };
  }

  /** The bytes of a decoded body are no longer those that its headers speak of. */
  #headersOf({ headers }: Response): [string, string][] {
    const codings = headers.get("content-encoding")?.toLowerCase().split(",") ?? [];
    const decoded = codings.length > 0 &&
      codings.every((coding) => this.#options.decodes.has(coding.trim()));
    return [...headers].filter(([name]) =>
      !decoded || (name !== "content-encoding" && name !== "content-length")
    );
  }

  /** What comes of an error's body before its end, its limit or its deadline; never fails. */
  async #errorBody(reader: Reader): Promise<Uint8Array<ArrayBuffer>> {
    this.#giveUpAfter(this.#request.idleTimeoutMs, "error body deadline");
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      while (size < BUFFER_BYTES) {
        const { done, value } = await Promise.race([reader.read(), this.#gaveUp.promise]);
        if (done) break;
        chunks.push(value);
        size += value.byteLength;
      }
    } catch {
      // Cut or late: what came before that is enough to answer.
    }
    void reader.cancel().catch(() => {});
    return concat(chunks, size).subarray(0, BUFFER_BYTES);
  }

  async #startOfBody(
    reader: Reader,
  ): Promise<{ bytes: Uint8Array<ArrayBuffer>; whole: boolean }> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heldLongEnough = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), HOLD_FACTOR * this.#request.idleTimeoutMs);
    });
    try {
      while (size <= BUFFER_BYTES) {
        // What is not held any longer goes on being read: whoever takes the rest asks again.
        const chunk = await Promise.race([this.#read(reader), heldLongEnough]);
        if (!chunk) break;
        if (chunk.done) return { bytes: concat(chunks, size), whole: true };
        chunks.push(chunk.value);
        size += chunk.value.byteLength;
      }
    } finally {
      clearTimeout(timer);
    }
    return { bytes: concat(chunks, size), whole: false };
  }

  #restOfBody(
    start: Uint8Array<ArrayBuffer>,
    reader: Reader,
  ): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      start: (stream) => stream.enqueue(start),
      pull: async (stream) => {
        const { done, value } = await this.#read(reader);
        if (!done) return stream.enqueue(value);
        this.#release();
        stream.close();
      },
      cancel: async (cause) => {
        this.#release();
        await reader.cancel(cause);
      },
    });
  }

  /** The next chunk, unless the upstream is silent for too long; the same until it has come. */
  #read(reader: Reader): Promise<Chunk> {
    this.#reading ??= this.#readNext(reader).finally(() => this.#reading = undefined);
    this.#reading.catch(() => {}); // nobody may be waiting for it just then
    return this.#reading;
  }

  async #readNext(reader: Reader): Promise<Chunk> {
    this.#giveUpAfter(this.#request.idleTimeoutMs, "silence within the body");
    try {
      return await Promise.race([reader.read(), this.#gaveUp.promise]);
    } catch (cause) {
      this.#release();
      throw cause instanceof TransportError
        ? cause
        : new TransportError(true, "network", { cause });
    } finally {
      clearTimeout(this.#timer);
    }
  }

  #answer(reply: UpstreamReply): UpstreamReply {
    this.#release();
    return reply;
  }

  #giveUpAfter(ms: number, why: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#giveUp("timeout", timeUp(why)), ms);
  }

  #giveUp(reason: TransportError["reason"], cause: unknown): void {
    this.#gaveUp.reject(new TransportError(true, reason, { cause }));
    this.#abort.abort(cause);
    this.#release();
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
type Chunk = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;

/** Codes of Node's fetch that only come before a connection is there. */
const UNSENT_CODES: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** What Deno's fetch, which has no codes, says when no connection came about. */
const UNSENT_TEXT = "client error (Connect)";

/** Whether a failed fetch says that no byte can have left; what is not certain is not. */
function provesUnsent(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && UNSENT_CODES.has(cause.code)) return true;
    if (cause.message.includes(UNSENT_TEXT)) return true;
  }
  return false;
}

function oneChunk(body: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(stream) {
      stream.enqueue(body);
      stream.close();
    },
  });
}

/** A promise that only ever rejects; Node 20 has no `Promise.withResolvers`. */
function rejectable(): { promise: Promise<never>; reject: (error: TransportError) => void } {
  let reject: (error: TransportError) => void = () => {};
  const promise = new Promise<never>((_, settle) => reject = settle);
  return { promise, reject };
}
