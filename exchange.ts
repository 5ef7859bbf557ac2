import type { Span } from "@opentelemetry/api";
import type { Failure } from "./errors/gateway_error.ts";
import type { PathProblem } from "./errors/path_problems.ts";
import type { Operation } from "./operations.ts";

/** Who calls: what a verified token says. */
export interface Principal {
  readonly issuer: string;
  /** The `sub` claim; not every issuer sets one. */
  readonly subject: string | undefined;
  /** The service plans that the token may use. */
  readonly servicePlans: readonly string[];
}

/** One try at the upstream. */
export interface Attempt {
  /** From sending to the answer, or to the failure, in ms. */
  readonly durationMs: number;
  /** Status of the answer, where there was one. */
  readonly status?: number;
  /** The public code of the failure, where there was none. */
  readonly failure?: string;
  /** Why there was no answer, in fixed words, where that can be told. */
  readonly cause?: string | undefined;
  /** What `Retry-After` of a 429 asked for, in ms. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * What is known of one request while it walks through: each room adds its part, and span,
 * log line and metrics are derived from it at the end.
 */
export interface Exchange {
  readonly requestId: string;
  readonly method: string;
  /** The path as it came, without the query. */
  readonly rawPath: string;
  /** The query as it came, without the question mark; empty where there is none. */
  readonly rawQuery: string;
  /** When it began, on the clock of `performance.now()`, in ms. */
  readonly startedAt: number;
  readonly span: Span;
  /** Template of the path, once it is known to be one of the API. */
  route?: Operation["path"];
  /** Why the path is none of the API's, where that can be told. */
  pathProblem?: PathProblem;
  operation?: Operation;
  /** Only ever a plan that the gateway has a credential for. */
  servicePlanId?: string;
  principal?: Principal;
  /** The caller's whole request body; null where none was sent. */
  body?: Uint8Array<ArrayBuffer> | null;
  status?: number;
  failure?: Failure;
  /** What was thrown, for the span. */
  thrown?: unknown;
  /** What was sent upstream, in order; empty where nothing was. */
  readonly attempts: Attempt[];
  /**
   * Gives back each slot that the request takes up until it is answered. Slots of its caller are
   * kept for longer, see `responseSlots`.
   */
  readonly slots: (() => void)[];
  /** Length of the answer's body, where it is known. */
  bytesOut?: number;
  /** Settles when the last byte of a streamed answer was handed on, or rejects if it was cut. */
  streamed?: Promise<void>;
}

/** Hono's environment of this gateway. */
export interface GatewayEnv {
  Variables: {
    requestId: string;
    exchange: Exchange;
    /** Gives back each slot that the request takes up until its answer was taken. */
    responseSlots: (() => void)[];
    /** The body of the answer is a stream already. */
    isStream?: boolean;
  };
  Bindings: {
    /** Peer of the connection, where the runtime tells it. */
    remoteAddr?: { hostname?: string };
    /**
     * Settles when the answer was sent, or cannot be sent any more; absent where the runtime does
     * not tell. Deno tells it of streams only: of other answers when they were handed over.
     */
    readonly completed?: Promise<void>;
    /** Ends the answer with its connection, where the runtime can. */
    giveUp?: () => void;
  };
}
