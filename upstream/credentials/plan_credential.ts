import type { Span } from "@opentelemetry/api";
import type { CredentialFilter } from "../credential_filter.ts";
import type { UpstreamTarget } from "../target.ts";

/** A request that waits for a token. */
export interface TokenWaiter {
  /** Its SERVER span: the parent of the span of a fetch that it starts. */
  readonly span: Span;
  /** Until when it waits, on the clock of `performance.now()`, in ms. */
  readonly deadline: number;
  /** Ends the wait when the caller leaves. */
  readonly signal?: AbortSignal | undefined;
}

/** The gateway's own credential for one service plan (contract.md §8). */
export interface PlanCredential {
  /** The SMS API that accepts it. */
  readonly target: UpstreamTarget;
  /** Removes it from texts of the upstream. */
  readonly filter: CredentialFilter;
  /**
   * The value of `Authorization`: at once if it is in memory.
   *
   * @throws {import("../../errors/gateway_error.ts").GatewayError} `upstream_credentials_unavailable`
   */
  authorization(waiter: TokenWaiter): string | Promise<string>;
  /**
   * The value to send instead of one that the API refused with 401; undefined if there is none.
   *
   * @throws {import("../../errors/gateway_error.ts").GatewayError} `upstream_credentials_unavailable`
   */
  renew(refused: string, waiter: TokenWaiter): Promise<string | undefined>;
}
