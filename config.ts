import * as v from "valibot";
import type { CallbackSettings } from "./callback_settings.ts";
import { conflicts } from "./config_conflicts.ts";
import { platformAttributes } from "./platform.ts";
import type { Policy } from "./policies/policy.ts";
import type { ProxySettings } from "./proxy.ts";
import { settingFaults } from "./setting_faults.ts";
import { fileVariable, type Setting, SETTINGS, VARIABLES } from "./settings.ts";
import { type IssuerSettings, issuerSettings } from "./issuer_settings.ts";
import { type UnknownVariable, unknownVariables } from "./unknown_variables.ts";

/** The environment: variable name → value. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Values = {
  [Name in keyof typeof SETTINGS]:
    | v.InferOutput<typeof SETTINGS[Name]["schema"]>
    | (typeof SETTINGS[Name] extends { optional: true } ? undefined : never);
};

/** To where, and how, `POST /oauth2/token` is passed. */
export interface TokenEndpointConfig {
  readonly url: string;
  /** Names and values that are added to requests without them. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
  readonly timeoutMs: number;
  /** Maximum requests of a client id per minute. */
  readonly perMinute: number;
}

/** The parsed configuration. It contains secrets, so it must not be logged. */
export interface Config {
  /** Port to listen on. */
  readonly port: number;
  /** Address to listen on. */
  readonly host: string;
  /** Port of metrics and probes; undefined: that of the API. */
  readonly adminPort: number | undefined;
  /** The SMS API, and how requests to it are timed and retried. */
  readonly upstream: {
    /** Base URL without a trailing slash. */
    readonly url: string;
    /** The same for plans with OAuth 2.0 client credentials. */
    readonly oauthUrl: string;
    /** Where their tokens come from. */
    readonly tokenUrl: string;
    /** Client certificate and private key, in PEM. */
    readonly clientCertificate: { readonly cert: string; readonly key: string } | undefined;
    readonly timeoutMs: number;
    readonly idleTimeoutMs: number;
    readonly retryAttempts: number;
    readonly breaker: { readonly failures: number; readonly resetMs: number };
  };
  /** The way out of the network; may contain passwords. */
  readonly proxy: ProxySettings;
  /** Limits of outstanding requests; beyond them a request is refused. */
  readonly limits: {
    /** Maximum requests in flight. */
    readonly inFlight: number;
    readonly outstandingPerCaller: number;
    readonly outstandingPerRoute: number;
  };
  /** Service plan id → API token of the upstream, or project id → OAuth 2.0 client credentials. */
  readonly servicePlans: Readonly<
    Record<string, string | { readonly key_id: string; readonly key_secret: string }>
  >;
  /** What callers may send, in the order in which they are matched. */
  readonly policies: readonly Policy[];
  /** Where the requests of callers in the mode `test` go; required if there are any. */
  readonly testApi: { readonly url: string; readonly token: string } | undefined;
  /** Which bearer tokens are accepted, and how long keys are kept, in ms. */
  readonly auth: {
    readonly issuers: readonly IssuerSettings[];
    readonly clockToleranceS: number;
    /** The issuer's token endpoint; undefined: `/oauth2/token` does not exist. */
    readonly tokenEndpoint: TokenEndpointConfig | undefined;
    readonly jwksMaxAgeMs: number;
    readonly jwksCooldownMs: number;
    readonly jwksMaxStaleMs: number;
  };
  /** Largest request body, in bytes. */
  readonly maxBodyBytes: number;
  readonly maxHeldBodyBytes: number;
  readonly requestBodyTimeoutMs: number;
  /** What is remembered across requests and instances, and where. */
  readonly state: {
    /** May contain a password. */
    readonly url: string;
    readonly timeoutMs: number;
    readonly replicas: number;
  };
  readonly idempotency: {
    readonly mode: "optional" | "required" | "off";
    readonly ttlMs: number;
    readonly fromClientReference: boolean;
  };
  /** Callbacks of the SMS API; undefined: there is no route for them. */
  readonly callbacks: CallbackSettings | undefined;
  /** Time from a signal to the end of the process, in ms. */
  readonly shutdownGraceMs: number;
  /** Whether the API reference is served. */
  readonly docs: boolean;
  /** The least level that is logged, and the format of log lines. */
  readonly log: {
    readonly level: "debug" | "info" | "warning" | "error";
    readonly format: "auto" | "json" | "text";
  };
  /** Where spans, metrics and log lines are exported, and how many. */
  readonly telemetry: {
    /** Where spans go; they are not exported if undefined. */
    readonly traces: OtlpTarget | undefined;
    /** Where metrics are pushed; `/metrics` is always served. */
    readonly metrics: OtlpTarget | undefined;
    /** Where log lines go beside standard output. */
    readonly logs: OtlpTarget | undefined;
    /** Certificates for the collector, PEM. */
    readonly tls: OtlpTls;
    /** Attributes of the resource, `service.name` included. */
    readonly resource: Readonly<Record<string, string>>;
    readonly sampler: Values["TRACE_SAMPLER"];
    readonly sampleRatio: number;
    /** What of a request becomes attributes of its SERVER span. */
    readonly captured: {
      readonly baggage: readonly string[];
      readonly requestHeaders: readonly string[];
    };
  };
}

