import { getLogger } from "@logtape/logtape";
import { ConfigError, parseConfig } from "./config.ts";
import { ListenError, serve } from "./entry/deno_server.ts";
import { createGateway } from "./gateway.ts";
import { VARIABLES } from "./settings.ts";
import { setupLogs } from "./telemetry/log_output.ts";
import { undiciTransport } from "./upstream/undici_transport.ts";

/** Environment → config → dependencies → app → listening, until a signal ends it. */
async function main(): Promise<void> {
  const config = parseConfig(readEnvironment());
  const log = await setupLogs({
    level: config.log.level,
    format: config.log.format === "auto"
      ? (Deno.stdout.isTerminal() ? "text" : "json")
      : config.log.format,
    output: Deno.stdout.writable,
  });
  const logger = getLogger("sms-gateway");
  const { origin } = new URL(config.upstream.url);
  const transport = undiciTransport(origin, { connectTimeoutMs: config.upstream.timeoutMs });
  const server = serve(createGateway(config, { transport, accessLog: log.sink }), config);
  logger.info("listening", {
    url: `http://${config.host}:${server.port}`,
    upstream: origin,
    traces: config.telemetry.otlpEndpoint ?? "not exported",
  });
  await server.stopped;
  logger.info("stopped");
  await log.close();
}

/**
 * The variables of the settings and no others: the start task grants access to these by name.
 * With OTEL_DENO, as on Deno Deploy, Deno itself reports every request to
 * OTEL_EXPORTER_OTLP_ENDPOINT: our spans go there only when OTLP_ENDPOINT says so, or each
 * request would be counted twice.
 */
function readEnvironment(): Record<string, string | undefined> {
  const env = Object.fromEntries(VARIABLES.map((name) => [name, Deno.env.get(name)]));
  if (/^(true|1)$/.test(Deno.env.get("OTEL_DENO") ?? "")) delete env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return env;
}

try {
  await main();
  Deno.exit(0);
} catch (error) {
  const foreseen = error instanceof ConfigError || error instanceof ListenError;
  // deno-lint-ignore no-console -- nothing else runs yet
  console.error(foreseen ? error.message : error);
  Deno.exit(1);
}
