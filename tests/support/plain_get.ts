import { upstreamTarget } from "../../upstream/target.ts";
import type { UpstreamRequest } from "../../upstream/transport.ts";

/** A GET of `/` without headers, for tests of a transport alone. */
export function plainGet(url: string): UpstreamRequest {
  return {
    target: upstreamTarget(url),
    method: "GET",
    path: "/",
    headers: {},
    body: null,
    timeoutMs: 20_000,
    idleTimeoutMs: 20_000,
  };
}
