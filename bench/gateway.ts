import type { Contestant, Site } from "./contestant.ts";
import { AUDIENCE, ISSUER } from "./tokens.ts";
import { REFUSED_PLAN } from "./upstream.ts";

/** The service plan whose batches are accepted. */
export const PLAN = "bench";

/** A way to run the gateway. */
export interface GatewayOptions extends Partial<Omit<Contestant, "command" | "files" | "needs">> {
  readonly title: string;
  /** Where it is; default: this checkout. */
  readonly folder?: string;
  /** Added to the environment of the complete gateway. */
  readonly env?: Readonly<Record<string, string>>;
  /** Variables that are left out of it. */
  readonly without?: readonly string[];
}

/**
 * Limits are on, but above what the load reaches: it is one caller with up to 2,000
 * outstanding requests, and refusing it would be cheaper than serving it.
 */
const LIMIT = "100000";

const FOLDER = new URL("..", import.meta.url).pathname;

/** The gateway as a contestant: everything on, traces at ratio 1, one log line per request. */
export function gateway(options: GatewayOptions): Contestant {
  const { title, folder = FOLDER, env = {}, without = [], ...differences } = options;
  return {
    ready: "/readyz",
    load: "one",
    spansPerRequest: 2,
    fixedRate: false,
    ...differences,
    title,
    needs: [],
    command: (site) => ({
      program: Deno.execPath(),
      args: startArguments(folder),
      env: { ...omit(environment(site), without), ...env },
    }),
  };
}

/** What the start task runs, from wherever the benchmark is. */
function startArguments(folder: string): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${folder}/deno.json`));
  const [, ...args] = tasks.start.command.split(" ");
  return args.map((arg: string) => arg === "main.ts" ? `${folder}/${arg}` : arg);
}

function environment(site: Site): Record<string, string> {
  return {
    PORT: String(site.port),
    HOST: "127.0.0.1",
    SMS_API_URL: `http://${site.upstream}`,
    SERVICE_PLANS: JSON.stringify({ [PLAN]: "bench-secret", [REFUSED_PLAN]: "bench-secret" }),
    AUTH_JWKS: site.keySet,
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: AUDIENCE,
    OTLP_ENDPOINT: site.collector,
    TRACE_SAMPLE_RATIO: "1",
    LOG_LEVEL: "info",
    LOG_FORMAT: "json",
    MAX_OUTSTANDING_PER_CALLER: LIMIT,
    MAX_OUTSTANDING_PER_ROUTE: LIMIT,
    MAX_IN_FLIGHT: LIMIT,
  };
}

function omit(
  values: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}
