import { CATALOG, type CatalogCode, catalogEntry, type Fault } from "../../errors/catalog.ts";
import { OPERATIONS } from "../../operations.ts";
import type { TokenOptions } from "../support/issuer.ts";

/** A gateway of the {@linkcode import("./world.ts").World}, named by its condition. */
export type GatewayName =
  | "usual" // its upstream is the sandbox
  | "unreachable" // its upstream refuses connections
  | "broken" // its upstream refuses connections, and its breaker opens at the first failure
  | "keyless" // its issuer's key set cannot be fetched
  | "retrying" // retries, and its upstream is unavailable once
  | "faulty" // throws an unexpected error
  | "cut"; // its upstream cuts a long answer

/** What answer, log, trace and metrics must show of a request. */
export interface Expected {
  readonly status: number;
  /** Absent for a success. */
  readonly code?: string;
  readonly origin?: "gateway" | "upstream";
  /** Route template; absent for an unknown path. */
  readonly route?: string;
  /** The attempts in order, each as its status or the code of its failure. */
  readonly attempts: readonly (number | CatalogCode)[];
  /** The type of the exception on the SERVER span; absent if there must be none. */
  readonly exception?: RegExp;
}

/** Codes with the fault of the gateway, unless the API has said them. */
const ALSO_OF_UPSTREAM: ReadonlySet<string> = new Set([
  "internal_error",
  "idempotency_unavailable",
]);

/** The fault by the catalog; undefined for a success. */
export function faultOf({ code, status, origin }: Expected): Fault | undefined {
  if (code === undefined) return undefined;
  if (origin === "upstream" && ALSO_OF_UPSTREAM.has(code)) return "upstream";
  return catalogEntry(code)?.fault ?? (status < 500 ? "caller" : "upstream");
}

/** A request that provokes an outcome, and what must be observed of it. */
export interface Provocation {
  readonly name: string;
  readonly gateway: GatewayName;
  readonly method: string;
  /** Path, and query if any; `{plan}` stands for the service plan, other names for real ids. */
  readonly target: string;
  /** Service plan of the path. Default: `plan-1`. */
  readonly plan?: string;
  /** Token options; `null` sends none. Default: a valid token for `plan-1` and `plan-2`. */
  readonly token?: TokenOptions | null;
  /** The value of Authorization, instead of a token. */
  readonly authorization?: string;
  /** Header lines; `Content-Length` and a missing `Content-Type` are added. */
  readonly body?: string;
  readonly headers?: readonly string[];
  readonly expected: Expected;
}

const PLAN = "/xms/v1/{service_plan_id}";
const BATCHES = `${PLAN}/batches`;
const MESSAGE = '{"to":["12025550142"],"body":"Hello"}';

/** Bodies with which the operations succeed at the sandbox. */
const BODIES: Readonly<Record<string, string>> = {
  sendBatch: MESSAGE,
  dryRun: '{"to":["12025550142"],"body":"Hello","type":"mt_text"}',
  updateBatch: '{"body":"Changed"}',
  replaceBatch: '{"to":["12025550142"],"body":"Replaced","feedback_enabled":true}',
  sendDeliveryFeedback: '{"recipients":["12025550142"]}',
  createGroup: '{"name":"friends"}',
  updateGroup: '{"name":"good friends"}',
  replaceGroup: '{"name":"best friends","members":[]}',
};

/** Operations that end a resource, and so are sent last. */
const SENT_LAST: ReadonlySet<string> = new Set(["cancelBatch", "deleteGroup"]);

const successes: readonly Provocation[] = OPERATIONS.toSorted((a, b) =>
  Number(SENT_LAST.has(a.id)) - Number(SENT_LAST.has(b.id))
).map(({ id, method, path, success }) => ({
  name: `${id} succeeds`,
  gateway: "usual",
  method,
  target: path,
  ...(BODIES[id] && { body: BODIES[id] }),
  expected: { status: success, route: path, attempts: [success] },
}));

/** A request whose query string makes the sandbox answer with a fault. */
function fault(
  name: string,
  query: string,
  expected: Omit<Expected, "route">,
  more: Partial<Provocation> = {},
): Provocation {
  return {
    name,
    gateway: "usual",
    method: "GET",
    target: `${BATCHES}?${query}`,
    plan: "plan-2",
    expected: { ...expected, route: BATCHES },
    ...more,
  };
}

