import { GatewayError } from "../errors/gateway_error.ts";
import { hasValidHost } from "../raw_url.ts";
import type { Check } from "./checks.ts";

/**
 * Answers 400 if `Host`, or the host of an absolute-form request target, is invalid (RFC 9112 §3.2).
 * No route matches such a request: see `routedPathOf`.
 */
export function validHost(): Check {
  return function validHost(c) {
    if (hasValidHost(c.req.raw)) return;
    throw new GatewayError("syntax_invalid_parameter_format", {
      text:
        "The Host header, or the host in the request target, is invalid. Send a host name or an IP address, with a port where one is needed, and nothing else.",
    });
  };
}
