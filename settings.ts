import * as v from "valibot";

/** Signature algorithms a deployment may accept; symmetric ones and `none` are not among them. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

/** The longest time any timer can wait, in ms (a signed 32-bit number). */
export const MAX_TIMER_MS = 2_147_483_647;

const integer = (min: number, max: number) =>
  v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number), v.minValue(min), v.maxValue(max));

const milliseconds = integer(1, MAX_TIMER_MS);

const httpUrl = v.pipe(v.string(), v.check(isPlainHttpUrl));

const baseUrl = v.pipe(
  httpUrl,
  v.check((url) => !url.includes("?")),
  v.transform(withoutTrailingSlashes),
);

const json = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return JSON.parse(dataset.value) as unknown;
    } catch {
      addIssue();
      return NEVER;
    }
  }),
);

/** A text that is not only blanks. */
const visible = v.pipe(v.string(), v.regex(/\S/));

/** A token that can stand in a header: visible ASCII. */
const headerToken = v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/));

const servicePlans = v.pipe(
  json,
  v.record(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,128}$/)), headerToken),
  v.check((plans) => Object.keys(plans).length > 0),
);

/** A key with the members that its type needs (RFC 7518 §6, RFC 8037 §2). */
const publicKey = v.pipe(
  v.variant("kty", [
    v.looseObject({ kty: v.literal("RSA"), n: v.string(), e: v.string() }),
    v.looseObject({ kty: v.literal("EC"), crv: v.string(), x: v.string(), y: v.string() }),
    v.looseObject({ kty: v.literal("OKP"), crv: v.string(), x: v.string() }),
  ]),
  v.check((key) => !("d" in key)),
);

const keySet = v.pipe(json, v.object({ keys: v.pipe(v.array(publicKey), v.minLength(1)) }));

const algorithms = v.pipe(
  v.string(),
  v.transform((list) => list.split(",").map((name) => name.trim())),
  v.array(v.picklist(ALGORITHMS)),
);

/** One environment variable. */
export interface Setting {
  readonly schema: v.GenericSchema<string, unknown>;
  /** What it is for, as the README says it. */
  readonly meaning: string;
  /** Said of a bad value, which itself is never repeated: it may be a secret. */
  readonly expected: string;
  /** The raw value where the variable is not set; without it, and not optional, it is required. */
  readonly default?: string;
  /** A variable that is read where this one is not set. */
  readonly fallback?: string;
  readonly optional?: true;
}

