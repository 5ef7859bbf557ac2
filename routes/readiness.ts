import type { Issuers } from "../auth/issuers.ts";
import type { Breakers } from "../upstream/breaker.ts";
import type { Credentials } from "../upstream/credentials.ts";
import type { Readiness } from "./health.ts";

/** What the readiness depends on. */
export interface ReadinessSources {
  issuers: Issuers;
  breakers: Breakers;
  credentials: Credentials;
  /** Whether the process is stopping. */
  isStopping: () => boolean;
  /** Whether the store answered last; default: always. */
  isStoreReachable?: () => boolean;
  /** The variables whose files cannot be used; default: none. */
  refusedFiles?: () => readonly string[];
}

/** What keeps the gateway from serving requests, and what does not work although it serves them. */
export function readiness(sources: ReadinessSources): Readiness {
  const { issuers, breakers, credentials, isStopping } = sources;
  const { isStoreReachable = () => true, refusedFiles = () => [] } = sources;
  const keySets = issuers.keySets();
  // An instance that is not ready gets no requests, so the probe has to start the key fetch.
  for (const { keySet } of keySets) keySet.keepFresh();
  const withoutKeys = keySets.filter(({ keySet }) => !keySet.isReady());
  const hasKeys = withoutKeys.length < keySets.length; // the callers of one issuer at least
  return {
    notReady: [
      ...(isStopping() ? ["stopping"] : []),
      ...(hasKeys ? [] : ["key_set_unavailable"]),
    ],
    // An outage of the API affects every instance: with none ready, callers would not get its error.
    // Half open is degraded as well: only a successful request shows that the API works again.
    degraded: [
      ...(hasKeys ? withoutKeys.map(({ label }) => `key_set_unavailable:${label}`) : []),
      ...(breakers.state === "closed" ? [] : ["upstream_circuit_open"]),
      ...(credentials.isTokenUnavailable ? ["upstream_credentials_unavailable"] : []),
      ...(isStoreReachable() ? [] : ["state_unavailable"]),
      ...refusedFiles().map((name) => `file_refused:${name}`),
    ],
  };
}