/** Codes that the gateway never takes over from an upstream answer. */
const NOT_PASSED_THROUGH: ReadonlySet<string> = new Set([
  "unauthorized",
  "client_closed_request",
  "upstream_unreachable",
  "upstream_timeout",
  "upstream_connection_lost",
  "upstream_failed",
  "upstream_circuit_open",
  "upstream_credentials_rejected",
  "overloaded",
  "idempotency_unavailable",
  "callback_refused", // only callbacks get them
  "callback_not_relayed",
  "key_set_unavailable",
  "token_endpoint_unavailable",
  "token_endpoint_timeout",
  "token_endpoint_failed",
]);

const passedThrough: readonly Provocation[] = Object.entries(CATALOG)
  .filter(([code]) => !NOT_PASSED_THROUGH.has(code))
  .map(([code, { status }]) =>
    fault(`the API answers ${status} ${code}`, `sandbox_status=${status}&sandbox_code=${code}`, {
      status,
      code,
      origin: "upstream",
      attempts: [status],
    })
  );

const oddReplies: readonly Provocation[] = [
  fault("the API answers an unknown status and code", "sandbox_status=451&sandbox_code=x", {
    status: 451,
    code: "x",
    origin: "upstream",
    attempts: [451],
  }),
  fault("a proxy answers 502 with HTML", "sandbox_status=502&sandbox_shape=html", {
    status: 502,
    code: "upstream_failed",
    origin: "upstream",
    attempts: [502],
  }),
  fault("a proxy answers 504 without a body", "sandbox_status=504&sandbox_shape=empty", {
    status: 502,
    code: "upstream_failed",
    origin: "upstream",
    attempts: [504],
  }),
  fault("the API redirects", "sandbox_status=302", {
    status: 502,
    code: "upstream_failed",
    origin: "upstream",
    attempts: [302],
  }),
  fault("the API refuses the gateway's credential", "sandbox_status=401", {
    status: 503,
    code: "upstream_credentials_rejected",
    origin: "upstream",
    attempts: [401],
  }),
];

const refusals: readonly Provocation[] = [
  ["no token", { token: null }],
  ["a malformed token", { authorization: "Bearer a.b" }],
  ["an expired token", { token: { expiresInS: -60 } }],
  ["a token that is not valid yet", { token: { notBeforeInS: 600 } }],
  ["a token with an unknown key", { token: { header: { kid: "another" } } }],
  ["a token of another issuer", { token: { issuer: "https://elsewhere.test" } }],
  ["a token for another audience", { token: { audience: "elsewhere" } }],
  ["a token without exp", { token: { expiresInS: null } }],
  ["a token that is not an access token", { token: { header: { typ: "dpop+jwt" } } }],
  ["a token for another service plan", { token: { servicePlans: ["plan-9"] } }],
].map(([name, more]) => ({
  name: `${name} is 401`,
  gateway: "usual",
  method: "GET",
  target: BATCHES,
  expected: {
    status: 401,
    code: "unauthorized",
    origin: "gateway",
    route: BATCHES,
    attempts: [],
    ...(/malformed|expired|valid yet|key|issuer|audience|exp$/.test(`${name}`) &&
      { exception: /^ERR_J/ }),
  },
  ...(more as Partial<Provocation>),
}));

function refused(
  name: string,
  code: CatalogCode,
  request: Omit<Provocation, "name" | "gateway" | "expected"> & { exception?: RegExp },
): Provocation {
  const known = request.target.startsWith(BATCHES) && !request.target.includes("//");
  const { exception, ...rest } = request;
  return {
    name,
    gateway: "usual",
    ...rest,
    expected: {
      status: CATALOG[code].status,
      code,
      origin: "gateway",
      ...(known && { route: BATCHES }),
      attempts: [],
      ...(exception && { exception }),
    },
  };
}

