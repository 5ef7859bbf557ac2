import { INVALID_SPAN_CONTEXT, trace } from "@opentelemetry/api";
import { parseConfig } from "../../config.ts";
import { Deadlines } from "../../limits/deadlines.ts";
import { createCredentials, type TokenDependencies } from "../../upstream/create_credentials.ts";
import type { Credentials, ServicePlans } from "../../upstream/credentials.ts";

/** Credentials of these service plans; nothing is fetched before it is needed. */
export function testCredentials(
  servicePlans: ServicePlans,
  { env = {}, deps = {} }: { env?: Record<string, string>; deps?: Partial<TokenDependencies> } = {},
): Credentials {
  const config = parseConfig({
    SMS_API_URL: "http://upstream.test",
    SERVICE_PLANS: JSON.stringify(servicePlans),
    AUTH_JWKS_URL: "http://issuer.test",
    AUTH_ISSUER: "issuer",
    AUTH_AUDIENCE: "audience",
    ...env,
  });
  const tracer = trace.getTracer("test");
  return createCredentials(config, { tracer, deadlines: new Deadlines(), ...deps });
}

/** The SERVER span of a request that is not recorded. */
export const UNRECORDED_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
