/** The gateway on a Workers runtime: `deno task bundle:workers`, then deploy `dist/workers.mjs`. */

import { AsyncLocalStorage } from "node:async_hooks";
import { configureSync, type LogRecord, withFilter } from "@logtape/logtape";
import { type Config, ConfigError, type Environment } from "../config.ts";
import { createGateway, type Gateway } from "../gateway.ts";
import { jsonLine } from "../telemetry/log_format.ts";
import { warnOfUnknownVariables } from "../unknown_variables.ts";
import { fetchTransport } from "../upstream/fetch_transport.ts";
import { loadConfig } from "./load_config.ts";
import { warnOfRegion } from "./warn_of_region.ts";

/** The execution context that a Workers runtime passes with a request. */
interface ExecutionContext {
  /** Keeps the request's connections and timers alive until the work is done. */
  waitUntil(work: Promise<unknown>): void;
}

/** A stream of known length, specific to Workers: the body is sent with `Content-Length`. */
declare const FixedLengthStream: new (
  length: number,
) => TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>;

/** The context of the current request; a context is valid for its own request only. */
const contexts = new AsyncLocalStorage<ExecutionContext>();

/** Content codings that Workers decode even if the request does not accept them. */
const DECODED_CODINGS: ReadonlySet<string> = new Set(["gzip", "br"]);

let gateway: Gateway | undefined;

/** The module that a Workers runtime loads. */
export default {
  /** @param env the bindings, which are the settings by name */
  fetch(request: Request, env: Environment, context: ExecutionContext): Promise<Response> {
    return contexts.run(context, async () => {
      const { fetch } = gateway ?? await start(env); // no work is allowed outside of requests
      const remoteAddr = { hostname: request.headers.get("cf-connecting-ip") ?? undefined };
      const answered = Promise.resolve(fetch(request, { remoteAddr }));
      // Otherwise the runtime would abort a POST, and its telemetry, when the caller disconnects.
      context.waitUntil(answered.catch(() => {}));
      return await answered;
    });
  },
};

/** Creates the gateway once. The promise is not shared: a request must not await another's work. */
async function start(env: Environment): Promise<Gateway> {
  const config = await loadConfig(env);
  refuseUnsupported(env, config);
  refuseLogs(config);
  setupLog(config.log.level);
  warnOfUnknownVariables(Object.keys(env));
  warnOfRegion(env);
  return gateway ??= createWorkersGateway(config);
}

/**
 * Refuses what needs a store: isolates come and go with what is in memory, files do not last, and
 * the Redis client needs sockets. Refuses a port of its own, since the platform listens.
 */
function refuseUnsupported(
  { STATE_URL }: Environment,
  { adminPort, idempotency, policies, callbacks }: Config,
): void {
  const faults = [
    ...(adminPort === undefined ? [] : [
      "ADMIN_PORT: on Workers the platform listens, and there is no second port: restrict /metrics, /livez and /readyz by a route or a firewall rule",
    ]),
    ...(STATE_URL
      ? [
        "STATE_URL: there is no store on Workers: isolates and their memory come and go, and Redis needs sockets",
      ]
      : []),
    ...(callbacks ? ["CALLBACKS needs a store; on Workers there is none"] : []),
    ...(idempotency.mode === "required"
      ? ["IDEMPOTENCY is required, which needs a store; on Workers there is none"]
      : []),
    ...(policies.some(({ messages }) => messages !== undefined)
      ? ["POLICIES has budgets (messages), which need a store; on Workers there is none"]
      : []),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
}

/** Timers and connections end with their request, and so would the batches of log lines. */
function refuseLogs({ telemetry }: Config): void {
  if (!telemetry.logs) return;
  throw new ConfigError([
    "LOGS_EXPORT is otlp, which Workers cannot do: let the platform collect the console",
  ]);
}

function createWorkersGateway(config: Config): Gateway {
  return createGateway({ ...config, telemetry: { ...config.telemetry, metrics: undefined } }, {
    transport: fetchTransport({ toStream: fixedLengthStream, decodes: DECODED_CODINGS }),
    accessLog: withFilter(writeLine, config.log.level),
    waitUntil: (work) => contexts.getStore()?.waitUntil(work),
  });
}

function setupLog(lowestLevel: Config["log"]["level"]): void {
  configureSync({
    reset: true,
    sinks: { output: writeLine },
    loggers: [
      { category: ["sms-gateway"], sinks: ["output"], lowestLevel },
      { category: ["logtape", "meta"], sinks: ["output"], lowestLevel: "error" },
    ],
  });
}

function writeLine(record: LogRecord): void {
  // deno-lint-ignore no-console -- Workers collect logs from the console
  console.log(jsonLine(record));
}

function fixedLengthStream(body: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new FixedLengthStream(body.byteLength);
  const writer = writable.getWriter();
  // If the body is not read to its end, fetch reports the failure.
  Promise.all([writer.write(body), writer.close()]).catch(() => {});
  return readable;
}
