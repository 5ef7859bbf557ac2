import type { Command } from "./process.ts";

/** The ports and addresses that a candidate is started with. */
export interface CandidateEnvironment {
  /** The port of the loopback interface to listen on. */
  readonly port: number;
  /** Host and port of the upstream. */
  readonly upstream: string;
  /** Base URL of the collector. */
  readonly collector: string;
  /** An empty folder for its files. */
  readonly folder: string;
  /** URL of a Redis server, if one is installed. */
  readonly redis: string | undefined;
  /** The issuer's key set, as `AUTH_JWKS` takes it. */
  readonly keySet: string;
}

/** The loads, with the number of requests that fill all caches. */
export const LOADS = {
  /** One caller with one token. */
  one: { targets: "one", expect: 201, warmupRequests: 1 },
  /** 10,000 callers with a token each. */
  many: { targets: "many", expect: 201, warmupRequests: 10_000 },
  /** A new token for every request. */
  fresh: { targets: "fresh", expect: 201, warmupRequests: 1 },
  /** One caller whose batches the upstream rejects with 403. */
  refused: { targets: "refused", expect: 403, warmupRequests: 1 },
  /** One caller, with an idempotency key for every request. */
  keyed: { targets: "one", expect: 201, warmupRequests: 1, keyed: true },
} as const;

/** A program that is measured. */
export interface Candidate {
  readonly title: string;
  /** The start command; undefined: the upstream is called directly. */
  readonly command?: (site: CandidateEnvironment) => Command;
  /** Files to create in its folder, name → content. */
  readonly files?: (site: CandidateEnvironment) => Readonly<Record<string, string>>;
  /** Programs that must be on `PATH`. */
  readonly needs: readonly string[];
  /** The path that responds with 200 once the candidate is ready. */
  readonly ready: string;
  readonly load: keyof typeof LOADS;
  /** Number of spans that it exports per request. */
  readonly spansPerRequest: number;
  /** Whether its added latency is measured at a fixed rate. */
  readonly fixedRate: boolean;
  /** Whether it is checked that a forged token gets 401. */
  readonly refusesTokens?: boolean;
  /** Whether it is checked that a request makes a line of JSON with its status. */
  readonly logsRequests?: boolean;
}
