import type { Command } from "./process.ts";

/** Where a contestant finds what it works with. */
export interface Site {
  /** The port of the loopback interface to listen on. */
  readonly port: number;
  /** Host and port of the upstream. */
  readonly upstream: string;
  /** Base URL of the collector. */
  readonly collector: string;
  /** An empty folder of the contestant's own. */
  readonly folder: string;
  /** The issuer's key set, as `AUTH_JWKS` takes it. */
  readonly keySet: string;
}

/** What callers send, and how many requests make all that can be warm, warm. */
export const LOADS = {
  /** One caller that reuses its token. */
  one: { targets: "one", expect: 201, warmupRequests: 1 },
  /** 10,000 callers that reuse theirs. */
  many: { targets: "many", expect: 201, warmupRequests: 10_000 },
  /** A token that was never seen before at every request. */
  fresh: { targets: "fresh", expect: 201, warmupRequests: 1 },
  /** One caller whose batches the upstream refuses with 403. */
  refused: { targets: "refused", expect: 403, warmupRequests: 1 },
} as const;

/** Something that is measured. */
export interface Contestant {
  readonly title: string;
  /** How it is started; nothing is started where the upstream is called directly. */
  readonly command?: (site: Site) => Command;
  /** Files in its folder, name → content. */
  readonly files?: (site: Site) => Readonly<Record<string, string>>;
  /** Programs that must be on `PATH`. */
  readonly needs: readonly string[];
  /** Where it answers 200 once it works. */
  readonly ready: string;
  readonly load: keyof typeof LOADS;
  /** How many spans it exports for a request. */
  readonly spansPerRequest: number;
  /** Whether the latency it adds is measured at a fixed rate too. */
  readonly fixedRate: boolean;
}
