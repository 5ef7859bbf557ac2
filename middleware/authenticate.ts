import { AuthRefusal } from "../errors/auth_refusal.ts";
import type { Issuers } from "../auth/issuers.ts";
import type { Exchange, Principal } from "../exchange.ts";
import type { Credentials } from "../upstream/credentials.ts";
import type { Check } from "./checks.ts";

/** Options of {@linkcode authenticate}. */
export interface AuthenticateOptions {
  /** Whose tokens are accepted. */
  issuers: Issuers;
  /** A service plan without a credential is rejected like one that the token does not name. */
  credentials: Credentials;
}

/** RFC 6750 §2.1: `Bearer` in any case, then b64token. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * Requires a valid bearer token that names the service plan of the path; otherwise answers 401 with a
 * challenge (RFC 6750), or 503 if there is no key set to verify tokens with.
 */
export function authenticate({ issuers, credentials }: AuthenticateOptions): Check {
  return function authenticate(c) {
    const exchange = c.get("exchange");
    const servicePlanId = servicePlanOf(exchange.rawPath);
    if (credentials.has(servicePlanId)) exchange.servicePlanId = servicePlanId;
    const authorization = c.req.raw.headers.get("authorization");
    // Most tokens were verified before: they need no parsing, and no promise to await.
    const known = authorization?.startsWith("Bearer ")
      ? issuers.recall(authorization.slice("Bearer ".length))
      : undefined;
    if (known) return authorize(exchange, known);
    return issuers.verify(bearerToken(authorization))
      .then((principal) => authorize(exchange, principal));
  };
}

function authorize(exchange: Exchange, principal: Principal): void {
  exchange.principal = principal;
  const { servicePlanId } = exchange;
  if (servicePlanId === undefined || !principal.servicePlans.includes(servicePlanId)) {
    throw new AuthRefusal("service_plan");
  }
}

/** Every path of the API is `/xms/v1/{service_plan_id}/…`. */
function servicePlanOf(rawPath: string): string {
  const start = "/xms/v1/".length;
  return rawPath.slice(start, rawPath.indexOf("/", start));
}

function bearerToken(authorization: string | null): string {
  // Another scheme counts as a missing token (RFC 6750 §3.1).
  if (authorization === null || !/^Bearer\b/i.test(authorization)) throw new AuthRefusal("missing");
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) throw new AuthRefusal("malformed");
  return token;
}
