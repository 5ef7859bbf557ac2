import { getLogger, type Sink } from "@logtape/logtape";
import { type Config, ConfigError, type Environment } from "../config.ts";
import { createGateway, type Gateway } from "../gateway.ts";
import type { ConnectionBuffers } from "../limits/connection_buffers.ts";
import { loadCountryOf } from "../middleware/policy.ts";
import { proxies, type ProxyOf } from "../proxy.ts";
import { importDocs, preloadDocs } from "../routes/docs.ts";
import { SettingFiles } from "../setting_files.ts";
import { fileVariable } from "../settings.ts";
import type { WriteBytes } from "../telemetry/line_writer.ts";
import { setupLogs } from "../telemetry/log_output.ts";
import { unknownVariables, warnOfUnknownVariables } from "../unknown_variables.ts";
import { loadParser } from "../upstream/undici_parser.ts";
import { undiciTransport } from "../upstream/undici_transport.ts";
import { VERSION } from "../version.ts";
import { exportLogs, type LogExport } from "./export_logs.ts";
import { type CountDescriptors, limitToDescriptors } from "./descriptors.ts";
import { loadConfig } from "./load_config.ts";
import { openState } from "./open_state.ts";
import { collectorFetch, proxiedFetch, unrepeatedFetch } from "./outgoing_fetch.ts";
import { processUsage } from "./process_usage.ts";
import { readSettingFile } from "./read_file.ts";
import { warnOfRegion } from "./warn_of_region.ts";
import { ListenError, type ServeOptions, type Server } from "./server.ts";
import { watchFiles } from "./watch_files.ts";

/** What a runtime with processes and sockets provides. */
export interface Runtime {
  /** Values are read of settings only; other names are checked for misspelt settings. */
  readonly environment: Environment;
  /**
   * Names of variables that are set and may be misspelt settings, for a runtime whose `environment`
   * has settings only. It may take some 100 ms.
   */
  readonly otherVariables?: () => Promise<readonly string[]>;
  /** Writes log lines to standard output. */
  readonly write: WriteBytes;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Starts listening; throws `ListenError` when it cannot. */
  readonly serve: (gateway: Gateway, options: ServeOptions) => Server | Promise<Server>;
  /** Counts the file descriptors that the process can open. */
  readonly countDescriptors: CountDescriptors;
  /** For a runtime that keeps the buffers of idle connections; default: it does not. */
  readonly connectionBuffers?: ConnectionBuffers;
  /** Adds a listener for SIGHUP; it is called only if settings come from files. */
  readonly onHangup?: (listener: () => void) => void;
  readonly exit: (code: number) => void;
}

/**
 * Maximum connections per request in flight; more than one, since callers keep idle connections.
 */
const CONNECTIONS_PER_REQUEST = 4;

/**
 * Starts the gateway and serves until a signal. The exit code is 0, or 1 if it cannot start; then a
 * message on standard error says how to fix it.
 */
export async function run(runtime: Runtime): Promise<void> {
  try {
    await serveUntilStopped(runtime);
    runtime.exit(0);
  } catch (error) {
    const isExpected = error instanceof ConfigError || error instanceof ListenError;
    // deno-lint-ignore no-console -- there is no logger yet
    console.error(isExpected ? error.message : error);
    runtime.exit(1);
  }
}

/**
 * Opens all files in advance: without a free file descriptor, a request that needs one would fail,
 * and Deno 2.9 ends the process (panic) when it cannot load a module.
 */
async function openFiles({ docs, policies }: Config, files: SettingFiles): Promise<void> {
  const mayHavePolicies = policies.length > 0 || files.names.includes(fileVariable("POLICIES"));
  await Promise.all([loadParser(), docs && importDocs(), mayHavePolicies && loadCountryOf()]);
}

/** Names of all variables that are set, as far as the runtime can tell. */
async function variables({ environment, otherVariables }: Runtime): Promise<Set<string>> {
  const set = Object.keys(environment).filter((name) => environment[name] !== undefined);
  return new Set([...set, ...await otherVariables?.() ?? []]);
}

/** Time from listening to what can be done later, in ms: requests that wait for the start go first. */
const AFTER_START_DELAY_MS = 100;

