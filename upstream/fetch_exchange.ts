import { TransportError, type TransportFailureReason } from "../errors/transport_error.ts";
import { ChunkList } from "./chunk_list.ts";
import { headerPairs, provesUnsent } from "./fetch_conversions.ts";
import {
  abortReason,
  BUFFERING_TIMEOUT_FACTOR,
  MAX_BUFFERED_BYTES,
  timeoutError,
  type UpstreamReply,
  type UpstreamRequest,
} from "./transport.ts";

/** Options of {@linkcode FetchExchange}; see `FetchTransportOptions`. */
export interface FetchExchangeOptions {
  readonly decodes: ReadonlySet<string>;
  readonly toStream: (body: Uint8Array<ArrayBuffer>) => ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly fetch: (request: Request) => Promise<Response>;
}

type Reader = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
type ReadResult = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;

/**
 * One request over fetch and its response, within the two deadlines of {@linkcode UpstreamRequest}.
 */
export class FetchExchange {
  readonly #request: UpstreamRequest;
  readonly #options: FetchExchangeOptions;
  readonly #abortController = new AbortController();
  readonly #aborted = Promise.withResolvers<never>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pendingRead: Promise<ReadResult> | undefined;
  readonly #onAbort = () => {
    const { signal } = this.#request;
    if (signal) this.#abort(abortReason(signal), signal.reason);
  };

  constructor(request: UpstreamRequest, options: FetchExchangeOptions) {
    this.#request = request;
    this.#options = options;
    this.#aborted.promise.catch(() => {}); // it may reject while nothing awaits it
  }

  /** Sends the request; resolves and rejects as `Transport.send` does. */
  async send(): Promise<UpstreamReply> {
    const { signal, timeoutMs } = this.#request;
    if (signal?.aborted) {
      throw new TransportError(false, abortReason(signal), { cause: signal.reason });
    }
    const request = this.#toRequest();
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#startDeadline(timeoutMs, "no response headers within the deadline");
    try {
      const response = await this.#fetch(request);
      return await this.#toReply(response);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #toRequest(): Request {
    const { target, method, path, headers, body } = this.#request;
    try {
      return new Request(target.origin + path, {
        method,
        headers: { ...headers },
        redirect: "manual",
        signal: this.#abortController.signal,
        ...(body && { body: this.#options.toStream(body), duplex: "half" }),
      });
    } catch (cause) {
      throw new TransportError(false, "invalid_request", { cause });
    }
  }

  async #fetch(request: Request): Promise<Response> {
    try {
      return await Promise.race([this.#options.fetch(request), this.#aborted.promise]);
    } catch (cause) {
      throw cause instanceof TransportError
        ? cause
        : new TransportError(!provesUnsent(cause), "network", { cause });
    }
  }

  async #toReply(response: Response): Promise<UpstreamReply> {
    const status = response.status || 302; // some runtimes hide the status of a redirect
    const headers = headerPairs(response.headers, this.#options.decodes);
    const body = await this.#readBody(response.body?.getReader(), status);
    if (body instanceof Uint8Array) this.#release();
    return { status, headers, body };
  }

  async #readBody(reader: Reader | undefined, status: number): Promise<UpstreamReply["body"]> {
    if (!reader) return new Uint8Array();
    if (this.#request.discardsBody) {
      void reader.cancel().catch(() => {});
      return new Uint8Array();
    }
    if (status >= 300) return await this.#readErrorBody(reader);
    const { bytes, isComplete } = await this.#buffer(reader);
    return isComplete ? bytes : this.#streamBody(bytes, reader);
  }

  /** Reads an error body up to its end, the size limit or the deadline; never rejects. */
  async #readErrorBody(reader: Reader): Promise<Uint8Array<ArrayBuffer>> {
    this.#startDeadline(this.#request.idleTimeoutMs, "deadline of the error body");
    const chunks = new ChunkList();
    try {
      while (chunks.size < MAX_BUFFERED_BYTES) {
        const { done, value } = await Promise.race([reader.read(), this.#aborted.promise]);
        if (done) break;
        chunks.append(value);
      }
    } catch {
      // Truncated or too slow: the error response is made from the part that was received.
    }
    void reader.cancel().catch(() => {});
    return chunks.toBytes(MAX_BUFFERED_BYTES);
  }

  /** Reads a body until it is complete, too long, or too slow to be buffered. */
  async #buffer(
    reader: Reader,
  ): Promise<{ bytes: Uint8Array<ArrayBuffer>; isComplete: boolean }> {
    const chunks = new ChunkList();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooSlow = new Promise<undefined>((resolve) => {
      const ms = BUFFERING_TIMEOUT_FACTOR * this.#request.idleTimeoutMs;
      timer = setTimeout(() => resolve(undefined), ms);
    });
    try {
      while (chunks.size <= MAX_BUFFERED_BYTES) {
        // If `tooSlow` wins, the pending read goes on; the stream of the body takes its result.
        const result = await Promise.race([this.#read(reader), tooSlow]);
        if (!result) break;
        if (result.done) return { bytes: chunks.toBytes(), isComplete: true };
        chunks.append(result.value);
      }
    } finally {
      clearTimeout(timer);
    }
    return { bytes: chunks.toBytes(), isComplete: false };
  }

  /** The buffered bytes, then the rest of the body. */
  #streamBody(
    buffered: Uint8Array<ArrayBuffer>,
    reader: Reader,
  ): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      start: (stream) => stream.enqueue(buffered),
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

  /** Reads the next chunk, or returns the read that is pending; rejects after the idle timeout. */
  #read(reader: Reader): Promise<ReadResult> {
    this.#pendingRead ??= this.#readNext(reader).finally(() => this.#pendingRead = undefined);
    this.#pendingRead.catch(() => {}); // it may reject while nothing awaits it
    return this.#pendingRead;
  }

  async #readNext(reader: Reader): Promise<ReadResult> {
    this.#startDeadline(this.#request.idleTimeoutMs, "no data within the idle timeout");
    try {
      return await Promise.race([reader.read(), this.#aborted.promise]);
    } catch (cause) {
      this.#release();
      throw cause instanceof TransportError
        ? cause
        : new TransportError(true, "network", { cause });
    } finally {
      clearTimeout(this.#timer);
    }
  }

  #startDeadline(ms: number, message: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#abort("timeout", timeoutError(message)), ms);
  }

  #abort(reason: TransportFailureReason, cause: unknown): void {
    this.#aborted.reject(new TransportError(true, reason, { cause }));
    this.#abortController.abort(cause);
    this.#release();
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }
}
