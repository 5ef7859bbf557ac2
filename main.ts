import { countDescriptors, serve } from "./entry/deno_server.ts";
import { run } from "./entry/run.ts";
import { writeToStdout } from "./entry/stdout.ts";
import { UnreadBodies } from "./limits/unread_bodies.ts";
import { VARIABLES } from "./settings.ts";
import { misspellings } from "./unknown_variables.ts";

/**
 * The variables of the settings, and others that look like them, so that they can be warned about.
 * With OTEL_DENO, as on Deno Deploy, Deno itself reports every request to
 * OTEL_EXPORTER_OTLP_ENDPOINT: our spans go there only when OTLP_ENDPOINT says so, or each
 * request would be counted twice.
 */
function readEnvironment(): Record<string, string | undefined> {
  const others = otherNames().map((name) => [name, ""]);
  const settings = VARIABLES.map((name) => [name, Deno.env.get(name)]);
  const env = Object.fromEntries([...others, ...settings]);
  if (/^(true|1)$/.test(Deno.env.get("OTEL_DENO") ?? "")) delete env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return env;
}

/**
 * The names of variables beside the settings. The start task grants access by name and first word
 * (`AUTH_*`): then Deno does not list the variables, but says whether a given one is set.
 */
function otherNames(): string[] {
  const { state } = Deno.permissions.querySync({ name: "env" });
  if (state === "granted") return Object.keys(Deno.env.toObject());
  return [...misspellings()].filter(isSet);
}

function isSet(name: string): boolean {
  try {
    return Deno.env.has(name);
  } catch {
    return false; // access is not granted: whoever starts it by another command may grant less
  }
}

await run({
  environment: readEnvironment(),
  write: writeToStdout,
  isTerminal: Deno.stdout.isTerminal(),
  serve,
  countDescriptors,
  unreadBodies: new UnreadBodies(),
  exit: Deno.exit,
});
