import type { Attributes } from "@opentelemetry/api";
import { upstreamAttributes } from "../telemetry/attributes.ts";

/** An SMS API that requests are sent to. Made once for each base URL of the configuration. */
export interface UpstreamTarget {
  /** Base URL without a trailing slash. */
  readonly url: string;
  readonly origin: string;
  /** Path of the base URL without a trailing slash; empty if there is none. */
  readonly basePath: string;
  /** `server.address` and `server.port`, for CLIENT spans and metrics. */
  readonly attributes: Attributes;
}

/** The target of a base URL. */
export function upstreamTarget(baseUrl: string): UpstreamTarget {
  const url = new URL(baseUrl);
  return {
    url: url.href.replace(/\/$/, ""),
    origin: url.origin,
    basePath: url.pathname.replace(/\/$/, ""),
    attributes: upstreamAttributes(url),
  };
}
