import { GatewayError } from "../../errors/gateway_error.ts";
import { ownRetryAfter } from "../../errors/retry_after.ts";
import { TransportError } from "../../errors/transport_error.ts";
import type { DeadlineClock } from "../../limits/deadlines.ts";
import type { TokenWaiter } from "./plan_credential.ts";
import { TokenError } from "./token_error.ts";

/** Options of {@linkcode Waiting}. */
export interface WaitingOptions {
  /** Requests that may wait for tokens at the same time, of all credentials together. */
  maxWaiting: number;
  deadlines: DeadlineClock;
}

/** The requests that wait for tokens: a token endpoint that does not answer cannot hold all. */
export class Waiting {
  #count = 0;
  readonly #options: WaitingOptions;

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  /**
   * Waits for a fetch, which never rejects, until the waiter's deadline.
   *
   * @throws {GatewayError} `upstream_credentials_unavailable` at the deadline, or if too many wait
   * @throws {TransportError} `aborted` when the caller leaves
   */
  async for(fetched: Promise<void>, waiter: TokenWaiter): Promise<void> {
    if (this.#count >= this.#options.maxWaiting) {
      throw notFetched(new TokenError("too_many_waiting", "too many requests wait for a token"));
    }
    this.#count++;
    try {
      await this.#race(fetched, waiter);
    } finally {
      this.#count--;
    }
  }

  #race(fetched: Promise<void>, { deadline, signal }: TokenWaiter): Promise<void> {
    const { deadlines } = this.#options;
    return new Promise<void>((resolve, reject) => {
      const timeout = new TokenError("timeout", "token endpoint has not answered in time");
      const onAbort = () =>
        settle(() => reject(new TransportError(false, "aborted", { cause: signal?.reason })));
      const expiry = deadlines.start(
        Math.max(0, deadline - performance.now()),
        () => settle(() => reject(notFetched(timeout))),
      );
      const settle = (report: () => void) => {
        deadlines.clear(expiry);
        signal?.removeEventListener("abort", onAbort);
        report();
      };
      if (signal?.aborted) onAbort();
      else signal?.addEventListener("abort", onAbort);
      void fetched.then(() => settle(resolve));
    });
  }
}

function notFetched(cause: TokenError): GatewayError {
  const headers = { "retry-after": ownRetryAfter(0) };
  return new GatewayError("upstream_credentials_unavailable", { cause, headers });
}
