import type { Candidate, CandidateEnvironment } from "./candidate.ts";
import { AUDIENCE, ISSUER } from "./tokens.ts";
import { REFUSED_PLAN } from "./upstream.ts";

/** The service plan whose batches are accepted. */
export const PLAN = "bench";

/** Configuration of a gateway candidate. */
export interface GatewayOptions extends Partial<Omit<Candidate, "command">> {
  readonly title: string;
  /** Folder of its checkout; default: this one. */
  readonly folder?: string;
  /** Added to the environment of the complete gateway. */
  readonly env?: Readonly<Record<string, string>>;
  /** The same, for values that depend on its folder or on the programs beside it. */
  readonly siteEnv?: (site: CandidateEnvironment) => Readonly<Record<string, string>>;
  /** Environment variables to omit. */
  readonly without?: readonly string[];
}

/**
 * Limits are active, but higher than the load needs: one caller has up to 2,000 outstanding requests,
 * and rejecting requests would be cheaper than serving them.
 */
const LIMIT = "100000";

const FOLDER = new URL("..", import.meta.url).pathname;

/** The gateway as a candidate: all features, all traces sampled, one log line per request. */
export function gateway(options: GatewayOptions): Candidate {
  const { title, folder = FOLDER, env = {}, siteEnv, without = [], needs = [], ...differences } =
    options;
  return {
    ready: "/readyz",
    load: "one",
    spansPerRequest: 2,
    fixedRate: false,
    ...differences,
    title,
    needs,
    command: (site) => ({
      program: Deno.execPath(),
      args: startArguments(folder, site.folder),
      env: {
        ...omit(environment(site), without),
        ...env,
        ...siteEnv?.(site),
      },
    }),
  };
}

/** The arguments of the start task, with absolute paths; it may write to `dataFolder`. */
function startArguments(folder: string, dataFolder: string): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${folder}/deno.json`));
  const [, ...args] = tasks.start.command.split(" ");
  return args.map((arg: string) =>
    arg === "main.ts" ? `${folder}/${arg}` : arg.replace(/=data\b/, `=${dataFolder}`)
  );
}

function environment(site: CandidateEnvironment): Record<string, string> {
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
