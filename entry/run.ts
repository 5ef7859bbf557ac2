import { getLogger, type Sink } from "@logtape/logtape";
import { type Config, ConfigError, type Environment, loadConfig } from "../config.ts";
import { createGateway, type Gateway } from "../gateway.ts";
import { preloadDocs } from "../routes/docs.ts";
import type { WriteBytes } from "../telemetry/line_writer.ts";
import { setupLogs } from "../telemetry/log_output.ts";
import { warnOfUnknownVariables } from "../unknown_variables.ts";
import { loadParser } from "../upstream/undici_parser.ts";
import { undiciTransport } from "../upstream/undici_transport.ts";
import { type CountDescriptors, withinDescriptors } from "./descriptors.ts";
import { ListenError, type ServeOptions, type Server } from "./server.ts";

export type { Environment, WriteBytes };

/** What a runtime with processes and sockets brings along. */
export interface Runtime {
  /** Names that are no settings are compared with the settings; their values are not read. */
  readonly environment: Environment;
  /** Writes log lines. */
  readonly write: WriteBytes;
  /** Whether a person reads them. */
  readonly isTerminal: boolean;
  /**
   * Starts a server for the gateway.
   *
   * @throws {ListenError} if it cannot listen
   */
  readonly serve: (gateway: Gateway, options: ServeOptions) => Server | Promise<Server>;
  /** Counts the file descriptors that the process can open. */
  readonly countDescriptors: CountDescriptors;
  /** Ends the process with an exit code. */
  readonly exit: (code: number) => void;
}

/** Most connections for each request that may be in flight: callers keep idle ones for later. */
const CONNECTIONS_PER_REQUEST = 4;

/**
 * Environment → config → dependencies → app → listening, until a signal ends it. Exit code 1 with
 * a sentence that says what to do where it cannot start.
 */
export async function run(runtime: Runtime): Promise<void> {
  try {
    await serveUntilStopped(runtime);
    runtime.exit(0);
  } catch (error) {
    const foreseen = error instanceof ConfigError || error instanceof ListenError;
    // deno-lint-ignore no-console -- nothing else runs yet
    console.error(foreseen ? error.message : error);
    runtime.exit(1);
  }
}

/** Loads what would be loaded with a later request, when there may be no file descriptor left. */
async function loadAhead({ docs }: Config): Promise<void> {
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

async function serve(runtime: Runtime, asSet: Config, accessLog: Sink): Promise<void> {
  const logger = getLogger("sms-gateway");
  const config = withinDescriptors(asSet, runtime.countDescriptors, (shortage) => {
    logger.warning("too few file descriptors for MAX_IN_FLIGHT", { ...shortage });
  });
  const { origin } = new URL(config.upstream.url);
  const transport = undiciTransport(origin, { connectTimeoutMs: config.upstream.timeoutMs });
  const gateway = createGateway(config, { transport, accessLog });
  const maxConnections = config.limits.inFlight * CONNECTIONS_PER_REQUEST;
  await loadAhead(config);
  const server = await runtime.serve(gateway, { ...config, maxConnections });
  logger.info("listening", {
    url: `http://${config.host}:${server.port}`,
    upstream: origin,
    traces: config.telemetry.otlpEndpoint ?? "not exported",
  });
  await server.stopped;
  logger.info("stopped");
}
