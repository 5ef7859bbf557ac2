import { countDescriptors, serve } from "./entry/deno_server.ts";
import { run } from "./entry/run.ts";
import { writeToStdout } from "./entry/stdout.ts";
import { VARIABLES } from "./settings.ts";
import { misspellings } from "./unknown_variables.ts";

/**
 * Reads the variables of the settings, and the names of misspelt ones for a warning. With OTEL_DENO,
 * as on Deno Deploy, Deno itself exports spans to OTEL_EXPORTER_OTLP_ENDPOINT. The gateway then
 * exports to OTLP_ENDPOINT only, so that no request is counted twice.
 */
function readEnvironment(): Record<string, string | undefined> {
  const others = otherNames().map((name) => [name, ""]);
  const settings = VARIABLES.map((name) => [name, Deno.env.get(name)]);
  const env = Object.fromEntries([...others, ...settings]);
  if (/^(true|1)$/.test(Deno.env.get("OTEL_DENO") ?? "")) delete env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return env;
}

/**
 * The names of variables that are not settings. The start task grants access by name and prefix
 * (`AUTH_*`), with which Deno does not list the variables, but tells whether a given one is set.
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
    return false; // a command other than the start task may grant access to fewer variables
  }
}

await run({
  environment: readEnvironment(),
  write: writeToStdout,
  isTerminal: Deno.stdout.isTerminal(),
  serve,
  countDescriptors,
  exit: Deno.exit,
});
