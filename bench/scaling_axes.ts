import { MAX_TOKENS } from "../auth/verified_token_cache.ts";
import { PLAN } from "./gateway.ts";
import type { Throughput } from "./measure.ts";
import type { TargetSet } from "./tokens.ts";
import { SLOW_PLAN } from "./upstream.ts";

/** The parameters of one measurement. */
export interface Point {
  readonly plans: number;
  readonly policies: number;
  readonly targets: TargetSet;
  readonly bodyBytes: number;
  readonly latencyMs: number;
  readonly connections: number;
}

/** A parameter that is varied. */
export interface Axis {
  readonly title: string;
  /** The title in the chart. */
  readonly label: string;
  readonly values: readonly number[];
  readonly point: (value: number) => Partial<Point>;
}

/** The parameters that are not varied. */
export const DEFAULTS: Point = {
  plans: 1,
  policies: 0,
  targets: { name: "one", count: 1, plan: () => PLAN },
  bodyBytes: 250,
  latencyMs: 0,
  connections: 64,
};

/** Requests per second that the axis of latencies aims at: as many connections as it takes for them. */
const RATE_AT_LATENCY = 1_000;

/** Bodies that are sent at once, in bytes: more are refused, since the gateway holds 64 MiB at most. */
const BODIES_AT_ONCE = 16_000_000;

/** All axes, in the order of the tables. */
export const AXES: Readonly<Record<string, Axis>> = {
  plans: {
    title: "service plans, a caller for each",
    label: "service plans",
    values: [1, 10, 100, 1_000, 10_000],
    point: (plans) => ({ plans, targets: { name: "plans", count: plans, plan: planOf } }),
  },
  policies: {
    title: "policies of ten callers each, of which the last applies",
    label: "policies",
    values: [1, 10, 100, 1_000, 10_000],
    point: (policies) => ({ policies }),
  },
  callers: {
    title: "callers of one plan, each with its token",
    label: "callers",
    values: [1, 10, 100, 1_000, 10_000, 100_000],
    point: (count) => ({ targets: { name: "many", count, plan: () => PLAN } }),
  },
  body: {
    title: "request body, bytes, with fewer connections from 500 KB on",
    label: "body, bytes",
    values: [250, 1_000, 10_000, 50_000, 100_000, 500_000, 1_000_000],
    point: (bodyBytes) => ({
      bodyBytes,
      connections: Math.min(DEFAULTS.connections, BODIES_AT_ONCE / bodyBytes),
    }),
  },
  latency: {
    title: `upstream latency, ms, with connections for ${RATE_AT_LATENCY} requests/s`,
    label: "latency, ms",
    values: [1, 10, 100, 500, 2_000],
    point: (latencyMs) => ({
      latencyMs,
      connections: Math.max(1, latencyMs * RATE_AT_LATENCY / 1_000),
      targets: { name: "slow", count: 1, plan: () => SLOW_PLAN },
    }),
  },
  connections: {
    title: "connections",
    label: "connections",
    values: [1, 8, 32, 128, 512, 2_000, 5_000],
    point: (connections) => ({ connections }),
  },
};

/** Memory of a gateway under load without what the other constants count, in MiB. */
const BASE_MIB = 270;

/**
 * Memory per request in flight, in MiB: its objects, also those that became garbage since the last
 * collection, and the buffers of two connections.
 */
const IN_FLIGHT_MIB = 0.16;

/** Memory per byte of a body in flight, in bytes: it is copied between runtime, gateway and sockets. */
const BODY_FACTOR = 10;

/** Memory per service plan, in MiB. */
const PLAN_MIB = 0.005;

/** Memory per policy of ten callers, in MiB. */
const POLICY_MIB = 0.008;

/** Memory per caller whose token is remembered, in MiB. */
const CALLER_MIB = 0.003;

/** The formula of the memory bound, as it is printed. */
export const MEMORY_FORMULA =
  `${BASE_MIB} + connections × (${IN_FLIGHT_MIB} + ${BODY_FACTOR} × body) + ${PLAN_MIB} × plans + ${POLICY_MIB} × policies + ${CALLER_MIB} × callers`;

/** What the memory of a gateway is at most, in MiB. */
export function memoryBoundMiB(
  { plans, policies, targets, bodyBytes, connections }: Point,
): number {
  const bodyMiB = bodyBytes / 1024 / 1024;
  return BASE_MIB + connections * (IN_FLIGHT_MIB + BODY_FACTOR * bodyMiB) + PLAN_MIB * plans +
    POLICY_MIB * policies + CALLER_MIB * Math.min(MAX_TOKENS, targets.count);
}

/** The nth service plan. */
export function planOf(index: number): string {
  return `plan_${index}`;
}

/** The samples of one value of an axis. */
export interface Measurement {
  readonly axis: string;
  readonly value: number;
  readonly samples: readonly Throughput[];
}