/** Every environment variable of the gateway; the README's table is checked against it. */
export const SETTINGS = {
  PORT: {
    meaning: "Port it listens on.",
    schema: integer(0, 65_535),
    default: "8080",
    expected: "a port number, 0 to 65535 (0: any free port)",
  },
  HOST: {
    meaning: "Address it listens on.",
    schema: v.pipe(v.string(), v.regex(/^[\w.:-]+$/)),
    default: "0.0.0.0",
    expected: "an IP address or host name to listen on",
  },
  SMS_REGION: {
    meaning: "Region of the SMS API: `https://{region}.sms.api.sinch.com`.",
    schema: v.picklist(["us", "eu", "au", "br", "ca"]),
    default: "us",
    expected: "one of us, eu, au, br, ca",
  },
  SMS_API_URL: {
    meaning: "Another base URL of the SMS API; goes before `SMS_REGION`.",
    schema: baseUrl,
    optional: true,
    expected: "an http(s) URL without credentials, query or fragment",
  },
  SERVICE_PLANS: {
    meaning: "The gateway's own credentials: service plan id → API token.",
    schema: servicePlans,
    expected:
      'a JSON object of service plan id (1 to 128 letters, digits, _ and -) to API token, such as {"plan-id":"token"}',
  },
  AUTH_JWKS_URL: {
    meaning: "The token issuer's key set, by URL. This or `AUTH_JWKS` is required.",
    schema: httpUrl,
    optional: true,
    expected: "an http(s) URL without credentials or fragment",
  },
  AUTH_JWKS: {
    meaning: "The token issuer's key set, inline; instead of `AUTH_JWKS_URL`.",
    schema: keySet,
    optional: true,
    expected: 'a JSON Web Key Set of public RSA, EC or OKP keys, such as {"keys":[…]}',
  },
  AUTH_ISSUER: {
    meaning: "`iss` of accepted tokens.",
    schema: visible,
    expected: "the iss claim that tokens must have",
  },
  AUTH_AUDIENCE: {
    meaning: "`aud` of accepted tokens.",
    schema: visible,
    expected: "the aud claim that tokens must have",
  },
  AUTH_ALGORITHMS: {
    meaning: "Accepted signatures; symmetric ones and `none` never are.",
    schema: algorithms,
    default: "RS256,PS256,ES256,EdDSA",
    expected: `a comma-separated list of ${ALGORITHMS.join(", ")}`,
  },
  AUTH_PLANS_CLAIM: {
    meaning: "Claim with the array of service plans that the caller may use.",
    schema: v.pipe(v.string(), v.minLength(1)),
    default: "service_plans",
    expected: "the name of the claim that holds the array of service plans",
  },
  AUTH_CLOCK_TOLERANCE_S: {
    meaning: "Leeway on `exp` and `nbf`.",
    schema: integer(0, 300),
    default: "5",
    expected: "whole seconds, 0 to 300",
  },
  JWKS_MAX_AGE_MS: {
    meaning: "Age at which keys are fetched anew, in the background.",
    schema: milliseconds,
    default: "600000",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  JWKS_COOLDOWN_MS: {
    meaning: "Shortest time between two fetches of the keys.",
    schema: milliseconds,
    default: "30000",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  JWKS_MAX_STALE_MS: {
    meaning: "How long the last good keys go on verifying while the issuer is down.",
    schema: milliseconds,
    default: "86400000",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  MAX_BODY_BYTES: {
    meaning: "Largest request body.",
    schema: integer(1, 100 * 1024 * 1024),
    default: "1048576",
    expected: "bytes, 1 to 104857600",
  },
  MAX_HELD_BODY_BYTES: {
    meaning: "Memory for the request bodies of all callers; more are 503 `overloaded`.",
    schema: integer(1, 64 * 1024 * 1024 * 1024),
    default: "67108864",
    expected: "bytes, 1 or more, at least MAX_BODY_BYTES",
  },
  UPSTREAM_TIMEOUT_MS: {
    meaning: "From sending to the SMS API's headers, retries included.",
    schema: milliseconds,
    default: "8000", // the Python SDK gives up after 10 s: it should see our answer, not its timeout
    expected: "whole milliseconds, 1 to 2147483647",
  },
  UPSTREAM_IDLE_TIMEOUT_MS: {
    meaning: "Longest silence within an answer.",
    schema: milliseconds,
    default: "5000",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  RETRY_ATTEMPTS: {
    meaning: "Further tries where that is safe; 0 is off.",
    schema: integer(0, 10),
    default: "2",
    expected: "0 (off) to 10",
  },
  BREAKER_FAILURES: {
    meaning: "Failures in a row after which nothing is sent for a while; 0 is off.",
    schema: integer(0, 1_000_000),
    default: "20",
    expected: "0 (off) or more",
  },
  BREAKER_RESET_MS: {
    meaning: "How long that while is.",
    schema: milliseconds,
    default: "5000",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  MAX_IN_FLIGHT: {
    meaning: "Requests at once, in all; more are 503 `overloaded`.",
    schema: integer(1, 1_000_000),
    default: "1000",
    expected: "1 or more",
  },
  MAX_OUTSTANDING_PER_CALLER: {
    meaning: "Requests at once per caller (`iss` and `sub`); more are 429.",
    schema: integer(1, 1_000_000),
    default: "100",
    expected: "1 or more",
  },
  MAX_OUTSTANDING_PER_ROUTE: {
    meaning: "Requests at once per route; more are 429.",
    schema: integer(1, 1_000_000),
    default: "500",
    expected: "1 or more",
  },
  REQUEST_BODY_TIMEOUT_MS: {
    meaning:
      "Time for a whole request body to arrive; six times that for more of an answer to be taken.",
    schema: milliseconds,
    default: "10000",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  SHUTDOWN_GRACE_MS: {
    meaning: "Time from SIGTERM or SIGINT to the end.",
    schema: milliseconds,
    default: "4500",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  DOCS: {
    meaning:
      "Whether `/docs`, `/docs/errors` and `/openapi.json` are served, and errors link there.",
    schema: v.picklist(["on", "off"]),
    default: "on",
    expected: "on or off",
  },
  LOG_LEVEL: {
    meaning: "Least level that is logged.",
    schema: v.picklist(["debug", "info", "warning", "error"]),
    default: "info",
    expected: "one of debug, info, warning, error",
  },
  LOG_FORMAT: {
    meaning: "How log lines look; `auto`: text at a terminal, else JSON.",
    schema: v.picklist(["auto", "json", "text"]),
    default: "auto",
    expected: "one of json, text, auto (text where the output is a terminal)",
  },
  OTLP_ENDPOINT: {
    meaning: "Base URL of an OpenTelemetry collector; spans go to `/v1/traces` as OTLP/HTTP JSON.",
    schema: baseUrl,
    fallback: "OTEL_EXPORTER_OTLP_ENDPOINT",
    optional: true,
    expected: "the http(s) base URL of an OTLP/HTTP collector, such as http://localhost:4318",
  },
  METRICS_EXPORT: {
    meaning:
      "`otlp` pushes metrics to `/v1/metrics` of `OTLP_ENDPOINT` too; `/metrics` is always served.",
    schema: v.picklist(["prometheus", "otlp"]),
    default: "prometheus",
    expected: "prometheus (served at /metrics) or otlp (pushed to OTLP_ENDPOINT as well)",
  },
  SERVICE_NAME: {
    meaning: "`service.name` of traces and metrics.",
    schema: v.pipe(v.string(), v.minLength(1)),
    fallback: "OTEL_SERVICE_NAME",
    default: "sms-gateway",
    expected: "the service.name of the traces",
  },
  TRACE_SAMPLE_RATIO: {
    meaning:
      "Share of traces that are sampled where the caller did not decide; 5xx and the gateway's own refusals are exported in any case.",
    schema: v.pipe(
      v.string(),
      v.regex(/^\d*\.?\d+$/),
      v.transform(Number),
      v.minValue(0),
      v.maxValue(1),
    ),
    default: "1",
    expected: "a number from 0 to 1",
  },
} as const satisfies Record<string, Setting>;

/** Every environment variable that is read, fallbacks included. */
export const VARIABLES: readonly string[] = Object.entries<Setting>(SETTINGS)
  .flatMap(([name, { fallback }]) => fallback ? [name, fallback] : [name]);

/** Not by an expression: that would try at every slash of the URL. */
function withoutTrailingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === "/") end--;
  return url.slice(0, end);
}

function isPlainHttpUrl(text: string): boolean {
  // The parser forgives blanks, and an empty fragment leaves no trace; what is appended suffers.
  if (/[\s#]/.test(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && !username && !password;
}
