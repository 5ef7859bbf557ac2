import type { Attributes, Span } from "@opentelemetry/api";
import type { Context } from "hono";
import type { Failure } from "./errors/gateway_error.ts";
import type { PathProblem } from "./errors/path_problems.ts";
import type { Operation } from "./operations.ts";
import type { AppliedPolicy } from "./policies/policy.ts";
import type { CALLBACK_ROUTE, USAGE_PATH } from "./route_table.ts";

/** The caller, as identified by a verified token. */
export interface Principal {
  readonly issuer: string;
  /** The `sub` claim; not every issuer sets one. */
  readonly subject: string | undefined;
  /** The service plans that the token may use. */
  readonly servicePlans: readonly string[];
}

/** One attempt to send a request to the upstream. */
export interface Attempt {
  /** `server.address` and `server.port` of the API that it was sent to. */
  readonly server?: Attributes;
  /** From sending to the response headers, or to the failure, in ms. */
  readonly durationMs: number;
  /** Status of the response, if there was one. */
  readonly status?: number;
  /** The public error code, if there was no response. */
  readonly failure?: string;
  /** Why there was no response, in fixed words, if it is known. */
  readonly cause?: string | undefined;
  /** `Retry-After` of a 429, in ms. */
  readonly retryAfterMs?: number | undefined;
}

/** The attempts of a GET request of the gateway itself. */
export interface LookupAttempts extends UpstreamAttempts {
  readonly route: Operation["path"];
}

/** What became of a request with an idempotency key (contract.md §5). */
export type IdempotencyOutcome =
  /** Nobody has used the key; the request was sent. */
  | "first"
  /** Answered like the first. */
  | "replayed"
  /** The first is under way. */
  | "in_use"
  /** The key belongs to another request. */
  | "reused"
  /** The SMS API said what became of the first. */
  | "found_out"
  /** Nobody knows what became of the first. */
  | "unknown"
  /** The store could not be asked; nothing was sent. */
  | "unavailable";

/** What became of a callback of the SMS API (docs/callbacks.md). */
export type CallbackOutcome =
  /** The service took it. */
  | "relayed"
  /** The service had taken it before. */
  | "duplicate"
  /** Not authentic. */
  | "refused"
  /** Not a JSON object. */
  | "malformed"
  /** Relayed by another request at the same time. */
  | "under_way"
  /** The service did not take it, or did not answer. */
  | "not_taken"
  /** No service is configured for it. */
  | "no_relay"
  /** Its batch is new, and not remembered yet. */
  | "too_early"
  /** Too many callbacks are outstanding. */
  | "overloaded"
  /** The store did not answer; nothing was relayed. */
  | "unavailable"
  /** Its body did not arrive whole, or the gateway itself failed. */
  | "failed";

/** What a callback reports. Its types and statuses are documented ones, or `_OTHER`. */
export interface CallbackReport {
  readonly type: string;
  readonly statuses: readonly {
    readonly status: string;
    readonly code: number | undefined;
    readonly count: number;
  }[];
  /** Whether the batch went to the test API, so that no message was sent. */
  readonly isTest: boolean;
  /** From the send to the report; undefined if the send is not remembered. */
  readonly sinceSendMs: number | undefined;
  /** The same, of a report about one recipient. */
  readonly deliveryMs: number | undefined;
}

/** Known of a callback. Written by `middleware/callback.ts`. */
export interface CallbackResult {
  /** Absent where it is not known yet. */
  outcome?: CallbackOutcome;
  /** Why it was refused. */
  refusal?: string;
  /** Absent unless it is authentic. */
  report?: CallbackReport;
  /** Name of the service that it is relayed to. */
  relay?: string;
  /** The attempt to relay it, if there was one. */
  attempt?: Attempt;
}

/** What is known of a token request, and all that is recorded of it. */
export interface TokenRequest {
  /** The client id, if it is known, as it may be logged. */
  readonly clientId?: string;
  /** `issued`, or why not (RFC 6749 §5.2); absent if the issuer gave no such answer. */
  outcome?: string;
}

/** What is used of a window of a budget, in message parts; the request included, if it was counted. */
export interface BudgetWindow {
  readonly unit: "minute" | "hour" | "day";
  readonly limit: number;
  readonly used: number;
  /** Time until the window ends, in ms. */
  readonly resetMs: number;
}

/** Known from the start. Written by `telemetry/server_span.ts`. */
export interface ReceivedRequest {
  readonly requestId: string;
  readonly method: string;
  /** The path as it was sent, without the query. */
  readonly rawPath: string;
  /** The query as it was sent, without the question mark; empty if there is none. */
  readonly rawQuery: string;
  /** When the request started, on the clock of `performance.now()`, in ms. */
  readonly startedAt: number;
  readonly span: Span;
}

/** The path of token requests. */
export const TOKEN_PATH = "/oauth2/token";

/** Known after routing. Written by `routes/match_route.ts` and `middleware/token_request.ts`. */
export interface RoutingResult {
  /** Template of the path, if it is one of the API, or that of callbacks, token requests or usage. */
  route?:
    | Operation["path"]
    | typeof CALLBACK_ROUTE
    | typeof TOKEN_PATH
    | typeof USAGE_PATH;
  /** Why the path is not one of the API, if it is known. */
  pathProblem?: PathProblem;
  /** Absent if the path has no such method. */
  operation?: Operation;
}

