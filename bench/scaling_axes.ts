import { PLAN } from "./gateway.ts";
import type { Throughput } from "./measure.ts";
import type { TargetSet } from "./tokens.ts";

/** The parameters of one measurement. */
export interface Point {
  readonly plans: number;
  readonly targets: TargetSet;
  readonly bodyBytes: number;
  readonly latencyMs: number;
  readonly connections: number;
}

/** A parameter that is varied. */
export interface Axis {
  readonly title: string;
  readonly values: readonly number[];
  readonly point: (value: number) => Partial<Point>;
}

/** The parameters that are not varied. */
export const DEFAULTS: Point = {
  plans: 1,
  targets: { name: "one", count: 1, plan: () => PLAN },
  bodyBytes: 200,
  latencyMs: 0,
  connections: 64,
};

/** All axes, in the order of the tables. */
export const AXES: Readonly<Record<string, Axis>> = {
  plans: {
    title: "service plans, a caller for each",
    values: [1, 10, 100, 1_000],
    point: (plans) => ({ plans, targets: { name: "plans", count: plans, plan: planOf } }),
  },
  callers: {
    title: "callers of one plan, each with its token",
    values: [1, 10, 100, 1_000, 10_000],
    point: (count) => ({ targets: { name: "many", count, plan: () => PLAN } }),
  },
  tokens: {
    title: "tokens of one caller",
    values: [1, 10, 100, 1_000, 10_000],
    point: (count) => ({
      targets: { name: "tokens", count, plan: () => PLAN, caller: () => "service" },
    }),
  },
  body: {
    title: "request body, bytes",
    values: [200, 1_000, 10_000, 50_000, 100_000, 500_000],
    point: (bodyBytes) => ({ bodyBytes }),
  },
  latency: {
    title: "upstream latency, ms",
    values: [1, 5, 20, 50, 100, 500],
    point: (latencyMs) => ({ latencyMs }),
  },
  connections: {
    title: "connections",
    values: [1, 8, 32, 128, 512, 2_000],
    point: (connections) => ({ connections }),
  },
};

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
