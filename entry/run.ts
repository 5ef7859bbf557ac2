import { getLogger, type Sink } from "@logtape/logtape";
import { type Config, ConfigError, type Environment } from "../config.ts";
import { createGateway, type Gateway } from "../gateway.ts";
import type { UnreadBodies } from "../limits/unread_bodies.ts";
import { preloadDocs } from "../routes/docs.ts";
import type { WriteBytes } from "../telemetry/line_writer.ts";
import { setupLogs } from "../telemetry/log_output.ts";
import { warnOfUnknownVariables } from "../unknown_variables.ts";
import { loadParser } from "../upstream/undici_parser.ts";
import { Transports } from "../upstream/transports.ts";
import { undiciTransport } from "../upstream/undici_transport.ts";
import { VERSION } from "../version.ts";
import { type CountDescriptors, limitToDescriptors } from "./descriptors.ts";
import { loadConfig } from "./load_config.ts";
import { openState } from "./open_state.ts";
import { ListenError, type ServeOptions, type Server } from "./server.ts";

/** What a runtime with processes and sockets provides. */
export interface Runtime {
  /** Values are read of settings only; other names are checked for misspelt settings. */
  readonly environment: Environment;
  /** Writes log lines to standard output. */
  readonly write: WriteBytes;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Starts listening; throws `ListenError` when it cannot. */
  readonly serve: (gateway: Gateway, options: ServeOptions) => Server | Promise<Server>;
  /** Counts the file descriptors that the process can open. */
  readonly countDescriptors: CountDescriptors;
  /** Where the runtime keeps the rest of a refused body; default: it does not. */
  readonly unreadBodies?: UnreadBodies;
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

/** Loads files in advance, since no file descriptor may be free at a later request. */
async function preload({ docs }: Config): Promise<void> {
  await Promise.all([loadParser(), docs && preloadDocs()]);
}

async function serveUntilStopped(runtime: Runtime): Promise<void> {
  const config = await loadConfig(runtime.environment);
  const { level, format } = config.log;
  const log = await setupLogs({
    level,
    format: format === "auto" ? (runtime.isTerminal ? "text" : "json") : format,
    write: runtime.write,
  });
  try {
    warnOfUnknownVariables(runtime.environment);
    await serve(runtime, config, log.sink);
  } finally {
    await log.close();
  }
}

async function serve(runtime: Runtime, configured: Config, accessLog: Sink): Promise<void> {
  const logger = getLogger("sms-gateway");
  const config = limitToDescriptors(configured, runtime.countDescriptors, (shortage) => {
    logger.warning("too few file descriptors for MAX_IN_FLIGHT", { ...shortage });
  });
  const { origin } = new URL(config.upstream.url);
  const transport = undiciTransport(origin, { connectTimeoutMs: config.upstream.timeoutMs });
  const relayTransports = new Transports((service) =>
    undiciTransport(service, { connectTimeoutMs: config.upstream.timeoutMs })
  );
  const { unreadBodies } = runtime;
  const state = await openState(config);
  const gateway = createGateway(config, {
    transport,
    relayTransports,
    accessLog,
    ...state && { state },
    ...unreadBodies && { onUnreadBody: () => unreadBodies.add() },
  });
  const maxConnections = config.limits.inFlight * CONNECTIONS_PER_REQUEST;
  await preload(config);
  const server = await runtime.serve(gateway, {
    ...config,
    maxConnections,
    ...unreadBodies && { unreadBodies },
  });
  logger.info("listening", {
    url: `http://${config.host}:${server.port}`,
    upstream: origin,
    traces: config.telemetry.otlpEndpoint ?? "not exported",
    state: state?.store.kind ?? "none",
    version: VERSION,
  });
  await server.stopped;
  logger.info("stopped");
}
