import { delay } from "@std/async/delay";
import * as v from "valibot";

const Tag = v.variant("type", [
  v.object({ key: v.string(), type: v.literal("string"), value: v.string() }),
  v.object({ key: v.string(), type: v.literal("bool"), value: v.boolean() }),
  v.object({ key: v.string(), type: v.literal("int64"), value: v.number() }),
  v.object({ key: v.string(), type: v.literal("float64"), value: v.number() }),
  v.object({ key: v.string(), type: v.literal("binary"), value: v.string() }),
]);

const Span = v.object({
  traceID: v.string(),
  spanID: v.string(),
  operationName: v.string(),
  references: v.array(
    v.object({
      refType: v.picklist(["CHILD_OF", "FOLLOWS_FROM"]),
      traceID: v.string(),
      spanID: v.string(),
    }),
  ),
  /** Microseconds since 1970. */
  startTime: v.number(),
  /** Microseconds. */
  duration: v.number(),
  tags: v.array(Tag),
  /** Span events; the event's name is the field `event`. Timestamps in microseconds. */
  logs: v.array(v.object({ timestamp: v.number(), fields: v.array(Tag) })),
  /** Key in the trace's `processes`. */
  processID: v.string(),
  warnings: v.nullable(v.array(v.string())),
});

const Trace = v.object({
  traceID: v.string(),
  spans: v.array(Span),
  processes: v.record(v.string(), v.object({ serviceName: v.string(), tags: v.array(Tag) })),
});

/** The answer of `/api/traces`; `data` is null if there are no traces. */
const Answer = v.object({ data: v.nullable(v.array(Trace)) });

export type JaegerTag = v.InferOutput<typeof Tag>;
export type JaegerSpan = v.InferOutput<typeof Span>;
export type JaegerTrace = v.InferOutput<typeof Trace>;

export interface TraceOptions {
  /** Least number of spans of the trace. Default 1. */
  spans?: number;
  /** How long to wait for them, in ms. Default 10,000: exporters batch for up to 5 s. */
  timeoutMs?: number;
}

export interface SearchOptions {
  service: string;
  operation?: string;
  /** Tags that one span must have together. Jaeger compares them as text. */
  tags?: Readonly<Record<string, string | number | boolean>>;
  /** Greatest number of traces. Default 1,000; Jaeger's own default is 100. */
  limit?: number;
}

/** A Jaeger process; stopped at the end of the scope. */
export interface Jaeger extends AsyncDisposable {
  /** Base URL for OTLP over HTTP; spans go to `${otlpEndpoint}/v1/traces`. */
  readonly otlpEndpoint: string;
  /** Base URL of the query API and the UI. */
  readonly queryUrl: string;
  /** Waits for a trace; throws with what was found if spans are missing at the deadline. */
  trace(traceId: string, options?: TraceOptions): Promise<JaegerTrace>;
  /** The traces of the last hour with a span that matches; does not wait. */
  search(options: SearchOptions): Promise<JaegerTrace[]>;
}

const CONFIG = `${import.meta.dirname}/../../ops/jaeger/config.yaml`;
/** Another process may use a port after it was chosen and before Jaeger listens on it. */
const START_ATTEMPTS = 3;
/** Jaeger is up in about 100 ms; a busy CI machine may need a hundred times that. */
const START_TIMEOUT_MS = 10_000;
const POLL_MS = 50;
const HOUR_MS = 3_600_000;

/**
 * Starts Jaeger with `ops/jaeger/config.yaml` on free ports of this machine: the binary that
 * `JAEGER_BIN` names, else `jaeger` on `PATH`. Returns undefined if there is neither;
 * throws if there is one and it does not start.
 */
