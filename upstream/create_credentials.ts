import type { Tracer } from "@opentelemetry/api";
import type { Config } from "../config.ts";
import type { DeadlineClock } from "../limits/deadlines.ts";
import { Credentials } from "./credentials.ts";
import { TokenFetcher, type TokenFetcherOptions } from "./credentials/token_fetcher.ts";
import { Waiting } from "./credentials/waiting.ts";
import { upstreamTarget } from "./target.ts";

/** What the fetches of tokens depend on. */
export interface TokenDependencies {
  tracer: Tracer;
  /** Sends requests to the token endpoint; default: the global fetch. */
  fetch?: typeof fetch;
  /** Told of every fetch of a token. Default: none. */
  onTokenFetch?: TokenFetcherOptions["onFetch"];
  /** See `RuntimeParts` in `gateway.ts`. */
  waitUntil?: (work: Promise<unknown>) => void;
}

/** Share of MAX_IN_FLIGHT that may wait for tokens; the rest serves other service plans. */
const MAX_WAITING_SHARE = 1 / 10;

/** The credentials of a configuration. */
export function createCredentials(
  { upstream, servicePlans, limits }: Config,
  deps: TokenDependencies & { deadlines: DeadlineClock },
): Credentials {
  const { tracer, deadlines, fetch, onTokenFetch, waitUntil } = deps;
  return new Credentials(servicePlans, {
    target: upstreamTarget(upstream.url),
    oauthTarget: upstreamTarget(upstream.oauthUrl),
    fetcher: new TokenFetcher({
      url: upstream.tokenUrl,
      timeoutMs: upstream.timeoutMs,
      tracer,
      fetch,
      onFetch: onTokenFetch,
      waitUntil,
    }),
    waiting: new Waiting({
      maxWaiting: Math.ceil(limits.inFlight * MAX_WAITING_SHARE),
      deadlines,
    }),
  });
}
