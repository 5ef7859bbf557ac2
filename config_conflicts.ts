import type { Policy } from "./policies/policy.ts";
import type { CallbackSettings } from "./callback_settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Settings whose parsed values are compared. */
interface Values {
  readonly MAX_BODY_BYTES: number;
  readonly MAX_HELD_BODY_BYTES: number;
  readonly POLICIES: readonly Policy[] | undefined;
  readonly SMS_REGION: string;
  readonly SMS_API_URL?: string | undefined;
  readonly TEST_API_URL?: string | undefined;
  /** Undefined if it is not valid. */
  readonly SERVICE_PLANS: Readonly<Record<string, unknown>> | undefined;
  readonly PORT: number;
  readonly ADMIN_PORT: number | undefined;
  readonly CALLBACKS?: CallbackSettings | undefined;
  readonly OTLP_CLIENT_CERTIFICATE: string | undefined;
  readonly OTLP_CLIENT_KEY: string | undefined;
}

/** Faults of several settings together, each as a sentence that says what to do. */
export function conflicts(env: Environment, values: Values): string[] {
  return [
    ...issuerFaults(env),
    ...tokenFaults(env),
    ...exportFaults(env),
    ...endpointFaults(env),
    ...bodyFaults(values),
    ...portFaults(values),
    ...stateFaults(env),
    ...testFaults(env, values),
    ...callbackFaults(values),
    ...oauthFaults(env, values),
    ...certificateFaults(env),
    ...clientKeyFaults(values),
  ];
}

function callbackFaults({ SERVICE_PLANS = {}, CALLBACKS }: Values): string[] {
  return Object.keys(CALLBACKS?.plans ?? {}).filter((plan) => !Object.hasOwn(SERVICE_PLANS, plan))
    .map((plan) => `CALLBACKS: plans.${plan} is not a service plan of SERVICE_PLANS`);
}

function certificateFaults({ SMS_CLIENT_CERT, SMS_CLIENT_KEY }: Environment): string[] {
  return Boolean(SMS_CLIENT_CERT) !== Boolean(SMS_CLIENT_KEY)
    ? ["SMS_CLIENT_CERT and SMS_CLIENT_KEY belong together: set both, or none"]
    : [];
}

/** The hosts of the SMS API, in all regions. */
const SMS_API_HOST = /(?:^|\.)sms\.api\.sinch\.com$/;

/** The regions in which the API accepts OAuth 2.0. */
const OAUTH_REGIONS: readonly string[] = ["us", "eu"];

function oauthFaults(env: Environment, { SMS_REGION, SERVICE_PLANS = {} }: Values): string[] {
  const hasClients = Object.values(SERVICE_PLANS).some((plan) => typeof plan === "object");
  return hasClients && !env.SMS_API_URL && !OAUTH_REGIONS.includes(SMS_REGION)
    ? [
      "SERVICE_PLANS has OAuth 2.0 client credentials, which the SMS API accepts in the regions us and eu only: set SMS_REGION to one of them, or use API tokens",
    ]
    : [];
}

function clientKeyFaults({ OTLP_CLIENT_CERTIFICATE, OTLP_CLIENT_KEY }: Values): string[] {
  return Boolean(OTLP_CLIENT_CERTIFICATE) === Boolean(OTLP_CLIENT_KEY)
    ? []
    : ["OTLP_CLIENT_CERTIFICATE and OTLP_CLIENT_KEY belong together: set both"];
}

function bodyFaults({ MAX_BODY_BYTES, MAX_HELD_BODY_BYTES }: Values): string[] {
  return MAX_HELD_BODY_BYTES < MAX_BODY_BYTES
    ? [`MAX_HELD_BODY_BYTES is less than MAX_BODY_BYTES: set it to ${MAX_BODY_BYTES} or more`]
    : [];
}

function portFaults({ PORT, ADMIN_PORT }: Values): string[] {
  return ADMIN_PORT === PORT && PORT > 0
    ? ["ADMIN_PORT and PORT are the same: choose another ADMIN_PORT, or do not set it"]
    : [];
}

