import type { Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import type { GatewayEnv } from "../exchange.ts";
import { responseBody } from "../middleware/response_slots.ts";
import { unauthenticatedLimit } from "../middleware/unauthenticated_limit.ts";

/** Responses that clients have not read yet, in all; each is about 10 KB. */
const MAX_UNREAD_RESPONSES = 64;

const encoder = new TextEncoder();

/** The metrics in each format. */
export interface MetricsText {
  /** The Prometheus text format 0.0.4. */
  prometheus(): Promise<string>;
  /** The OpenMetrics text format 1.0, with exemplars. */
  openMetrics(): Promise<string>;
}

const PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const OPEN_METRICS_TYPE = "application/openmetrics-text";
const PROMETHEUS_TYPE = "text/plain";

/** The type that `Accept` prefers (RFC 9110 §12.5.1); that of Prometheus if it names neither. */
function acceptedType(c: Context<GatewayEnv>): string {
  return accepts(c, {
    header: "Accept",
    supports: [OPEN_METRICS_TYPE, PROMETHEUS_TYPE],
    default: PROMETHEUS_TYPE,
    match: (accepted, { supports, default: other }) =>
      accepted.map(({ type, q }) => ({ type: type.toLowerCase(), q }))
        .filter(({ type, q }) => q > 0 && supports.includes(type))
        .toSorted((one, two) => two.q - one.q)[0]?.type ?? other,
  });
}

/** Mounts `/metrics`, without authentication: as OpenMetrics if `Accept` prefers it. */
export function mountMetrics(app: Hono<GatewayEnv>, metrics: MetricsText): void {
  app.get("/metrics", unauthenticatedLimit(MAX_UNREAD_RESPONSES), async (c) => {
    const isOpen = acceptedType(c) === OPEN_METRICS_TYPE;
    const body = encoder.encode(await (isOpen ? metrics.openMetrics() : metrics.prometheus()));
    return c.body(responseBody(c, body), 200, {
      "content-type": isOpen ? OPEN_METRICS : PROMETHEUS,
      "content-length": String(body.byteLength),
      "cache-control": "no-store",
      vary: "Accept",
    });
  });
}
