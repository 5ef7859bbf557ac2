import { type Dispatcher, Pool } from "undici";
import { type Deadline, Deadlines } from "../limits/deadlines.ts";
import { concat } from "./bytes.ts";
import {
  BUFFER_BYTES,
  type Transport,
  TransportError,
  type UpstreamReply,
  type UpstreamRequest,
} from "./transport.ts";

/** Options of {@linkcode undiciTransport}. */
export interface UndiciTransportOptions {
  /** Deadline for connecting, TLS included, in ms. */
  connectTimeoutMs: number;
}

/**
 * An idle connection is dropped after this time: less than the idle timeouts of common
 * servers and load balancers (5 s for Node), so that it is rarely closed under a request.
 */
const KEEP_ALIVE_MS = 4_000;

/** Most bytes of response headers; more is a broken or hostile upstream. */
const MAX_HEADER_BYTES = 32 * 1024;

/**
 * A transport over undici's connection pool, for runtimes with sockets. HTTP/1.1 without
 * pipelining: what was written on a connection belongs to one request, so that whether it
 * was sent is never a guess.
 */
export function undiciTransport(
  origin: string,
  { connectTimeoutMs }: UndiciTransportOptions,
): Transport {
  const pool = new Pool(origin, {
    allowH2: false,
    pipelining: 1,
    connect: { timeout: connectTimeoutMs },
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  const deadlines = new Deadlines();
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        const { method, path, headers, body, timeoutMs, idleTimeoutMs } = request;
        pool.dispatch(
          { method, path, headers, body, headersTimeout: timeoutMs, bodyTimeout: idleTimeoutMs },
          new Exchange(deadlines, request, resolve, reject),
        );
      }),
    close: () => pool.close(),
  };
}

/** Follows one request through undici's events and settles its promise once. */
class Exchange implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: (readonly [string, string])[] = [];
  #chunks: Uint8Array[] = [];
  #size = 0;
  /** When anything of the answer last came, on the clock of `performance.now()`. */
  #heardAt = Infinity;
  #stream: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  /** Until the headers; then, of an error, until the end of its body. */
  #deadline: Deadline;
  #failed = false;
  readonly #onAbort = () => {
    this.#fail("aborted", this.#request.signal?.reason);
    this.#controller?.abort(new Error("aborted"));
  };

  readonly #deadlines: Deadlines;
  readonly #request: UpstreamRequest;
  readonly #resolve: (reply: UpstreamReply) => void;
  readonly #reject: (error: TransportError) => void;

  constructor(
    deadlines: Deadlines,
    request: UpstreamRequest,
    resolve: (reply: UpstreamReply) => void,
    reject: (error: TransportError) => void,
  ) {
    this.#deadlines = deadlines;
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#request.signal?.addEventListener("abort", this.#onAbort, { once: true });
    // undici's own does not count connecting, and is late by up to a second. It is left to end
    // the connection: for one that is aborted undici at once makes another, without need.
    this.#deadline = deadlines.start(
      this.#request.timeoutMs,
      () => this.#fail("timeout", new Error("no answer within the deadline")),
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // What was given up while it waited for a connection must not be sent after all.
    if (this.#failed) return controller.abort(new Error("given up before it was sent"));
    this.#controller = controller;
    if (this.#request.signal?.aborted) controller.abort(new Error("aborted before it was sent"));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#failed) return controller.abort(new Error("an answer after the deadline"));
    if (status < 200) return; // informational; the answer follows
    this.#status = status;
    this.#heardAt = performance.now();
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === "string") this.#headers.push([name, value]);
      else for (const one of value ?? []) this.#headers.push([name, one]);
    }
    this.#deadlines.clear(this.#deadline);
    if (!this.#succeeded) {
      this.#deadline = this.#deadlines.start(
        this.#request.idleTimeoutMs,
        () => this.#cutErrorBody("error body deadline"),
      );
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    // Resuming flushes the parser, which may yield nothing: handed on, that would ask for more.
    if (chunk.byteLength === 0) return;
    this.#heardAt = performance.now();
    if (this.#stream) {
      this.#stream.enqueue(new Uint8Array(chunk));
      if ((this.#stream.desiredSize ?? 0) <= 0) controller.pause();
      return;
    }
    this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
    if (this.#size <= BUFFER_BYTES) return;
    if (this.#succeeded) this.#answer(this.#openStream(controller));
    else this.#cutErrorBody("error body limit");
  }

  onResponseEnd(): void {
    if (this.#stream) {
      this.#release();
      this.#stream.close();
    } else {
      this.#answer(this.#buffered());
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.#status >= 300) this.#answer(this.#buffered());
    else this.#fail(this.#wasSilent ? "timeout" : reasonOf(cause), cause);
  }

  /** Deno 2.5 says of a connection that undici closed for its silence only that it was closed. */
  get #wasSilent(): boolean {
    return performance.now() - this.#heardAt >= this.#request.idleTimeoutMs;
  }

  get #succeeded(): boolean {
    return this.#status < 300;
  }

  /** What is known of an error is enough to answer: the rest of its body is not waited for. */
  #cutErrorBody(why: string): void {
    this.#answer(this.#buffered());
    this.#controller?.abort(new Error(why));
  }

  #openStream(controller: Dispatcher.DispatchController): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      start: (stream) => {
        stream.enqueue(concat(this.#chunks, this.#size));
        this.#chunks = [];
        this.#stream = stream;
        controller.pause();
      },
      pull: () => controller.resume(),
      cancel: (cause) => controller.abort(new Error("the caller took no more", { cause })),
    });
  }

  #buffered(): Uint8Array<ArrayBuffer> {
    return concat(this.#chunks, this.#size).subarray(0, BUFFER_BYTES);
  }

  #answer(body: UpstreamReply["body"]): void {
    if (body instanceof Uint8Array) this.#release();
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  #fail(reason: TransportError["reason"], cause: unknown): void {
    this.#failed = true;
    this.#release();
    const error = new TransportError(this.#controller !== undefined, reason, { cause });
    if (this.#stream) this.#stream.error(error);
    else this.#reject(error);
  }

  #release(): void {
    this.#deadlines.clear(this.#deadline);
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }
}

/** undici's error codes that are not simply a broken network. */
const REASONS: Readonly<Record<string, TransportError["reason"]>> = {
  UND_ERR_HEADERS_TIMEOUT: "timeout",
  UND_ERR_BODY_TIMEOUT: "timeout",
  UND_ERR_INVALID_ARG: "invalid_request",
};

function reasonOf(cause: Error): TransportError["reason"] {
  return "code" in cause && typeof cause.code === "string"
    ? REASONS[cause.code] ?? "network"
    : "network";
}