/**
 * Warns of variables that may be misspelt, and makes the pages of the reference, which together take
 * half as long as the start. A page that is requested before is made then.
 *
 * @returns a function that cancels it
 */
function finishStart(runtime: Runtime, { docs }: Config): () => void {
  const timer = setTimeout(async () => {
    warnOfUnknownVariables(await variables(runtime));
    if (docs) await preloadDocs().catch(() => {});
  }, AFTER_START_DELAY_MS);
  return () => clearTimeout(timer);
}

async function serveUntilStopped(runtime: Runtime): Promise<void> {
  const files = new SettingFiles(runtime.environment, {
    readFile: readSettingFile,
    parse: loadConfig,
  });
  const config = await files.load().catch(async (error) => {
    throw error instanceof ConfigError
      ? new ConfigError(error.faults, unknownVariables(await variables(runtime)))
      : error;
  });
  const { level, format } = config.log;
  const logExport = exportLogs(config);
  const log = await setupLogs({
    exporter: logExport?.exporter,
    level,
    format: format === "auto" ? (runtime.isTerminal ? "text" : "json") : format,
    write: runtime.write,
  });
  try {
    warnOfRegion(runtime.environment);
    await serve(runtime, { configured: config, files, accessLog: log.sink, logExport });
  } finally {
    await log.close();
  }
}

interface Started {
  readonly configured: Config;
  readonly files: SettingFiles;
  readonly accessLog: Sink;
  readonly logExport: LogExport | undefined;
}

async function serve(
  runtime: Runtime,
  { configured, files, accessLog, logExport }: Started,
): Promise<void> {
  const logger = getLogger("sms-gateway");
  const config = limitToDescriptors(configured, runtime.countDescriptors, (shortage) => {
    logger.warning("too few file descriptors for MAX_IN_FLIGHT", { ...shortage });
  });
  const { origin } = new URL(config.upstream.url);
  let currentProxyOf = proxies(config.proxy);
  const proxyOf: ProxyOf = (url) => currentProxyOf(url);
  const transport = undiciTransport({
    connectTimeoutMs: config.upstream.timeoutMs,
    proxyOf,
    clientCertificate: config.upstream.clientCertificate,
  });
  // Not with the client certificate of the SMS API.
  const relayTransport = undiciTransport({ connectTimeoutMs: config.upstream.timeoutMs, proxyOf });
  const { connectionBuffers } = runtime;
  const state = await openState(config);
  let sendExport = collectorFetch(config);
  const gateway = createGateway(config, {
    transport,
    relayTransport,
    accessLog,
    ...logExport && { logExporter: logExport.exporter },
    settingFiles: files,
    processUsage,
    fetch: unrepeatedFetch(proxyOf),
    keySetFetch: proxiedFetch(proxyOf),
    collectorFetch: (...request) => sendExport(...request),
    ...state && { state },
    ...connectionBuffers && {
      onUnreadBody: () => connectionBuffers.refused(),
      onBody: (bytes) => connectionBuffers.received(bytes),
      isCuttingOff: () => connectionBuffers.areClosing,
    },
  });
  const maxConnections = config.limits.inFlight * CONNECTIONS_PER_REQUEST;
  await openFiles(config, files);
  const server = await runtime.serve(gateway, {
    ...config,
    maxConnections,
    ...connectionBuffers && { connectionBuffers },
  });
  const cancelFinish = finishStart(runtime, config);
  const stopWatching = watchFiles(files, {
    gateway,
    onHangup: runtime.onHangup,
    async apply(changed) {
      await state?.reopen(changed);
      currentProxyOf = proxies(changed.proxy);
      transport.reconnect(changed.upstream.clientCertificate);
      relayTransport.reconnect();
      sendExport = collectorFetch(changed);
      gateway.reconfigure(changed);
      logExport?.reconfigure(changed);
    },
  });
  const { traces } = config.telemetry;
  logger.info("listening", {
    url: `http://${config.host}:${server.port}`,
    ...server.adminPort !== undefined && { admin: `http://${config.host}:${server.adminPort}` },
    upstream: origin,
    traces: traces ? new URL(traces.url).origin : "not exported",
    state: state?.store.kind ?? "none",
    version: VERSION,
  });
  await server.stopped;
  cancelFinish();
  stopWatching();
  logger.info("stopped");
}
