import * as v from "valibot";
import {
  ALGORITHMS,
  algorithms,
  attributeList,
  baseUrl,
  certificatePem,
  headerToken,
  httpUrl,
  integer,
  keySet,
  milliseconds,
  notBlank,
  otlpHeaders,
  pem,
  policies,
  privateKeyPem,
  proxyUrl,
  recordedBaggage,
  recordedHeaders,
  servicePlans,
  stateUrl,
  TOKEN_PARAMETERS,
  tokenParameters,
} from "./setting_schemas.ts";
import { callbackSettings } from "./callback_settings.ts";
import { issuerList, ISSUERS_FORM } from "./issuer_settings.ts";
import { STATE_URL_FORM } from "./state_url.ts";

/** Longest time that a key is remembered, in seconds: 30 days. */
const MAX_TTL_S = 2_592_000;

/** A setting: one environment variable. */
export interface Setting {
  readonly schema: v.GenericSchema<string, unknown>;
  /** What it is for; the description in docs/configuration.md. */
  readonly meaning: string;
  /**
   * What a valid value is, for error messages; they never quote the value, which may be a secret.
   */
  readonly expected: string;
  /**
   * The raw value if the variable is not set. A setting with neither this nor `optional` is
   * required.
   */
  readonly default?: string;
  /** A variable that is read if this one is not set. */
  readonly fallback?: string;
  readonly optional?: true;
  /**
   * How an error message describes faults within a JSON value; default: not at all.
   *
   * - `names`: the members that are wrong are named.
   * - `messages`: each fault is a sentence with the message of the schema; every message of the
   *   schema is in fixed words.
   * - `expectations`: each fault is a sentence with its path and what is expected there; the value
   *   has no secrets.
   */
  readonly memberFaults?: "names" | "messages" | "expectations";
  /** Whether the value can come from a file, which the variable with the suffix `_FILE` names. */
  readonly file?: true;
  /** Another variable that names this file, if the one with the suffix is not set. */
  readonly fileFallback?: string;
}