export async function startJaeger(): Promise<Jaeger | undefined> {
  const binary = await findBinary();
  if (binary === undefined) return undefined;
  for (let attempt = 1;; attempt++) {
    const ports = freePorts(3);
    try {
      return await launch(binary, { otlp: ports[0]!, query: ports[1]!, health: ports[2]! });
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

/** Tags, or the fields of an event, by name. */
export function tagsOf(tags: readonly JaegerTag[]): Record<string, string | number | boolean> {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

/** The span of that kind; throws unless there is exactly one. */
export function spanOfKind(trace: JaegerTrace, kind: "server" | "client"): JaegerSpan {
  const found = trace.spans.filter(({ tags }) => tagsOf(tags)["span.kind"] === kind);
  if (found.length !== 1) throw new Error(`${found.length} ${kind} spans in ${describe(trace)}`);
  return found[0]!;
}

async function findBinary(): Promise<string | undefined> {
  const named = Deno.env.get("JAEGER_BIN");
  if (named) return named;
  for (const directory of (Deno.env.get("PATH") ?? "").split(":")) {
    const candidate = `${directory}/jaeger`;
    const found = await Deno.stat(candidate).catch(() => undefined);
    if (found?.isFile) return candidate;
  }
  return undefined;
}

/** Ports that are free now; all are held until the last is known, so that they differ. */
function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

interface Ports {
  otlp: number;
  query: number;
  health: number;
}

async function launch(binary: string, ports: Ports): Promise<Jaeger> {
  const child = new Deno.Command(binary, {
    args: ["--config", CONFIG],
    clearEnv: true, // OTEL_* variables of the tests must not reach Jaeger
    env: {
      OTLP_PORT: `${ports.otlp}`,
      QUERY_PORT: `${ports.query}`,
      HEALTH_PORT: `${ports.health}`,
      OTEL_TRACES_SAMPLER: "always_off",
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = new Response(child.stderr).text();
  let exited = false;
  const exit = child.status.then(() => exited = true);

  async function stop(): Promise<string> {
    if (!exited) child.kill("SIGTERM");
    await exit;
    return await log;
  }

  if (!await isUp(`http://127.0.0.1:${ports.health}/status`, () => exited)) {
    throw new Error(`Jaeger (${binary}) did not start:\n${await stop()}`);
  }
  const queryUrl = `http://127.0.0.1:${ports.query}`;
  return {
    otlpEndpoint: `http://127.0.0.1:${ports.otlp}`,
    queryUrl,
    trace: (traceId, options) => waitForTrace(queryUrl, traceId, options),
    search: (options) => search(queryUrl, options),
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

async function isUp(statusUrl: string, isOver: () => boolean): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!isOver() && Date.now() < deadline) {
    const response = await fetch(statusUrl).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return true;
    await delay(POLL_MS);
  }
  return false;
}

async function waitForTrace(
  queryUrl: string,
  traceId: string,
  { spans = 1, timeoutMs = 10_000 }: TraceOptions = {},
): Promise<JaegerTrace> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const [trace] = await ask(`${queryUrl}/api/traces/${traceId}`);
    if (trace !== undefined && trace.spans.length >= spans) return trace;
    if (Date.now() >= deadline) {
      const found = trace === undefined ? "nothing" : describe(trace);
      throw new Error(`after ${timeoutMs} ms Jaeger has ${found}, not ${spans} spans (${traceId})`);
    }
    await delay(POLL_MS);
  }
}

async function search(queryUrl: string, options: SearchOptions): Promise<JaegerTrace[]> {
  const now = Date.now();
  const tags = Object.entries(options.tags ?? {}).map(([key, value]) => [key, `${value}`]);
  const query = new URLSearchParams({
    service: options.service,
    tags: JSON.stringify(Object.fromEntries(tags)),
    start: `${(now - HOUR_MS) * 1000}`, // microseconds
    end: `${now * 1000}`,
    limit: `${options.limit ?? 1000}`,
  });
  if (options.operation !== undefined) query.set("operation", options.operation);
  return await ask(`${queryUrl}/api/traces?${query}`);
}

/** The traces of Jaeger's answer; none for its 404, "trace not found". */
async function ask(url: string): Promise<JaegerTrace[]> {
  const response = await fetch(url);
  const body = await response.text();
  if (!response.ok && response.status !== 404) {
    throw new Error(`Jaeger answered ${response.status} to ${url}: ${body}`);
  }
  return v.parse(Answer, JSON.parse(body)).data ?? [];
}

function describe({ traceID, spans }: JaegerTrace): string {
  return `trace ${traceID} [${spans.map(({ operationName }) => operationName).join(", ")}]`;
}
