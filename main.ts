import { ConfigError, parseConfig } from "./config.ts";
import { createGateway } from "./gateway.ts";
import { serve } from "./entry/deno_server.ts";
import { undiciTransport } from "./upstream/undici_transport.ts";

/** Environment → config → dependencies → app → listening, until a signal ends it. */
async function main(): Promise<void> {
  const config = parseConfig(Deno.env.toObject());
  const { origin } = new URL(config.upstream.url);
  const transport = undiciTransport(origin, { connectTimeoutMs: config.upstream.timeoutMs });
  const gateway = createGateway(config, { transport });
  const server = serve(gateway, config);
  // deno-lint-ignore no-console -- said once, to whoever started it
  console.info(`sms-gateway listens on http://${config.host}:${server.port}`);
  await server.stopped;
}

try {
  await main();
  Deno.exit(0);
} catch (error) {
  const foreseen = error instanceof ConfigError || error instanceof Deno.errors.AddrInUse;
  // deno-lint-ignore no-console -- said once, to whoever started it
  console.error(foreseen ? error.message : error);
  Deno.exit(1);
}
