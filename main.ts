import { delay } from "@std/async/delay";
import { countDescriptors, serve } from "./entry/deno_server.ts";
import { run } from "./entry/run.ts";
import { writeToStdout } from "./entry/stdout.ts";
import { ConnectionBuffers } from "./limits/connection_buffers.ts";
import { PLATFORM_VARIABLES } from "./platform.ts";
import { VARIABLES } from "./settings.ts";
import { misspellings } from "./unknown_variables.ts";

/**
 * Reads the settings. With OTEL_DENO, as on Deno Deploy, the OTEL_EXPORTER_OTLP_… variables are
 * ignored: Deno itself exports a span per request by them, so that each request would be counted
 * twice. OTLP_… are still used.
 */
function readEnvironment(): Record<string, string | undefined> {
  const settings = VARIABLES.map((name) => [name, Deno.env.get(name)]);
  const platform = PLATFORM_VARIABLES.filter(isSet).map((name) => [name, Deno.env.get(name)]);
  const env = Object.fromEntries([...platform, ...settings]);
  if (!/^(true|1)$/.test(Deno.env.get("OTEL_DENO") ?? "")) return env;
  const ofDeno = Object.keys(env).filter((name) => name.startsWith("OTEL_EXPORTER_OTLP_"));
  return { ...env, ...Object.fromEntries(ofDeno.map((name) => [name, undefined])) };
}

/** Names that are tried without a pause: a few ms, in which no request is served. */
const NAMES_PER_TURN = 2_000;

/**
 * Names of variables that may be misspelt settings. The start task grants access by first word
 * (`AUTH_*`); then Deno cannot list the variables, but tells whether a given one is set.
 */
async function otherVariables(): Promise<string[]> {
  const { state } = Deno.permissions.querySync({ name: "env" });
  if (state === "granted") return Object.keys(Deno.env.toObject());
  const found = new Set<string>();
  let tried = 0;
  for (const name of misspellings()) {
    if (isSet(name)) found.add(name);
    if (++tried % NAMES_PER_TURN === 0) await delay(0);
  }
  return [...found];
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
  otherVariables,
  write: writeToStdout,
  isTerminal: Deno.stdout.isTerminal(),
  serve,
  countDescriptors,
  connectionBuffers: new ConnectionBuffers(() => Deno.memoryUsage().rss),
  onHangup: (listener) => Deno.addSignalListener("SIGHUP", listener),
  exit: Deno.exit,
});