/** A collector's endpoint for one signal, OTLP/HTTP. */
export interface OtlpTarget {
  /** With the path of the signal. */
  readonly url: string;
  /** They are secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  readonly timeoutMs: number;
}

/** Certificates for connections to the collector, PEM; undefined: those of the runtime. */
export interface OtlpTls {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/**
 * Everything that is wrong with an environment, one line per variable, and unknown variables that
 * may be misspelt settings. It contains no values, since they may be secrets.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly faults: readonly string[], unknown: readonly UnknownVariable[] = []) {
    const lines = [...faults, ...unknown.map(unknownFault)].map((line) => `  ${line}`);
    super(`The configuration is not usable:\n${lines.join("\n")}`);
  }
}

function unknownFault({ name, did_you_mean }: UnknownVariable): string {
  return `${name} is set, but is not a setting` +
    (did_you_mean ? `; did you mean ${did_you_mean}?` : "");
}

/**
 * Parses an environment. The values of settings that come from files must be in it already, see
 * setting_files.ts. One pair of quotes around a value is removed, as shells and most readers
 * of `.env` files do, but not `docker run --env-file`.
 *
 * @throws {ConfigError} naming every variable that is missing or invalid, and what was expected
 */
export function parseConfig(environment: Environment): Config {
  const env = Object.fromEntries(VARIABLES.map((name) => [name, unquoted(environment[name])]));
  const faults: string[] = [];
  const values = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, setting]) => [name, parse(name, setting, env, faults)]),
  ) as Values; // the output of each setting's own schema; if one is missing, `faults` is not empty
  faults.push(...conflicts(env, values));
  if (faults.length > 0) {
    throw new ConfigError(faults, unknownVariables(Object.keys(environment)));
  }
  return toConfig(values, platformAttributes(environment));
}

