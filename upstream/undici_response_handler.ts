import type { Dispatcher } from "undici";
import { TransportError, type TransportFailureReason } from "../errors/transport_error.ts";
import type { Deadline, Deadlines } from "../limits/deadlines.ts";
import { ChunkList } from "./chunk_list.ts";
import type { ResponsePause } from "./pausable_client.ts";
import { isDelimitedByClose } from "./response_framing.ts";
import {
  abortReason,
  BUFFERING_TIMEOUT_FACTOR,
  MAX_BUFFERED_BYTES,
  timeoutError,
  type UpstreamReply,
  type UpstreamRequest,
} from "./transport.ts";
import { failureReason, headerPairs } from "./undici_conversions.ts";

/** Options of {@linkcode UndiciResponseHandler}. */
export interface UndiciResponseHandlerOptions {
  /** Whether the connection is encrypted. */
  readonly isTls: boolean;
  readonly deadlines: Deadlines;
  readonly resolve: (reply: UpstreamReply) => void;
  readonly reject: (error: TransportError) => void;
}

const NO_BODY = new Uint8Array();

/** Receives undici's events for one request, and resolves or rejects once. */
export class UndiciResponseHandler implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | undefined;
  #pause: ResponsePause | undefined;
  #isPaused = false;
  #hasFailed = false;
  #status = 0;
  #headers: UpstreamReply["headers"] = [];
  #chunks = new ChunkList();
  /** When the last bytes of the response were received, on the clock of `performance.now()`. */
  #lastReceivedAt = 0;
  /** Until when the body is buffered, on the same clock. */
  #bufferUntil = Infinity;
  #stream: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  /** For the headers; then for an error's whole body, or for the next chunk of a success. */
  #deadline: Deadline;
  readonly #onAbort = () => {
    const { signal } = this.#request;
    if (signal) this.#abort(abortReason(signal), signal.reason);
  };

  readonly #request: UpstreamRequest;
  readonly #options: UndiciResponseHandlerOptions;

  constructor(request: UpstreamRequest, options: UndiciResponseHandlerOptions) {
    this.#request = request;
    this.#options = options;
    this.#request.signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#deadline = options.deadlines.start(
      this.#request.timeoutMs,
      () => this.#abort("timeout", timeoutError("no response headers within the deadline")),
    );
  }

  /** Sets the object that pauses this response when the caller reads slowly. */
  setPause(pause: ResponsePause): void {
    this.#pause = pause;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // The request may have failed while it waited for a connection: it must not be sent any more.
    if (this.#hasFailed) return controller.abort(new Error("failed before it was sent"));
    this.#controller = controller;
    if (this.#request.signal?.aborted) controller.abort(new Error("aborted before it was sent"));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return; // informational; the final response follows
    this.#status = status;
    this.#headers = headerPairs(headers);
    this.#lastReceivedAt = performance.now();
    this.#options.deadlines.clear(this.#deadline);
    const { idleTimeoutMs, discardsBody } = this.#request;
    if (this.#needsWholeBody) {
      this.#bufferUntil = this.#lastReceivedAt + BUFFERING_TIMEOUT_FACTOR * idleTimeoutMs;
      return this.#startIdleDeadline(idleTimeoutMs);
    }
    if (discardsBody) this.#options.resolve({ status, headers: this.#headers, body: NO_BODY });
    this.#deadline = this.#options.deadlines.start(
      idleTimeoutMs,
      () => this.#truncateErrorBody("deadline of the error body"),
    );
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    // Resuming flushes the parser, which may yield an empty chunk. The stream would ask for more.
    if (chunk.byteLength === 0) return;
    this.#lastReceivedAt = performance.now();
    if (this.#stream) {
      this.#stream.enqueue(new Uint8Array(chunk));
      if ((this.#stream.desiredSize ?? 0) <= 0) this.#pauseResponse(controller);
      return;
    }
    this.#chunks.append(chunk);
    if (this.#chunks.size <= MAX_BUFFERED_BYTES) return;
    if (this.#needsWholeBody) this.#resolve(this.#openStream(controller));
    else this.#truncateErrorBody("size limit of the error body");
  }

  onResponseEnd(): void {
    const reply = { status: this.#status, headers: this.#headers };
    if (this.#needsWholeBody && this.#options.isTls && isDelimitedByClose(reply)) {
      this.#fail("network", new Error("over TLS, a response without a length may be truncated"));
    } else if (this.#stream) {
      this.#release();
      this.#stream.close();
    } else {
      this.#resolve(this.#bufferedBody());
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.#hasFailed) return; // the error is that of our own abort
    if (!this.#needsWholeBody) this.#resolve(this.#bufferedBody());
    else this.#fail(failureReason(cause), cause);
  }

  /** Whether a response that ends early is a failure: not that of an error, or without headers. */
  get #needsWholeBody(): boolean {
    return this.#status < (this.#request.discardsBody ? 200 : 300);
  }

  /** Fails when no chunk arrives within the idle timeout; time while paused does not count. */
  #startIdleDeadline(ms: number): void {
    this.#deadline = this.#options.deadlines.start(ms, (isShutdown) => {
      const idleMs = this.#isPaused ? 0 : performance.now() - this.#lastReceivedAt;
      const leftMs = isShutdown ? 0 : this.#request.idleTimeoutMs - idleMs;
      if (leftMs <= 0) {
        return this.#abort("timeout", timeoutError("no data within the idle timeout"));
      }
      this.#startIdleDeadline(leftMs);
      if (this.#stream || !this.#controller || performance.now() < this.#bufferUntil) return;
      this.#resolve(this.#openStream(this.#controller)); // too slow to buffer all of it
    });
  }

  #pauseResponse(controller: Dispatcher.DispatchController): void {
    this.#isPaused = true;
    this.#pause?.pause(controller);
  }

  #resumeResponse(controller: Dispatcher.DispatchController): void {
    this.#isPaused = false;
    this.#lastReceivedAt = performance.now();
    this.#pause?.resume(controller);
  }

  /** Resolves with the part of an error body received so far, and does not wait for the rest. */
  #truncateErrorBody(why: string): void {
    this.#resolve(this.#bufferedBody());
    this.#controller?.abort(new Error(why));
  }

  #openStream(controller: Dispatcher.DispatchController): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      start: (stream) => {
        stream.enqueue(this.#chunks.toBytes());
        this.#chunks = new ChunkList();
        this.#stream = stream;
        this.#pauseResponse(controller);
      },
      pull: () => this.#resumeResponse(controller),
      cancel: (cause) =>
        controller.abort(new Error("the caller cancelled the response", { cause })),
    });
  }

  #bufferedBody(): Uint8Array<ArrayBuffer> {
    return this.#chunks.toBytes(MAX_BUFFERED_BYTES);
  }

  #resolve(body: UpstreamReply["body"]): void {
    if (body instanceof Uint8Array) this.#release();
    this.#options.resolve({ status: this.#status, headers: this.#headers, body });
  }

  #abort(reason: TransportFailureReason, cause: unknown): void {
    this.#fail(reason, cause);
    this.#controller?.abort(new Error("aborted by the gateway"));
  }

  #fail(reason: TransportFailureReason, cause: unknown): void {
    this.#hasFailed = true;
    this.#release();
    const error = new TransportError(this.#controller !== undefined, reason, { cause });
    if (this.#stream) this.#stream.error(error);
    else this.#options.reject(error);
  }

  #release(): void {
    if (this.#isPaused) this.#pause?.clear();
    this.#options.deadlines.clear(this.#deadline);
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }
}