function stateFaults(env: Environment): string[] {
  const hasReplicas = /^rediss?:/.test(env.STATE_URL ?? "");
  return Number(env.STATE_REPLICAS) > 0 && !hasReplicas
    ? ["STATE_REPLICAS is set, but only Redis has replicas: set STATE_URL to redis://…"]
    : [];
}

function testFaults(env: Environment, values: Values): string[] {
  const { POLICIES = [], SMS_API_URL, TEST_API_URL } = values;
  const test = POLICIES.find(({ mode }) => mode === "test");
  if (test && !env.TEST_API_URL) {
    return [
      `the policy ${test.name} has the mode test, which needs TEST_API_URL: a sandbox of the SMS API`,
    ];
  }
  const isLive = TEST_API_URL !== undefined &&
    (SMS_API_HOST.test(new URL(TEST_API_URL).hostname) ||
      (SMS_API_URL !== undefined && new URL(SMS_API_URL).href === new URL(TEST_API_URL).href));
  return isLive
    ? [
      "TEST_API_URL is the SMS API itself, to which the mode test sends nothing: set it to a sandbox",
    ]
    : [];
}

/**
 * The path of a signal is appended to the endpoint: with the path twice, the collector responds
 * 404.
 */
function endpointFaults(env: Environment): string[] {
  const name = env.OTLP_ENDPOINT ? "OTLP_ENDPOINT" : "OTEL_EXPORTER_OTLP_ENDPOINT";
  const [, path] = /(\/v1\/(?:traces|metrics|logs))\/*$/.exec(env[name] ?? "") ?? [];
  return path
    ? [`${name} ends in ${path}, which is appended to it: write the base URL before ${path} alone`]
    : [];
}

/** Signals that are exported only if a setting says so, with what the collector is for. */
const EXPORTS = { METRICS: "push metrics to", LOGS: "send log lines to" } as const;

function exportFaults(env: Environment): string[] {
  const common = env.OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return Object.entries(EXPORTS).filter(([signal]) =>
    env[`${signal}_EXPORT`] === "otlp" && !common &&
    !env[`OTLP_${signal}_ENDPOINT`] && !env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]
  ).map(([signal, purpose]) =>
    `${signal}_EXPORT is otlp, which needs OTLP_ENDPOINT: where to ${purpose}`
  );
}

/** The settings of a single issuer, with what each must be. */
const SINGLE_ISSUER = {
  AUTH_ISSUER: "the iss claim that tokens must have",
  AUTH_AUDIENCE: "the aud claim that tokens must have",
} as const;

const KEY_SETS = ["AUTH_JWKS_URL", "AUTH_JWKS"] as const;

function issuerFaults(env: Environment): string[] {
  const single = [...Object.keys(SINGLE_ISSUER), ...KEY_SETS].filter((name) => env[name]);
  if (env.AUTH_ISSUERS) {
    return single.map((name) => `AUTH_ISSUERS and ${name} exclude each other: set one of them`);
  }
  return [
    ...Object.entries(SINGLE_ISSUER).filter(([name]) => !env[name])
      .map(([name, meaning]) => `${name} is required: ${meaning}`),
    ...keySetFaults(env),
  ];
}

function tokenFaults(env: Environment): string[] {
  return env.AUTH_TOKEN_PARAMETERS && !env.AUTH_TOKEN_URL
    ? ["AUTH_TOKEN_PARAMETERS is set, but without AUTH_TOKEN_URL there are no token requests"]
    : [];
}

function keySetFaults(env: Environment): string[] {
  if (!env.AUTH_JWKS_URL && !env.AUTH_JWKS) {
    return ["AUTH_JWKS_URL or AUTH_JWKS is required: the issuer's key set, by URL or inline"];
  }
  if (env.AUTH_JWKS_URL && env.AUTH_JWKS) {
    return ["AUTH_JWKS_URL and AUTH_JWKS exclude each other: set one of them"];
  }
  return [];
}