const otherRefusals: readonly Provocation[] = [
  refused("an unknown path is 404", "not_found", { method: "GET", target: "/nowhere" }),
  refused("an empty segment is 404", "not_found", { method: "GET", target: `${BATCHES}//x` }),
  refused("a wrong method is 405", "method_not_allowed", { method: "PATCH", target: BATCHES }),
  refused("an unknown method is 405", "method_not_allowed", { method: "PURGE", target: BATCHES }),
  refused("plain text is 415", "unsupported_media_type", {
    method: "POST",
    target: BATCHES,
    body: MESSAGE,
    headers: ["Content-Type: text/plain"],
  }),
  refused("a body over the limit is 400", "syntax_constraint_violation", {
    method: "POST",
    target: BATCHES,
    body: JSON.stringify({ body: "x".repeat(5_000) }),
  }),
  refused("a body that does not arrive is 400", "syntax_constraint_violation", {
    method: "POST",
    target: BATCHES,
    headers: ["Content-Type: application/json", "Content-Length: 100"],
  }),
];

const lost: readonly Provocation[] = [
  fault("an upstream that does not answer is a timeout", "sandbox_delay_ms=5000", {
    status: 504,
    code: "upstream_timeout",
    origin: "gateway",
    attempts: ["upstream_timeout"],
    exception: /^TimeoutError$/,
  }),
  fault("an upstream that stalls within its answer is a timeout", "sandbox_stall=true", {
    status: 504,
    code: "upstream_timeout",
    origin: "gateway",
    attempts: ["upstream_timeout"],
    exception: /^TimeoutError$/,
  }),
  fault("a connection reset before the answer is lost", "sandbox_reset=before_headers", {
    status: 502,
    code: "upstream_connection_lost",
    origin: "gateway",
    attempts: ["upstream_connection_lost"],
    exception: /^(UND_ERR_SOCKET|ECONNRESET)$/,
  }),
  fault("a connection reset within the answer is lost", "sandbox_reset=mid_body", {
    status: 502,
    code: "upstream_connection_lost",
    origin: "gateway",
    attempts: ["upstream_connection_lost"],
    exception: /^(UND_ERR_SOCKET|ECONNRESET)$/,
  }),
  fault("a POST whose connection is reset is lost", "sandbox_reset=before_headers", {
    status: 502,
    code: "upstream_connection_lost",
    origin: "gateway",
    attempts: ["upstream_connection_lost"],
    exception: /^(UND_ERR_SOCKET|ECONNRESET)$/,
  }, { method: "POST", body: MESSAGE }),
  fault("an upstream that refuses connections is unreachable", "", {
    status: 503,
    code: "upstream_unreachable",
    origin: "gateway",
    attempts: ["upstream_unreachable"],
    exception: /^ECONNREFUSED$/,
  }, { gateway: "unreachable", target: BATCHES }),
  fault("a long answer that breaks off is lost after its headers", "", {
    status: 200,
    code: "upstream_connection_lost",
    origin: "gateway",
    attempts: [200],
    exception: /^TransportError$/,
  }, { gateway: "cut", target: BATCHES }),
];

const ownFailures: readonly Provocation[] = [
  fault("the failure that opens the breaker is upstream_unreachable", "", {
    status: 503,
    code: "upstream_unreachable",
    origin: "gateway",
    attempts: ["upstream_unreachable"],
    exception: /^ECONNREFUSED$/,
  }, { gateway: "broken", target: BATCHES }),
  fault("an open breaker refuses at once", "", {
    status: 503,
    code: "upstream_circuit_open",
    origin: "gateway",
    attempts: [],
  }, { gateway: "broken", target: BATCHES }),
  fault("without a key set every token is 503", "", {
    status: 503,
    code: "key_set_unavailable",
    origin: "gateway",
    attempts: [],
    exception: /^KeySetUnavailableError$/,
  }, { gateway: "keyless", target: BATCHES }),
  fault("an unexpected error after the request was sent is a 502", "", {
    status: 502,
    code: "internal_error",
    origin: "gateway",
    attempts: ["internal_error"],
    exception: /^TypeError$/,
  }, { gateway: "faulty", target: BATCHES }),
  fault("a retried request has a CLIENT span for each attempt", "", {
    status: 200,
    attempts: [503, 200],
  }, { gateway: "retrying", target: BATCHES }),
];

/** One request per status, code and origin, sent in this order to each gateway. */
export const PROVOCATIONS: readonly Provocation[] = [
  ...successes,
  ...passedThrough,
  ...oddReplies,
  ...refusals,
  ...otherRefusals,
  ...lost,
  ...ownFailures,
];
