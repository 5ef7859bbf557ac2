/** The gateway on a Workers runtime: `deno task bundle:workers`, then deploy `dist/workers.mjs`. */

import { AsyncLocalStorage } from "node:async_hooks";
import { configureSync, type LogRecord, withFilter } from "@logtape/logtape";
import { type Config, type Environment, loadConfig } from "../config.ts";
import { createGateway, type Gateway } from "../gateway.ts";
import { jsonLine } from "../telemetry/log_format.ts";
import { warnOfUnknownVariables } from "../unknown_variables.ts";
import { fetchTransport } from "../upstream/fetch_transport.ts";

/** What a Workers runtime brings along with a request. */
interface ExecutionContext {
  /** Keeps the request's connections and timers until the work is done. */
  waitUntil(work: Promise<unknown>): void;
}

/** The Workers' own stream of a known length: with it a body goes up with `Content-Length`. */
declare const FixedLengthStream: new (
  length: number,
) => TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>;

/** Whose work is going on: a context is valid for its own request only. */
const contexts = new AsyncLocalStorage<ExecutionContext>();

/** Workers decode these whether or not they were asked for. */
const DECODED: ReadonlySet<string> = new Set(["gzip", "br"]);

let gateway: Gateway | undefined;

export default {
  /** Bindings are the settings, by the names they have everywhere. */
  fetch(request: Request, env: Environment, context: ExecutionContext): Promise<Response> {
    return contexts.run(context, async () => {
      const { fetch } = gateway ?? await start(env); // nothing may run before a request
      const remoteAddr = { hostname: request.headers.get("cf-connecting-ip") ?? undefined };
      const answered = Promise.resolve(fetch(request, { remoteAddr }));
      // A caller that hangs up ends neither a POST that is on its way nor the count of it.
      context.waitUntil(answered.catch(() => {}));
      return await answered;
    });
  },
};

/** Makes the gateway once; not as a shared promise: no request may wait for another's work. */
async function start(env: Environment): Promise<Gateway> {
  const config = await loadConfig(env);
  setupLog(config.log.level);
  warnOfUnknownVariables(env);
  return gateway ??= createWorkersGateway(config);
}

function createWorkersGateway(config: Config): Gateway {
  const { origin } = new URL(config.upstream.url);
  return createGateway({ ...config, telemetry: { ...config.telemetry, pushMetrics: false } }, {
    transport: fetchTransport(origin, { toStream: ofKnownLength, decodes: DECODED }),
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
  // deno-lint-ignore no-console -- the log of a Workers runtime
  console.log(jsonLine(record));
}

function ofKnownLength(body: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new FixedLengthStream(body.byteLength);
  const writer = writable.getWriter();
  // Where nobody reads to the end, fetch is what tells.
  Promise.all([writer.write(body), writer.close()]).catch(() => {});
  return readable;
}
