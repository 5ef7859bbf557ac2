import type { Dispatcher } from "undici";
import type { Deadline, Deadlines } from "../limits/deadlines.ts";
import { concat } from "./bytes.ts";
import type { Backpressure } from "./patient_client.ts";
import {
  BUFFER_BYTES,
  HOLD_FACTOR,
  timeUp,
  TransportError,
  type UpstreamReply,
  type UpstreamRequest,
} from "./transport.ts";

/** What an exchange needs beside its request. */
export interface UndiciExchangeParts {
  /** Whether the connection is encrypted. */
  readonly isTls: boolean;
  readonly deadlines: Deadlines;
  readonly resolve: (reply: UpstreamReply) => void;
  readonly reject: (error: TransportError) => void;
}

/** Headers that say where an answer ends. */
const FRAMING: ReadonlySet<string> = new Set(["content-length", "transfer-encoding"]);

/** Statuses whose answers end with their headers (RFC 9112 §6.3, rule 1). */
const NO_CONTENT: ReadonlySet<number> = new Set([204, 304]);

/** Follows one request through undici's events and settles its promise once. */
export class UndiciExchange implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | undefined;
  #backpressure: Backpressure | undefined;
  #status = 0;
  #headers: (readonly [string, string])[] = [];
  #chunks: Uint8Array[] = [];
  #size = 0;
  /** When anything of the answer last came, on the clock of `performance.now()`. */
  #heardAt = 0;
  /** Until when the answer is held, on the same clock. */
  #holdUntil = Infinity;
  #stream: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  /** Until the headers; then, of an error, until the end of its body; else until a silence. */
  #deadline: Deadline;
  #paused = false;
  #failed = false;
  readonly #onAbort = () => this.#giveUp("aborted", this.#request.signal?.reason);

  readonly #request: UpstreamRequest;
  readonly #parts: UndiciExchangeParts;

  constructor(request: UpstreamRequest, parts: UndiciExchangeParts) {
    this.#request = request;
    this.#parts = parts;
    this.#request.signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#deadline = parts.deadlines.start(
      this.#request.timeoutMs,
      () => this.#giveUp("timeout", timeUp("no answer within the deadline")),
    );
  }

  /** Where its answer may wait for the caller. */
  waitsOn(backpressure: Backpressure): void {
    this.#backpressure = backpressure;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // What was given up while it waited for a connection must not be sent after all.
    if (this.#failed) return controller.abort(new Error("given up before it was sent"));
    this.#controller = controller;
    if (this.#request.signal?.aborted) controller.abort(new Error("aborted before it was sent"));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return; // informational; the answer follows
    this.#status = status;
    this.#heardAt = performance.now();
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === "string") this.#headers.push([name, value]);
      else for (const one of value ?? []) this.#headers.push([name, one]);
    }
    this.#parts.deadlines.clear(this.#deadline);
    if (this.#succeeded) {
      this.#holdUntil = this.#heardAt + HOLD_FACTOR * this.#request.idleTimeoutMs;
      return this.#watchSilence(this.#request.idleTimeoutMs);
    }
    this.#deadline = this.#parts.deadlines.start(
      this.#request.idleTimeoutMs,
      () => this.#cutErrorBody("error body deadline"),
    );
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    // Resuming flushes the parser, which may yield nothing: handed on, that would ask for more.
    if (chunk.byteLength === 0) return;
    this.#heardAt = performance.now();
    if (this.#stream) {
      this.#stream.enqueue(new Uint8Array(chunk));
      if ((this.#stream.desiredSize ?? 0) <= 0) this.#pause(controller);
      return;
    }
    this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
    if (this.#size <= BUFFER_BYTES) return;
    if (this.#succeeded) this.#answer(this.#openStream(controller));
    else this.#cutErrorBody("error body limit");
  }

  onResponseEnd(): void {
    if (this.#succeeded && this.#endsWithConnection()) {
      this.#fail("network", new Error("over TLS, an answer without a length may have been cut"));
    } else if (this.#stream) {
      this.#release();
      this.#stream.close();
    } else {
      this.#answer(this.#buffered());
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.#failed) return; // that is why
    if (this.#status >= 300) this.#answer(this.#buffered());
    else this.#fail(reasonOf(cause), cause);
  }

  /**
   * Whether only the end of a TLS connection ends the answer (RFC 9112 §6.3, rule 8). Such an answer
   * is whole only if the peer said so by close_notify (§9.8), which runtimes do not tell: Deno's
   * node:tls reports a reset, too, as an orderly end. So it counts as cut.
   */
  #endsWithConnection(): boolean {
    if (!this.#parts.isTls || NO_CONTENT.has(this.#status)) return false;
    return !this.#headers.some(([name]) => FRAMING.has(name));
  }

  get #succeeded(): boolean {
    return this.#status < 300;
  }

  /** Gives the answer up when nothing of its body has come for too long, though it was asked for. */
  #watchSilence(ms: number): void {
    this.#deadline = this.#parts.deadlines.start(ms, (isOver) => {
      const silentMs = this.#paused ? 0 : performance.now() - this.#heardAt;
      const leftMs = isOver ? 0 : this.#request.idleTimeoutMs - silentMs;
      if (leftMs <= 0) return this.#giveUp("timeout", timeUp("silence within the answer"));
      this.#watchSilence(leftMs);
      if (this.#stream || !this.#controller || performance.now() < this.#holdUntil) return;
      this.#answer(this.#openStream(this.#controller)); // it only drips: better some than nothing
    });
  }

  #pause(controller: Dispatcher.DispatchController): void {
    this.#paused = true;
    this.#backpressure?.pause(controller);
  }

  #resume(controller: Dispatcher.DispatchController): void {
    this.#paused = false;
    this.#heardAt = performance.now();
    this.#backpressure?.resume(controller);
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
        this.#pause(controller);
      },
      pull: () => this.#resume(controller),
      cancel: (cause) => controller.abort(new Error("the caller took no more", { cause })),
    });
  }

  #buffered(): Uint8Array<ArrayBuffer> {
    return concat(this.#chunks, this.#size).subarray(0, BUFFER_BYTES);
  }

  #answer(body: UpstreamReply["body"]): void {
    if (body instanceof Uint8Array) this.#release();
    this.#parts.resolve({ status: this.#status, headers: this.#headers, body });
  }

  #giveUp(reason: TransportError["reason"], cause: unknown): void {
    this.#fail(reason, cause);
    this.#controller?.abort(new Error("given up"));
  }

  #fail(reason: TransportError["reason"], cause: unknown): void {
    this.#failed = true;
    this.#release();
    const error = new TransportError(this.#controller !== undefined, reason, { cause });
    if (this.#stream) this.#stream.error(error);
    else this.#parts.reject(error);
  }

  #release(): void {
    if (this.#paused) this.#backpressure?.forget();
    this.#parts.deadlines.clear(this.#deadline);
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }
}

/** What the codes of undici and of the system mean; all others are failures of the network. */
const REASONS: Readonly<Record<string, TransportError["reason"]>> = {
  UND_ERR_INVALID_ARG: "invalid_request",
  EMFILE: "no_descriptor",
  ENFILE: "no_descriptor",
};

function reasonOf(cause: Error): TransportError["reason"] {
  return "code" in cause && REASONS[String(cause.code)] || "network";
}