/** Every environment variable of the gateway; docs/configuration.md is generated from it. */
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
  ADMIN_PORT: {
    meaning:
      "Another port for `/metrics`, `/livez` and `/readyz`, which `PORT` then does not serve.",
    schema: integer(0, 65_535),
    optional: true,
    expected: "a port number other than PORT, 0 to 65535 (0: any free port)",
  },
  SMS_REGION: {
    meaning:
      "Region of the SMS API, where messages are stored: `https://{region}.sms.api.sinch.com`; with OAuth 2.0 `https://zt.{region}.sms.api.sinch.com`, in `us` and `eu` only.",
    schema: v.picklist(["us", "eu", "au", "br", "ca"]),
    default: "us",
    expected: "one of us, eu, au, br, ca",
  },
  SMS_API_URL: {
    meaning: "Base URL of the SMS API; takes precedence over `SMS_REGION`.",
    schema: baseUrl,
    optional: true,
    expected: "an http(s) URL without credentials, query or fragment",
  },
  SMS_AUTH_URL: {
    meaning: "Token endpoint of the SMS API, for OAuth 2.0 client credentials in `SERVICE_PLANS`.",
    schema: httpUrl,
    default: "https://auth.sinch.com/oauth2/token",
    expected: "an http(s) URL without credentials or fragment",
  },
  SERVICE_PLANS: {
    meaning:
      'The gateway\'s own credentials: service plan id → API token, or project id → OAuth 2.0 client credentials `{"key_id","key_secret"}`.',
    schema: servicePlans,
    file: true,
    expected:
      'a JSON object of service plan id (1 to 128 letters, digits, _ and -) to API token, such as {"plan-id":"token"}, or of project id to access key, such as {"project-id":{"key_id":"…","key_secret":"…"}}',
  },
  SMS_CLIENT_CERT: {
    meaning:
      "Client certificate for the SMS API with its chain, in PEM, where a proxy asks for one.",
    schema: certificatePem,
    optional: true,
    file: true,
    expected: "certificates in PEM (-----BEGIN CERTIFICATE-----)",
  },
  SMS_CLIENT_KEY: {
    meaning: "Private key of `SMS_CLIENT_CERT`, in PEM.",
    schema: privateKeyPem,
    optional: true,
    file: true,
    expected: "an unencrypted private key in PEM (-----BEGIN PRIVATE KEY-----)",
  },
  HTTPS_PROXY: {
    meaning: "Proxy for https URLs, with user and password if it asks for them.",
    schema: proxyUrl,
    fallback: "https_proxy",
    optional: true,
    file: true,
    expected: "an http(s) URL, such as http://proxy.example:3128",
  },
  HTTP_PROXY: {
    meaning: "Proxy for http URLs.",
    schema: proxyUrl,
    fallback: "http_proxy",
    optional: true,
    file: true,
    expected: "an http(s) URL, such as http://proxy.example:3128",
  },
  NO_PROXY: {
    meaning: "Hosts that are reached without a proxy, with their subdomains; `*` is all.",
    schema: v.string(),
    fallback: "no_proxy",
    optional: true,
    expected: "host names and addresses, with or without port, separated by commas",
  },
  POLICIES: {
    meaning:
      "What callers may send: a list, of which the first that matches a caller applies; see `docs/policies.md`.",
    schema: policies,
    optional: true,
    file: true,
    memberFaults: "expectations",
    expected:
      'a JSON list of policies, such as [{"name":"shop","callers":["shop-*"],"countries":["SE"]}]',
  },
  TEST_API_URL: {
    meaning: "Base URL of the SMS API for callers whose policy has the mode `test`: a sandbox.",
    schema: baseUrl,
    optional: true,
    expected: "an http(s) URL without credentials, query or fragment",
  },
  TEST_API_TOKEN: {
    meaning: "API token for `TEST_API_URL`, for every service plan.",
    schema: headerToken,
    default: "test-token",
    file: true,
    expected: "visible ASCII characters without spaces",
  },
  AUTH_JWKS_URL: {
    meaning:
      "The token issuer's key set, by URL. This or `AUTH_JWKS` is required without `AUTH_ISSUERS`.",
    schema: httpUrl,
    optional: true,
    expected: "an http(s) URL without credentials or fragment",
  },
  AUTH_JWKS: {
    meaning: "The token issuer's key set, inline; instead of `AUTH_JWKS_URL`.",
    schema: keySet,
    optional: true,
    file: true,
    expected: 'a JSON Web Key Set of public RSA, EC or OKP keys, such as {"keys":[…]}',
  },
  AUTH_ISSUER: {
    meaning: "`iss` of accepted tokens; required without `AUTH_ISSUERS`.",
    schema: notBlank,
    optional: true,
    expected: "the iss claim that tokens must have",
  },
  AUTH_AUDIENCE: {
    meaning: "`aud` of accepted tokens; required without `AUTH_ISSUERS`.",
    schema: notBlank,
    optional: true,
    expected: "the aud claim that tokens must have",
  },
  AUTH_ISSUERS: {
    meaning:
      "Several issuers as a JSON array, instead of `AUTH_ISSUER`, `AUTH_AUDIENCE` and the key set: see [issuers.md](issuers.md).",
    schema: issuerList,
    optional: true,
    file: true,
    memberFaults: "names",
    expected: ISSUERS_FORM,
  },
  AUTH_ALGORITHMS: {
    meaning: "Accepted signatures; symmetric ones and `none` never are.",
    schema: algorithms,
    default: "RS256,PS256,ES256,EdDSA",
    expected: `a comma-separated list of ${ALGORITHMS.join(", ")}`,
  },
  AUTH_PLANS_CLAIM: {
    meaning:
      "Claim with the service plans that the caller may use: an array, or a string with spaces between. The name, or a path such as `resource_access.sms.roles`.",
    schema: v.pipe(v.string(), v.minLength(1)),
    default: "service_plans",
    expected: "the name of the claim that holds the service plans, or its path with dots",
  },
  AUTH_CLOCK_TOLERANCE_S: {
    meaning: "Leeway on `exp` and `nbf`.",
    schema: integer(0, 300),
    default: "5",
    expected: "whole seconds, 0 to 300",
  },
  AUTH_TOKEN_URL: {
    meaning:
      "The issuer's token endpoint, to which `POST /oauth2/token` is passed; without it there is no such path. See [issuers.md](issuers.md#the-token-endpoint).",
    schema: httpUrl,
    optional: true,
    expected: "an http(s) URL without credentials or fragment",
  },
  AUTH_TOKEN_PARAMETERS: {
    meaning:
      "Parameters that are added to token requests which lack them, as a form, for SDKs that cannot: `audience=…` (Auth0) or `scope=…` (Entra ID, Okta).",
    schema: tokenParameters,
    optional: true,
    expected: `a form of ${TOKEN_PARAMETERS.join(", ")}, such as scope=a%20b`,
  },
  AUTH_TOKEN_TIMEOUT_MS: {
    meaning: "Deadline of a request to `AUTH_TOKEN_URL`, its whole reply included.",
    schema: milliseconds,
    default: "8000", // less than the 10 s of the Python SDK
    expected: "whole milliseconds, 1 to 2147483647",
  },
  AUTH_TOKEN_PER_MINUTE: {
    meaning:
      "Maximum token requests of a client id per minute; ten times that for all. More are 429.",
    schema: integer(1, 1_000_000),
    default: "120",
    expected: "1 or more",
  },
  JWKS_MAX_AGE_MS: {
    meaning: "Age at which keys are downloaded again, in the background.",
    schema: milliseconds,
    default: "600000",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  JWKS_COOLDOWN_MS: {
    meaning: "Shortest time between two downloads of the keys.",
    schema: milliseconds,
    default: "30000",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  JWKS_MAX_STALE_MS: {
    meaning: "How long the last valid keys are used while the issuer is down.",
    schema: milliseconds,
    default: "86400000",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  MAX_BODY_BYTES: {
    meaning: "Maximum size of a request body.",
    schema: integer(1, 100 * 1024 * 1024),
    default: "1048576",
    expected: "bytes, 1 to 104857600",
  },
  MAX_HELD_BODY_BYTES: {
    meaning: "Maximum memory for the request bodies of all callers; more are 503 `overloaded`.",
    schema: integer(1, 64 * 1024 * 1024 * 1024),
    default: "67108864",
    expected: "bytes, 1 or more, at least MAX_BODY_BYTES",
  },
  UPSTREAM_TIMEOUT_MS: {
    meaning: "Deadline from sending to the response headers, retries included.",
    schema: milliseconds,
    default: "8000", // less than the 10 s of the Python SDK, so that it gets the gateway's 504
    expected: "whole milliseconds, 1 to 2147483647",
  },
  UPSTREAM_IDLE_TIMEOUT_MS: {
    meaning: "Longest pause between two chunks of a response.",
    schema: milliseconds,
    default: "5000",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  RETRY_ATTEMPTS: {
    meaning: "Maximum number of retries, where they are safe; 0 is off.",
    schema: integer(0, 10),
    default: "2",
    expected: "0 (off) to 10",
  },
  BREAKER_FAILURES: {
    meaning: "Consecutive failures after which the circuit breaker opens; 0 is off.",
    schema: integer(0, 1_000_000),
    default: "20",
    expected: "0 (off) or more",
  },
  BREAKER_RESET_MS: {
    meaning: "How long the circuit breaker stays open before it lets a request through.",
    schema: milliseconds,
    default: "5000",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  MAX_IN_FLIGHT: {
    meaning: "Maximum requests in flight; more are 503 `overloaded`.",
    schema: integer(1, 1_000_000),
    default: "1000",
    expected: "1 or more",
  },
  MAX_OUTSTANDING_PER_CALLER: {
    meaning: "Maximum outstanding requests per caller (`iss` and `sub`); more are 429.",
    schema: integer(1, 1_000_000),
    default: "100",
    expected: "1 or more",
  },
  MAX_OUTSTANDING_PER_ROUTE: {
    meaning: "Maximum outstanding requests per route; more are 429.",
    schema: integer(1, 1_000_000),
    default: "500",
    expected: "1 or more",
  },
  REQUEST_BODY_TIMEOUT_MS: {
    meaning:
      "Deadline for a whole request body; six times that for the caller to read more of a response.",
    schema: milliseconds,
    default: "10000",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  STATE_URL: {
    meaning:
      "Where idempotency keys are remembered: `memory:` (this process), `sqlite:<file>` (this machine), `redis://…` or `rediss://…` (all instances; `?cluster=true` for a Cluster).",
    schema: stateUrl,
    default: "memory:",
    file: true,
    expected: STATE_URL_FORM,
  },
  STATE_TIMEOUT_MS: {
    meaning: "Deadline of every operation on that store.",
    schema: milliseconds,
    default: "250",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  STATE_REPLICAS: {
    meaning: "Replicas of Redis that must have a key before anything is sent; 0 waits for none.",
    schema: integer(0, 100),
    default: "0",
    expected: "0 to 100",
  },
  IDEMPOTENCY: {
    meaning:
      "Whether `Idempotency-Key` is honoured on every POST, `required` on every POST, or ignored (`off`).",
    schema: v.picklist(["optional", "required", "off"]),
    default: "optional",
    expected: "one of optional, required, off",
  },
  IDEMPOTENCY_TTL_S: {
    meaning: "How long a key is remembered.",
    schema: integer(60, MAX_TTL_S),
    default: "86400",
    expected: `whole seconds, 60 to ${MAX_TTL_S} (30 days)`,
  },
  IDEMPOTENCY_FROM_CLIENT_REFERENCE: {
    meaning:
      "Whether a send without `Idempotency-Key` is keyed by its `client_reference`, for SDKs that cannot set a header; only if the reference is new for each message.",
    schema: v.picklist(["on", "off"]),
    default: "off",
    expected: "on or off",
  },
  CALLBACKS: {
    meaning:
      "Callbacks of the SMS API, as JSON: how they are authenticated, and to which services they are relayed; see docs/callbacks.md. It contains secrets. Without it there is no `/callbacks`.",
    schema: callbackSettings,
    optional: true,
    file: true,
    memberFaults: "messages",
    expected:
      'a JSON object such as {"plans":{"plan-id":{"hmac":"secret"}},"relays":[{"name":"billing","url":"https://billing.example/sms","secret":"whsec_…","callers":["billing"]}]}',
  },
  SHUTDOWN_GRACE_MS: {
    meaning: "Longest time from SIGTERM or SIGINT to the end of the process.",
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
    meaning: "Lowest level that is logged.",
    schema: v.picklist(["debug", "info", "warning", "error"]),
    default: "info",
    expected: "one of debug, info, warning, error",
  },
  LOG_FORMAT: {
    meaning: "Format of log lines; `auto`: text at a terminal, else JSON.",
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
  OTLP_TRACES_ENDPOINT: {
    meaning: "URL for spans, used as it is, instead of `/v1/traces` of `OTLP_ENDPOINT`.",
    schema: httpUrl,
    fallback: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    optional: true,
    expected: "an http(s) URL without credentials or fragment, path included",
  },
  OTLP_METRICS_ENDPOINT: {
    meaning: "URL for metrics, used as it is, instead of `/v1/metrics` of `OTLP_ENDPOINT`.",
    schema: httpUrl,
    fallback: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    optional: true,
    expected: "an http(s) URL without credentials or fragment, path included",
  },
  OTLP_LOGS_ENDPOINT: {
    meaning: "URL for log lines, used as it is, instead of `/v1/logs` of `OTLP_ENDPOINT`.",
    schema: httpUrl,
    fallback: "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    optional: true,
    expected: "an http(s) URL without credentials or fragment, path included",
  },
  OTLP_HEADERS: {
    meaning: "Headers of every export, such as an API key; values are percent-encoded.",
    schema: otlpHeaders,
    fallback: "OTEL_EXPORTER_OTLP_HEADERS",
    optional: true,
    file: true,
    expected: "a list such as api-key=secret,x-tenant=sms",
  },
  OTLP_COMPRESSION: {
    meaning: "Whether exports are compressed.",
    schema: v.picklist(["none", "gzip"]),
    fallback: "OTEL_EXPORTER_OTLP_COMPRESSION",
    default: "none",
    expected: "none or gzip",
  },
  OTLP_TIMEOUT_MS: {
    meaning: "Deadline of an export.",
    schema: milliseconds,
    fallback: "OTEL_EXPORTER_OTLP_TIMEOUT",
    default: "10000",
    expected: "whole milliseconds, 1 to 2147483647",
  },
  OTLP_CERTIFICATE: {
    meaning: "Certificate authorities of the collector, PEM.",
    schema: pem,
    optional: true,
    file: true,
    fileFallback: "OTEL_EXPORTER_OTLP_CERTIFICATE",
    expected: "certificates in PEM",
  },
  OTLP_CLIENT_CERTIFICATE: {
    meaning: "Certificate by which the gateway identifies itself to the collector, PEM.",
    schema: pem,
    optional: true,
    file: true,
    fileFallback: "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
    expected: "a certificate in PEM",
  },
  OTLP_CLIENT_KEY: {
    meaning: "Private key of `OTLP_CLIENT_CERTIFICATE`, PEM.",
    schema: pem,
    optional: true,
    file: true,
    fileFallback: "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    expected: "a private key in PEM",
  },
  METRICS_EXPORT: {
    meaning:
      "`otlp` pushes metrics to `/v1/metrics` of `OTLP_ENDPOINT` too; `/metrics` is always served.",
    schema: v.picklist(["prometheus", "otlp"]),
    default: "prometheus",
    expected: "prometheus (served at /metrics) or otlp (pushed to OTLP_ENDPOINT as well)",
  },
  LOGS_EXPORT: {
    meaning:
      "`otlp` sends log lines to `/v1/logs` of `OTLP_ENDPOINT` too; they are always written to standard output.",
    schema: v.picklist(["stdout", "otlp"]),
    default: "stdout",
    expected: "stdout or otlp (sent to OTLP_ENDPOINT as well)",
  },
  SERVICE_NAME: {
    meaning: "`service.name` of traces and metrics.",
    schema: v.pipe(v.string(), v.minLength(1)),
    fallback: "OTEL_SERVICE_NAME",
    default: "sms-gateway",
    expected: "the service.name of the traces",
  },
  RESOURCE_ATTRIBUTES: {
    meaning: "Attributes of the resource of traces, metrics and logs; values are percent-encoded.",
    schema: attributeList,
    fallback: "OTEL_RESOURCE_ATTRIBUTES",
    optional: true,
    expected: "a list such as deployment.environment.name=production,service.namespace=sms",
  },
  TRACE_SAMPLER: {
    meaning:
      "How traces are sampled; `parentbased_…`: the caller decides where it sends `traceparent`.",
    schema: v.picklist([
      "always_on",
      "always_off",
      "traceidratio",
      "parentbased_always_on",
      "parentbased_always_off",
      "parentbased_traceidratio",
    ]),
    fallback: "OTEL_TRACES_SAMPLER",
    default: "parentbased_traceidratio",
    expected:
      "one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio",
  },
  TRACE_SAMPLE_RATIO: {
    meaning:
      "Share of traces that the samplers with `traceidratio` sample; 5xx and the gateway's own refusals are exported in any case.",
    fallback: "OTEL_TRACES_SAMPLER_ARG",
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
  TRACE_BAGGAGE: {
    meaning: "Members of the caller's `baggage` that become attributes of the SERVER span.",
    schema: recordedBaggage,
    optional: true,
    expected:
      "up to 16 comma-separated names, such as team,order_id; names of credentials and of the gateway's own attributes (http.…, enduser.…) are never recorded",
  },
  TRACE_REQUEST_HEADERS: {
    meaning:
      "Request headers that become attributes of the SERVER span, as `http.request.header.…`.",
    schema: recordedHeaders,
    optional: true,
    expected:
      "up to 16 comma-separated header names, such as x-team; credentials, cookies and idempotency-key are never recorded",
  },
} as const satisfies Record<string, Setting>;

/** The variable with the path of the file that has the value of a setting. */
export function fileVariable(name: string): string {
  return `${name}_FILE`;
}

/** The settings whose value can come from a file, each with the variables that may name it. */
export const FILE_SETTINGS: readonly (readonly [setting: string, variables: readonly string[]])[] =
  Object.entries<Setting>(SETTINGS).filter(([, { file }]) => file)
    .map(([name, { fileFallback }]) => [
      name,
      [fileVariable(name), ...fileFallback ? [fileFallback] : []],
    ]);

/** Every environment variable that is read, fallbacks and names of files included. */
export const VARIABLES: readonly string[] = Object.entries<Setting>(SETTINGS)
  .flatMap(([name, { fallback, file, fileFallback }]) => [
    name,
    ...fallback ? [fallback] : [],
    ...file ? [fileVariable(name)] : [],
    ...fileFallback ? [fileFallback] : [],
  ]);