/** Known after authentication. Written by `middleware/authenticate.ts`. */
export interface AuthenticationResult {
  /** Service plan of the path; absent if the gateway has no credential for it. */
  servicePlanId?: string;
  /** Absent if the token is not valid. */
  principal?: Principal;
}

/** Known once the request body was read. Written by `middleware/request_body.ts`. */
export interface ReceivedBody {
  /** The whole request body; null if it is empty. */
  body?: Uint8Array<ArrayBuffer> | null;
}

/** Known once the key was looked up. Written by `middleware/idempotency.ts`. */
export interface IdempotencyResult {
  /** Absent without a key. */
  idempotency?: IdempotencyOutcome;
  /**
   * GET requests of the gateway itself about an earlier request; absent if there were none. Written
   * by `middleware/forward.ts`.
   */
  lookups?: LookupAttempts[];
}

/** Only where callbacks are configured, or of a callback. */
export interface CallbackMembers {
  /** The batch that was created, or that a callback is about. Also written by `middleware/batch_memory.ts`. */
  batchId?: string;
  /** Absent unless the request is a callback. */
  callback?: CallbackResult;
}

/** Only of a token request. Written by `middleware/token_request.ts`. */
export interface TokenRequestResult {
  tokenRequest?: TokenRequest;
}

/** Known once a policy was applied. Written by `middleware/policy.ts`. */
export interface PolicyResult {
  /**
   * Absent if no policy matches the caller. With a policy, all counts are 0 until the message was
   * read, which happens before it is sent and after its key was claimed.
   */
  policy?: AppliedPolicy;
}

/** Known once message parts were reserved, or refused. Written by `middleware/budget.ts`. */
export interface BudgetResult {
  /** Absent if the policy has no budget, or nothing is sent. */
  budget?: {
    /** `instance` while the state store does not answer. */
    readonly countedBy: "store" | "instance";
    readonly windows: readonly BudgetWindow[];
  };
}

/** What was sent to the upstream. Written by `upstream/sender.ts`. */
export interface UpstreamAttempts {
  /** In order; empty if nothing was sent. */
  readonly attempts: Attempt[];
}

/** Known once there is a response. */
export interface ResponseResult {
  /** Status of the response, or 499 if the caller left. Written by `telemetry/server_span.ts`. */
  status?: number;
  /**
   * The error that the caller got, or that ended a streamed body. Written by `refuse` of
   * `routes/refuse.ts` and by `telemetry/server_span.ts`.
   */
  failure?: Failure;
  /** The error that was thrown, for the span. Written together with `failure`. */
  thrown?: unknown;
  /**
   * Length of the response body, if it is known. Written by `middleware/forward.ts`, and updated by
   * `middleware/tracked_body.ts` while the body is streamed.
   */
  bytesOut?: number;
  /**
   * Only of a streamed body: resolves when its last byte was handed to the runtime, rejects if it
   * was aborted. Written by `middleware/tracked_body.ts`.
   */
  streamed?: Promise<void>;
}

/**
 * What is known of one request. Each middleware adds its part; span, log line and metrics are
 * derived from it at the end. The parts are in the order in which they become known; those that a
 * refused request did not reach stay absent.
 */
export interface Exchange
  extends
    ReceivedRequest,
    RoutingResult,
    AuthenticationResult,
    ReceivedBody,
    PolicyResult,
    BudgetResult,
    IdempotencyResult,
    CallbackMembers,
    TokenRequestResult,
    UpstreamAttempts,
    ResponseResult {
  /**
   * Releases the slots of limits when the exchange ends, after the last byte of a streamed body.
   * Written by several middleware. Slots in `responseSlots` are held for longer.
   */
  readonly slots: (() => void)[];
  /**
   * What to do if it turns out that the request was not processed; each step once, the last first.
   * Written by `middleware/idempotency.ts` and `middleware/budget.ts`, run by `middleware/undo.ts`.
   */
  readonly undo: (() => Promise<void>)[];
}

/** Hono's environment of this gateway. */
export interface GatewayEnv {
  Variables: {
    requestId: string;
    exchange: Exchange;
    /** Releases the slots of limits when the caller has received the response. */
    responseSlots: (() => void)[];
    /** Whether the response body is a stream. */
    isStream?: boolean;
  };
  Bindings: {
    /** Peer of the connection, if the runtime tells it. */
    remoteAddr?: { hostname?: string };
    /**
     * Settles when the response was sent, or can no longer be sent; absent if the runtime does not
     * tell. Deno tells it of streams only; otherwise it settles when the response is handed over.
     */
    readonly completed?: Promise<void>;
    /** Aborts the response by closing its connection, if the runtime can. */
    giveUp?: () => void;
  };
}

/** What is done before a request is handled, and when its response is made. Neither may throw. */
export interface RequestHooks {
  readonly onRequest?: (c: Context<GatewayEnv>) => void;
  /** Called with the response in `c.res`, that of a refused request included. */
  readonly onResponse?: (c: Context<GatewayEnv>) => void | Promise<void>;
}
