import type { Attributes, Span, Tracer } from "@opentelemetry/api";
import { startTokenSpan, type TokenSpan, tokenSpanAttributes } from "./token_span.ts";
import { TokenError, type TokenFailure } from "./token_error.ts";
import { type FetchedToken, type KeyPair, requestToken } from "./token_request.ts";

/** Options of {@linkcode TokenFetcher}. */
export interface TokenFetcherOptions {
  /** The token endpoint. */
  url: string;
  /** Deadline of a fetch, in ms. */
  timeoutMs: number;
  tracer: Tracer;
  /** Default: the global one. */
  fetch?: typeof fetch | undefined;
  /** Called after every fetch. Default: none. */
  onFetch?: ((fetched: TokenFetched) => void) | undefined;
  /** Called with every fetch, for runtimes that would end it with the request (Workers). */
  waitUntil?: ((fetched: Promise<void>) => void) | undefined;
}

/** An access key, and whom it is for. */
export interface TokenClient {
  readonly keys: KeyPair;
  /** The service plans and projects that use it now. */
  readonly servicePlans: () => readonly string[];
}

/** What became of a fetch. */
export interface TokenFetched {
  readonly outcome: "ok" | TokenFailure;
  readonly error?: TokenError;
  readonly keyId: string;
  /** The service plans and projects that use the token. */
  readonly servicePlans: readonly string[];
}

/** A fetch under way. */
export interface TokenFetch {
  /** Rejects with a `TokenError` when there is no token. */
  readonly token: Promise<FetchedToken>;
  /**
   * Gives the fetch a CLIENT span in the trace of a request that waits for it, unless it has one: a
   * renewal in the background, for which none waits, has no span.
   */
  waitedBy(serverSpan: Span): void;
}

/** Fetches tokens from one token endpoint. */
export class TokenFetcher {
  readonly #options: TokenFetcherOptions;
  readonly #url: URL;
  readonly #attributes: Attributes;
  readonly #closed = new AbortController();

  constructor(options: TokenFetcherOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    this.#attributes = tokenSpanAttributes(this.#url);
  }

  get waitUntil(): TokenFetcherOptions["waitUntil"] {
    return this.#options.waitUntil;
  }

  /** Starts to fetch a token. */
  fetch(client: TokenClient): TokenFetch {
    const { tracer } = this.#options;
    const startTime = Date.now();
    let span: TokenSpan | undefined;
    return {
      token: this.#fetch(client, () => span),
      waitedBy: (parent) => {
        const attributes = this.#attributes;
        span ??= startTokenSpan(tracer, parent, { attributes, startTime });
      },
    };
  }

  async #fetch(
    { keys, servicePlans }: TokenClient,
    spanOf: () => TokenSpan | undefined,
  ): Promise<FetchedToken> {
    const report = (outcome: TokenFetched["outcome"], error?: TokenError) =>
      this.#options.onFetch?.({
        outcome,
        ...error && { error },
        keyId: keys.key_id,
        servicePlans: servicePlans(),
      });
    try {
      const token = await this.#request(keys, (status) => spanOf()?.status(status));
      spanOf()?.end();
      report("ok");
      return token;
    } catch (thrown) {
      const error = thrown instanceof TokenError
        ? thrown
        : new TokenError("malformed", "token endpoint answered without a usable token");
      spanOf()?.end(error);
      if (!this.#closed.signal.aborted) report(error.reason, error);
      throw error;
    }
  }

  /** Aborts the fetches under way. */
  close(): void {
    this.#closed.abort();
  }

  async #request(keys: KeyPair, onStatus: (status: number) => void): Promise<FetchedToken> {
    const { fetch = globalThis.fetch, timeoutMs } = this.#options;
    const deadline = new AbortController();
    const timer = setTimeout(
      () => deadline.abort(new DOMException("no token in time", "TimeoutError")),
      timeoutMs,
    );
    const onClose = () => deadline.abort();
    this.#closed.signal.addEventListener("abort", onClose);
    if (this.#closed.signal.aborted) onClose();
    try {
      const { signal } = deadline;
      return await requestToken(keys, { url: this.#url, fetch, signal, onStatus });
    } finally {
      clearTimeout(timer);
      this.#closed.signal.removeEventListener("abort", onClose);
    }
  }
}
