import { countDescriptors, serve } from "./entry/deno_server.ts";
import { run } from "./entry/run.ts";
import { writeToStdout } from "./entry/stdout.ts";
import { ConnectionBuffers } from "./limits/connection_buffers.ts";
import { PLATFORM_VARIABLES } from "./platform.ts";
import { VARIABLES } from "./settings.ts";
import { misspellings } from "./unknown_variables.ts";

/**
 * Reads the settings, and the names of other variables for warnings about misspelt ones. With
 * OTEL_DENO, as on Deno Deploy, the OTEL_EXPORTER_OTLP_… variables are ignored: Deno itself exports
 * a span per request by them, so that each request would be counted twice. OTLP_… are still used.
 */
function readEnvironment(): Record<string, string | undefined> {
  const others = otherVariables().map((name) => [name, ""]);
  const settings = VARIABLES.map((name) => [name, Deno.env.get(name)]);
  const platform = PLATFORM_VARIABLES.filter(isSet).map((name) => [name, Deno.env.get(name)]);
  const env = Object.fromEntries([...others, ...platform, ...settings]);
  if (!/^(true|1)$/.test(Deno.env.get("OTEL_DENO") ?? "")) return env;
  const ofDeno = Object.keys(env).filter((name) => name.startsWith("OTEL_EXPORTER_OTLP_"));
  return { ...env, ...Object.fromEntries(ofDeno.map((name) => [name, undefined])) };
}

/**
 * Names of variables that are not settings. The start task grants access by first word (`AUTH_*`);
 * then Deno cannot list the variables, but tells whether a given one is set.
 */
function otherVariables(): string[] {
  const { state } = Deno.permissions.querySync({ name: "env" });
  if (state === "granted") return Object.keys(Deno.env.toObject());
  return [...misspellings()].filter(isSet);
}

function isSet(name: string): boolean {
  try {
    return Deno.env.has(name);
  } catch {
    return false; // access is not granted
  }
}

await run({
  environment: readEnvironment(),
  write: writeToStdout,
  isTerminal: Deno.stdout.isTerminal(),
  serve,
  countDescriptors,
  connectionBuffers: new ConnectionBuffers(() => Deno.memoryUsage().rss),
  onHangup: (listener) => Deno.addSignalListener("SIGHUP", listener),
  exit: Deno.exit,
});
