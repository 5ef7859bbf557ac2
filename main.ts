import { countDescriptors, serve } from "./entry/deno_server.ts";
import { run } from "./entry/run.ts";
import { VARIABLES } from "./settings.ts";

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

await run({
  environment: readEnvironment(),
  output: Deno.stdout.writable,
  isTerminal: Deno.stdout.isTerminal(),
  serve,
  countDescriptors,
  exit: Deno.exit,
});