/** No valid value begins and ends with the same quote: JSON values are objects or arrays. */
function unquoted(value: string | undefined): string | undefined {
  // On Workers, a binding may have another type; the schema rejects it.
  if (typeof value !== "string") return value;
  return /^(["'])(.*)\1$/s.exec(value)?.[2] ?? value;
}

function parse(name: string, setting: Setting, env: Environment, faults: string[]): unknown {
  const source = setting.fallback && !env[name] && env[setting.fallback] ? setting.fallback : name;
  const file = setting.file &&
    [fileVariable(name), setting.fileFallback ?? ""].find((variable) => env[variable]);
  const raw = env[source] || (file ? undefined : setting.default);
  if (file && raw === undefined) {
    faults.push(`${file}: the file is empty or cannot be read here; expected ${setting.expected}`);
    return undefined;
  }
  if (raw === undefined) {
    if (!setting.optional) faults.push(`${name} is required: ${setting.expected}`);
    return undefined;
  }
  const result = v.safeParse(setting.schema, raw);
  if (result.success) return result.output;
  faults.push(...settingFaults(file ?? source, setting, result.issues));
  return undefined;
}

/** The issuers of AUTH_ISSUERS, or the one of the single settings. */
function issuersOf(values: Values): IssuerSettings[] {
  const defaults = { algorithms: values.AUTH_ALGORITHMS, plansClaim: values.AUTH_PLANS_CLAIM };
  const single = {
    issuer: values.AUTH_ISSUER ?? "",
    audiences: [values.AUTH_AUDIENCE ?? ""],
    jwks: values.AUTH_JWKS,
    jwks_url: values.AUTH_JWKS_URL,
  };
  return (values.AUTH_ISSUERS ?? [single]).map((entry) => issuerSettings(entry, defaults));
}

function toConfig(values: Values, platform: Readonly<Record<string, string>>): Config {
  return {
    port: values.PORT,
    host: values.HOST,
    adminPort: values.ADMIN_PORT,
    upstream: {
      url: values.SMS_API_URL ?? `https://${values.SMS_REGION}.sms.api.sinch.com`,
      oauthUrl: values.SMS_API_URL ?? `https://zt.${values.SMS_REGION}.sms.api.sinch.com`,
      tokenUrl: values.SMS_AUTH_URL,
      clientCertificate: values.SMS_CLIENT_CERT && values.SMS_CLIENT_KEY
        ? { cert: values.SMS_CLIENT_CERT, key: values.SMS_CLIENT_KEY }
        : undefined,
      timeoutMs: values.UPSTREAM_TIMEOUT_MS,
      idleTimeoutMs: values.UPSTREAM_IDLE_TIMEOUT_MS,
      retryAttempts: values.RETRY_ATTEMPTS,
      breaker: { failures: values.BREAKER_FAILURES, resetMs: values.BREAKER_RESET_MS },
    },
    proxy: {
      https: values.HTTPS_PROXY,
      http: values.HTTP_PROXY,
      no: values.NO_PROXY ?? "",
    },
    limits: {
      inFlight: values.MAX_IN_FLIGHT,
      outstandingPerCaller: values.MAX_OUTSTANDING_PER_CALLER,
      outstandingPerRoute: values.MAX_OUTSTANDING_PER_ROUTE,
    },
    servicePlans: values.SERVICE_PLANS,
    policies: values.POLICIES ?? [],
    testApi: values.TEST_API_URL === undefined
      ? undefined
      : { url: values.TEST_API_URL, token: values.TEST_API_TOKEN },
    auth: {
      issuers: issuersOf(values),
      clockToleranceS: values.AUTH_CLOCK_TOLERANCE_S,
      tokenEndpoint: values.AUTH_TOKEN_URL === undefined ? undefined : {
        url: values.AUTH_TOKEN_URL,
        parameters: values.AUTH_TOKEN_PARAMETERS ?? [],
        timeoutMs: values.AUTH_TOKEN_TIMEOUT_MS,
        perMinute: values.AUTH_TOKEN_PER_MINUTE,
      },
      jwksMaxAgeMs: values.JWKS_MAX_AGE_MS,
      jwksCooldownMs: values.JWKS_COOLDOWN_MS,
      jwksMaxStaleMs: values.JWKS_MAX_STALE_MS,
    },
    maxBodyBytes: values.MAX_BODY_BYTES,
    maxHeldBodyBytes: values.MAX_HELD_BODY_BYTES,
    requestBodyTimeoutMs: values.REQUEST_BODY_TIMEOUT_MS,
    state: {
      url: values.STATE_URL,
      timeoutMs: values.STATE_TIMEOUT_MS,
      replicas: values.STATE_REPLICAS,
    },
    idempotency: {
      mode: values.IDEMPOTENCY,
      ttlMs: values.IDEMPOTENCY_TTL_S * 1_000,
      fromClientReference: values.IDEMPOTENCY_FROM_CLIENT_REFERENCE === "on",
    },
    callbacks: values.CALLBACKS,
    shutdownGraceMs: values.SHUTDOWN_GRACE_MS,
    docs: values.DOCS === "on",
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT },
    telemetry: {
      traces: otlpTarget(values, "traces"),
      metrics: values.METRICS_EXPORT === "otlp" ? otlpTarget(values, "metrics") : undefined,
      logs: values.LOGS_EXPORT === "otlp" ? otlpTarget(values, "logs") : undefined,
      tls: {
        ca: values.OTLP_CERTIFICATE,
        cert: values.OTLP_CLIENT_CERTIFICATE,
        key: values.OTLP_CLIENT_KEY,
      },
      resource: { ...platform, ...resource(values) },
      sampler: values.TRACE_SAMPLER,
      sampleRatio: values.TRACE_SAMPLE_RATIO,
      captured: {
        baggage: values.TRACE_BAGGAGE ?? [],
        requestHeaders: values.TRACE_REQUEST_HEADERS ?? [],
      },
    },
  };
}

/** A signal's own endpoint is used as it is, the common one with the path of the signal. */
function otlpTarget(values: Values, signal: "traces" | "metrics" | "logs"): OtlpTarget | undefined {
  const own = {
    traces: values.OTLP_TRACES_ENDPOINT,
    metrics: values.OTLP_METRICS_ENDPOINT,
    logs: values.OTLP_LOGS_ENDPOINT,
  }[signal];
  const base = values.OTLP_ENDPOINT;
  const url = own ?? (base === undefined ? undefined : `${base}/v1/${signal}`);
  return url === undefined ? undefined : {
    url,
    headers: values.OTLP_HEADERS ?? {},
    gzip: values.OTLP_COMPRESSION === "gzip",
    timeoutMs: values.OTLP_TIMEOUT_MS,
  };
}

/** `SERVICE_NAME` goes before `service.name` of the attributes, unless it is the default. */
function resource({ RESOURCE_ATTRIBUTES = {}, SERVICE_NAME }: Values): Record<string, string> {
  const isDefault = SERVICE_NAME === SETTINGS.SERVICE_NAME.default;
  const name = isDefault ? RESOURCE_ATTRIBUTES["service.name"] : undefined;
  return { ...RESOURCE_ATTRIBUTES, "service.name": name ?? SERVICE_NAME };
}
