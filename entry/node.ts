/** The gateway on Node 20 or later: `deno task bundle:node`, then `node dist/node.mjs`. */

import process from "node:process";
import { Writable } from "node:stream";
import { getLogger } from "@logtape/logtape";
import { ConfigError, parseConfig } from "../config.ts";
import { createGateway } from "../gateway.ts";
import { setupLogs } from "../telemetry/log_output.ts";
import { undiciTransport } from "../upstream/undici_transport.ts";
import { serve } from "./node_server.ts";

/** As `main.ts`, with Node's environment, output and server. */
async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const { level, format } = config.log;
  const log = await setupLogs({
    level,
    format: format === "auto" ? (process.stdout.isTTY ? "text" : "json") : format,
    output: Writable.toWeb(process.stdout) as WritableStream<Uint8Array<ArrayBuffer>>,
  });
  const logger = getLogger("sms-gateway");
  const { origin } = new URL(config.upstream.url);
  const transport = undiciTransport(origin, { connectTimeoutMs: config.upstream.timeoutMs });
  const server = await serve(createGateway(config, { transport, accessLog: log.sink }), config);
  logger.info("listening", {
    url: `http://${config.host}:${server.port}`,
    upstream: origin,
    traces: config.telemetry.otlpEndpoint ?? "not exported",
  });
  await server.stopped;
  logger.info("stopped");
  await log.close();
}

main().then(() => process.exit(0), (error) => {
  const foreseen = error instanceof ConfigError || error?.code === "EADDRINUSE";
  // deno-lint-ignore no-console -- nothing else runs yet
  console.error(foreseen ? error.message : error);
  process.exit(1);
});
