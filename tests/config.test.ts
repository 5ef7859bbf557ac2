import { assert, assertEquals, assertNotMatch, assertRejects, assertThrows } from "@std/assert";
import { type Config, ConfigError, parseConfig } from "../config.ts";
import { loadConfig } from "../entry/load_config.ts";
import { SETTINGS } from "../settings.ts";

const PUBLIC_KEY = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
const KEY_SET = JSON.stringify({ keys: [PUBLIC_KEY] });

/** The required settings alone. */
const MINIMAL = {
  SERVICE_PLANS: '{"plan-1":"token-1"}',
  AUTH_JWKS_URL: "https://issuer.example/jwks.json",
  AUTH_ISSUER: "https://issuer.example",
  AUTH_AUDIENCE: "sms-gateway",
};

/** Stands for a secret, which must never be printed. */
const MARKER = "SECRET-MARKER";

function faultsOf(env: Record<string, string>): readonly string[] {
  return assertThrows(() => parseConfig(env), ConfigError).faults;
}

function nameOf(fault: string): string {
  return fault.split(" ", 1)[0] ?? "";
}

/** Part of the configuration → its default. */
const DEFAULTS: readonly [(config: Config) => unknown, unknown][] = [
  [(c) => c.port, 8080],
  [(c) => c.host, "0.0.0.0"],
  [(c) => c.adminPort, undefined],
  [(c) => c.upstream.url, "https://us.sms.api.sinch.com"],
  [(c) => c.upstream.timeoutMs, 8_000],
  [(c) => c.upstream.idleTimeoutMs, 5_000],
  [(c) => c.upstream.retryAttempts, 2],
  [(c) => c.servicePlans, { "plan-1": "token-1" }],
  [(c) => c.auth.issuers[0]?.algorithms, ["RS256", "PS256", "ES256", "EdDSA"]],
  [(c) => c.auth.issuers[0]?.plansClaim, "service_plans"],
  [(c) => c.auth.clockToleranceS, 5],
  [(c) => c.auth.issuers[0]?.keySet, { url: "https://issuer.example/jwks.json" }],
  [(c) => c.auth.jwksMaxAgeMs, 600_000],
  [(c) => c.auth.jwksCooldownMs, 30_000],
  [(c) => c.maxBodyBytes, 1_048_576],
  [(c) => c.telemetry.traces?.url, undefined],
  [(c) => c.telemetry.resource["service.name"], "sms-gateway"],
  [(c) => c.telemetry.sampleRatio, 1],
];

Deno.test("the required settings alone give the documented defaults", () => {
  const config = parseConfig(MINIMAL);
  for (const [part, expected] of DEFAULTS) assertEquals(part(config), expected, `${part}`);
});

for (const region of ["us", "eu", "au", "br", "ca"]) {
  Deno.test(`SMS_REGION ${region} selects the SMS API of that region`, () => {
    const { upstream } = parseConfig({ ...MINIMAL, SMS_REGION: region });
    assertEquals(upstream.url, `https://${region}.sms.api.sinch.com`);
  });
}

/** Environment → a part of the configuration that it must give. */
const ACCEPTED: readonly [string, Record<string, string>, (config: Config) => unknown, unknown][] =
  [
    [
      "SMS_API_URL takes precedence over SMS_REGION",
      { SMS_API_URL: "http://localhost:4010", SMS_REGION: "eu" },
      (c) => c.upstream.url,
      "http://localhost:4010",
    ],
    [
      "trailing slashes of SMS_API_URL are dropped",
      { SMS_API_URL: "http://localhost:4010/base//" },
      (c) => c.upstream.url,
      "http://localhost:4010/base",
    ],
    ["port 0 selects any free port", { PORT: "0" }, (c) => c.port, 0],
    ["HOST may be an IPv6 address", { HOST: "::1" }, (c) => c.host, "::1"],
    ["an empty variable counts as not set", { PORT: "", HOST: "" }, (c) => c.port, 8080],
    [
      "algorithms may be listed with spaces",
      { AUTH_ALGORITHMS: "ES256, EdDSA" },
      (c) => c.auth.issuers[0]?.algorithms,
      ["ES256", "EdDSA"],
    ],
    [
      "AUTH_JWKS holds a key set inline",
      { AUTH_JWKS_URL: "", AUTH_JWKS: KEY_SET },
      (c) => c.auth.issuers[0]?.keySet,
      { jwks: { keys: [PUBLIC_KEY] } },
    ],
    [
      "OTLP_ENDPOINT sets the endpoint of the spans",
      { OTLP_ENDPOINT: "http://a:4318/", OTEL_EXPORTER_OTLP_ENDPOINT: "http://b:4318" },
      (c) => c.telemetry.traces?.url,
      "http://a:4318/v1/traces",
    ],
    [
      "OTEL_EXPORTER_OTLP_ENDPOINT is the fallback of OTLP_ENDPOINT",
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://b:4318" },
      (c) => c.telemetry.traces?.url,
      "http://b:4318/v1/traces",
    ],
    [
      "the endpoint of a signal is used as it is, and goes before the common one",
      {
        OTLP_ENDPOINT: "http://a:4318",
        OTLP_TRACES_ENDPOINT: "http://b/traces?tenant=1",
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://c",
        METRICS_EXPORT: "otlp",
      },
      (c) => [c.telemetry.traces?.url, c.telemetry.metrics?.url],
      ["http://b/traces?tenant=1", "http://c"],
    ],
    [
      "headers of exports are percent-decoded",
      {
        OTLP_ENDPOINT: "http://a:4318",
        OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20abc%3D%3D, x-scope-orgid = sms",
      },
      (c) => c.telemetry.traces?.headers,
      { authorization: "Basic abc==", "x-scope-orgid": "sms" },
    ],
    [
      "compression and deadline of exports, and the sampler, have their names of OpenTelemetry",
      {
        OTLP_ENDPOINT: "http://a:4318",
        OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
        OTEL_EXPORTER_OTLP_TIMEOUT: "500",
        OTEL_TRACES_SAMPLER: "traceidratio",
        OTEL_TRACES_SAMPLER_ARG: "0.5",
      },
      ({ telemetry: { traces, sampler, sampleRatio } }) => [
        traces?.gzip,
        traces?.timeoutMs,
        sampler,
        sampleRatio,
      ],
      [true, 500, "traceidratio", 0.5],
    ],
    [
      "the service's name goes before that of the resource attributes",
      { RESOURCE_ATTRIBUTES: "service.name=a,b=c%2Cd", SERVICE_NAME: "sms" },
      (c) => c.telemetry.resource,
      { "service.name": "sms", b: "c,d" },
    ],
    [
      "the resource attributes may name the service",
      { OTEL_RESOURCE_ATTRIBUTES: "service.name=a" },
      (c) => c.telemetry.resource,
      { "service.name": "a" },
    ],
    [
      "OTEL_SERVICE_NAME is the fallback of SERVICE_NAME",
      { OTEL_SERVICE_NAME: "other" },
      (c) => c.telemetry.resource["service.name"],
      "other",
    ],
    [
      "a sample ratio may start with a decimal point",
      { TRACE_SAMPLE_RATIO: ".25" },
      (c) => c.telemetry.sampleRatio,
      0.25,
    ],
    [
      "a sample ratio may be zero",
      { TRACE_SAMPLE_RATIO: "0" },
      (c) => c.telemetry.sampleRatio,
      0,
    ],
    [
      "double quotes around a JSON value, as docker run --env-file keeps them, are removed",
      { SERVICE_PLANS: `"{"plan-1":"token-2"}"` },
      (c) => c.servicePlans,
      { "plan-1": "token-2" },
    ],
    [
      "single quotes around a JSON value are removed",
      { SERVICE_PLANS: `'{"plan-1":"token-2"}'`, AUTH_JWKS_URL: "''", AUTH_JWKS: `'${KEY_SET}'` },
      (c) => [c.servicePlans, c.auth.issuers[0]?.keySet],
      [{ "plan-1": "token-2" }, { jwks: { keys: [PUBLIC_KEY] } }],
    ],
    [
      "quotes around a plain value are removed, for a fallback too",
      { AUTH_ISSUER: "'issuer'", PORT: '"1"', OTEL_EXPORTER_OTLP_ENDPOINT: '"http://b:4318"' },
      (c) => [c.auth.issuers[0]?.issuer, c.port, c.telemetry.traces?.url],
      ["issuer", 1, "http://b:4318/v1/traces"],
    ],
    [
      "only one pair of quotes is removed, and only if both match",
      { AUTH_ISSUER: `"'issuer'"`, AUTH_AUDIENCE: `"audience'` },
      (c) => [c.auth.issuers[0]?.issuer, c.auth.issuers[0]?.audiences[0]],
      ["'issuer'", `"audience'`],
    ],
    [
      "the endpoint keeps a path before that of the signal",
      { OTLP_ENDPOINT: "http://a:4318/v1/traces/otlp" },
      (c) => c.telemetry.traces?.url,
      "http://a:4318/v1/traces/otlp/v1/traces",
    ],
    [
      "a leeway of zero is accepted",
      { AUTH_CLOCK_TOLERANCE_S: "0" },
      (c) => c.auth.clockToleranceS,
      0,
    ],
    [
      "a service plan's token may contain any visible character",
      { SERVICE_PLANS: '{"p_1-A":"!~\\"x"}' },
      (c) => c.servicePlans,
      { "p_1-A": '!~"x' },
    ],
  ];

for (const [guarantee, env, part, expected] of ACCEPTED) {
  Deno.test(guarantee, () => assertEquals(part(parseConfig({ ...MINIMAL, ...env })), expected));
}

/** Invalid values of each variable; `MARKER` is where a secret might be. */
const REFUSED: Readonly<Partial<Record<keyof typeof SETTINGS, readonly string[]>>> = {
  PORT: ["-1", "65536", "80a", "8080 ", "1e3", "0x50", MARKER],
  HOST: ["a b", "http://x", `${MARKER}/`],
  SMS_REGION: ["US", "asia", MARKER],
  SMS_API_URL: [
    "localhost:4010",
    "ftp://x",
    "/path",
    `https://user:${MARKER}@host`,
    "https://user@host",
    "https://host/#fragment",
    `https://host/?token=${MARKER}`,
    "https://host/?",
    "https://host/#",
    " https://host",
    "https://host\n",
  ],
  SERVICE_PLANS: [
    MARKER,
    "{}",
    "[]",
    "null",
    '"x"',
    `{"plan-1":""}`,
    `{"plan-1":12}`,
    `{"plan-1":"with space"}`,
    `{"plan-1":"line\\r\\nbreak"}`,
    `{"plan-1":"${MARKER}ü"}`,
    `{"${MARKER}/..":"token"}`,
    `{"":"token"}`,
    `{"plan-1":"${MARKER}"`,
  ],
  AUTH_JWKS_URL: ["issuer/jwks", "file:///etc/passwd", `https://u:${MARKER}@host/`],
  AUTH_JWKS: [
    MARKER,
    "{}",
    "[]",
    '{"keys":[]}',
    '{"keys":{}}',
    '{"keys":[null]}',
    `{"keys":[{"kty":"oct","k":"${MARKER}"}]}`,
    `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"x","d":"${MARKER}"}]}`,
    `{"keys":[${JSON.stringify(PUBLIC_KEY)},{"kty":"RSA","n":"n","e":"e","d":"${MARKER}"}]}`,
  ],
  AUTH_ISSUER: [""],
  AUTH_AUDIENCE: [""],
  AUTH_ALGORITHMS: ["HS256", "none", "RS256,none", "RS256,", "rs256", `RS256,${MARKER}`],
  AUTH_CLOCK_TOLERANCE_S: ["-1", "301", "1.5", MARKER],
  JWKS_MAX_AGE_MS: ["0", "-1", "1s", "2147483648", MARKER],
  JWKS_COOLDOWN_MS: ["0", "2147483648", MARKER],
  JWKS_MAX_STALE_MS: ["0", "2147483648", MARKER],
  MAX_BODY_BYTES: ["0", "104857601", "1MB", MARKER],
  MAX_HELD_BODY_BYTES: ["0", "68719476737", "64MB", MARKER],
  UPSTREAM_TIMEOUT_MS: ["0", "2147483648", "Infinity", MARKER],
  UPSTREAM_IDLE_TIMEOUT_MS: ["0", "NaN", MARKER],
  RETRY_ATTEMPTS: ["-1", "11", MARKER],
  BREAKER_FAILURES: ["-1", MARKER],
  BREAKER_RESET_MS: ["0", MARKER],
  MAX_IN_FLIGHT: ["0", MARKER],
  MAX_OUTSTANDING_PER_CALLER: ["0", MARKER],
  MAX_OUTSTANDING_PER_ROUTE: ["0", MARKER],
  METRICS_EXPORT: ["statsd", MARKER],
  LOGS_EXPORT: ["stderr", MARKER],
  TRACE_BAGGAGE: [
    ...["a b", "a=b", "a;b", "x".repeat(65), Array(17).fill("a").join()],
    ...["authorization", "api-key", "team,Cookie", "session-token", "http.route", "enduser.id"],
    ...["sms_gateway.error.fault", "error.type"],
  ],
  TRACE_REQUEST_HEADERS: [
    "Authorization",
    "x-team,COOKIE",
    "proxy-authorization",
    "Idempotency-Key",
    ...["x-auth-token", "x-amz-security-token", "dpop", "x-signature", "x-api-key"],
    "x team",
    Array(17).fill("a").join(),
  ],
  REQUEST_BODY_TIMEOUT_MS: ["0", MARKER],
  SHUTDOWN_GRACE_MS: ["0", MARKER],
  OTLP_ENDPOINT: [
    "localhost:4318",
    `http://u:${MARKER}@host`,
    "http://host/#",
    "http://host ",
    `http://host/${MARKER}/v1/traces`,
    "http://host/v1/traces/",
    "http://host/v1/metrics",
    "http://host/v1/logs//",
    '"http://host/v1/traces"',
  ],
  LOG_LEVEL: ["loud", MARKER],
  LOG_FORMAT: ["xml", MARKER],
  TRACE_SAMPLE_RATIO: ["1.1", "-0.5", "50%", "1e-3", "0.5.5", MARKER],
};

for (const [name, values] of Object.entries(REFUSED)) {
  for (const value of values) {
    Deno.test(`${name}=${JSON.stringify(value)} is reported by its name, without the value`, () => {
      const env = { ...MINIMAL, ...(name === "AUTH_JWKS" && { AUTH_JWKS_URL: "" }), [name]: value };
      const error = assertThrows(() => parseConfig(env), ConfigError);
      assertEquals(error.faults.map(nameOf), [name]);
      assertNotMatch(Deno.inspect(error), new RegExp(MARKER));
    });
  }
}

Deno.test("all faults are reported at once, by name", () => {
  const bad = Object.entries(REFUSED).flatMap(([name, [value]]) =>
    value === undefined || name === "AUTH_JWKS_URL" ? [] : [[name, value]]
  );
  const named = faultsOf(Object.fromEntries(bad)).map(nameOf);
  assertEquals(named.toSorted(), bad.map(([name]) => name).toSorted());
});

Deno.test("an empty environment is reported with every required setting", () => {
  assertEquals(faultsOf({}).map(nameOf), [
    "SERVICE_PLANS",
    "AUTH_ISSUER",
    "AUTH_AUDIENCE",
    "AUTH_JWKS_URL",
  ]);
});

Deno.test("memory for bodies that holds not even one is refused", () => {
  const env = { ...MINIMAL, MAX_BODY_BYTES: "2000", MAX_HELD_BODY_BYTES: "1999" };
  assertEquals(faultsOf(env), [
    "MAX_HELD_BODY_BYTES is less than MAX_BODY_BYTES: set it to 2000 or more",
  ]);
});

Deno.test("ADMIN_PORT must differ from PORT, unless both are any free port", () => {
  const [fault] = faultsOf({ ...MINIMAL, ADMIN_PORT: "8080" });
  assertEquals(fault?.includes("ADMIN_PORT and PORT are the same"), true);
  const { adminPort } = parseConfig({ ...MINIMAL, PORT: "0", ADMIN_PORT: "0" });
  assertEquals(adminPort, 0);
});

Deno.test("each fault of POLICIES is reported by its path, without the value", () => {
  const policies = [
    { name: "a", callers: ["*"], countries: ["SE", MARKER], sender: [MARKER] },
    { name: MARKER.repeat(9), messages: {}, callers: MARKER },
  ];
  assertEquals(faultsOf({ ...MINIMAL, POLICIES: JSON.stringify(policies) }), [
    "POLICIES[0].countries[1] must be an ISO 3166-1 code in capitals, such as SE",
    "POLICIES[0].sender is not known here; is it misspelt?",
    "POLICIES[1].name must be 1 to 64 letters, digits, _ and -",
    "POLICIES[1].callers must be a list",
    "POLICIES[1].messages must have per_minute, per_hour or per_day",
  ]);
  assertEquals(
    faultsOf({ ...MINIMAL, POLICIES: `${MARKER}` })[0]?.startsWith("POLICIES is not"),
    true,
  );
});

Deno.test("POLICIES that are no list are refused with an example", () => {
  const [fault = ""] = faultsOf({ ...MINIMAL, POLICIES: "{}" });
  assertEquals(
    fault.startsWith('POLICIES must be a JSON list of policies, such as [{"name"'),
    true,
  );
});

for (
  const [name, value] of [
    ["POLICIES", '[{"name":"a","callers":["*"],"mode":"test","mode":"live"}]'],
    ["SERVICE_PLANS", '{"plan-1":"one","plan-1":"two"}'],
    ["AUTH_ISSUERS", '[{"issuer":"https://a.test","issuer":"https://b.test"}]'],
    ["CALLBACKS", '{"plans":{},"plans":{"plan-1":{}}}'],
  ] as const
) {
  Deno.test(`a member that ${name} has twice is refused`, () => {
    const faults = faultsOf({ ...MINIMAL, [name]: value });
    assert(faults.includes(`${name} has a member twice: write each member once`), faults.join());
  });
}

for (
  const [what, env] of [
    ["SMS_API_URL", { SMS_API_URL: "https://api.test/", TEST_API_URL: "https://API.test:443" }],
    ["a region", { TEST_API_URL: "https://eu.sms.api.sinch.com" }],
    ["another region", {
      SMS_API_URL: "https://us.sms.api.sinch.com",
      TEST_API_URL: "https://eu.sms.api.sinch.com",
    }],
  ] as const
) {
  Deno.test(`TEST_API_URL may not be the SMS API itself: ${what}`, () => {
    const [fault = ""] = faultsOf({ ...MINIMAL, SMS_API_URL: "", ...env });
    assert(fault.startsWith("TEST_API_URL is the SMS API itself"), fault);
  });
}

Deno.test("a policy with the mode test needs TEST_API_URL", () => {
  const POLICIES = JSON.stringify([{ name: "trial", callers: ["*"], mode: "test" }]);
  assertEquals(faultsOf({ ...MINIMAL, POLICIES }), [
    "the policy trial has the mode test, which needs TEST_API_URL: a sandbox of the SMS API",
  ]);
  const { testApi } = parseConfig({ ...MINIMAL, POLICIES, TEST_API_URL: "http://sandbox.test/" });
  assertEquals(testApi, { url: "http://sandbox.test", token: "test-token" });
});

Deno.test("AUTH_JWKS_URL and AUTH_JWKS exclude each other", () => {
  const [fault = ""] = faultsOf({ ...MINIMAL, AUTH_JWKS: KEY_SET });
  assert(fault.includes("AUTH_JWKS_URL") && fault.includes("AUTH_JWKS "), fault);
});

Deno.test("an invalid value of a fallback is reported by the name that was set", () => {
  const env = { ...MINIMAL, OTEL_EXPORTER_OTLP_ENDPOINT: "nonsense" };
  assertEquals(faultsOf(env).map(nameOf), ["OTEL_EXPORTER_OTLP_ENDPOINT"]);
});

Deno.test("every setting describes what it expects", () => {
  for (const [name, { expected }] of Object.entries(SETTINGS)) assert(expected.length > 3, name);
});

Deno.test("no setting of the gateway begins with OTEL_, which some hosts do not allow", () => {
  assertEquals(Object.keys(SETTINGS).filter((name) => name.startsWith("OTEL_")), []);
});

/** Values that parse but cannot work, and the variable that the error names. */
const CANNOT_WORK: readonly [what: string, env: Record<string, string>, named: string][] = [
  ["METRICS_EXPORT=otlp without an endpoint", { METRICS_EXPORT: "otlp" }, "METRICS_EXPORT"],
  ["LOGS_EXPORT=otlp without an endpoint", { LOGS_EXPORT: "otlp" }, "LOGS_EXPORT"],
  ["an EC key without its point", { AUTH_JWKS: '{"keys":[{"kty":"EC"}]}' }, "AUTH_JWKS"],
  [
    "an RSA key without its modulus",
    { AUTH_JWKS: '{"keys":[{"kty":"RSA","e":"AQAB"}]}' },
    "AUTH_JWKS",
  ],
  ["a blank issuer", { AUTH_ISSUER: " " }, "AUTH_ISSUER"],
  ["a blank audience", { AUTH_AUDIENCE: " " }, "AUTH_AUDIENCE"],
];

for (const [what, env, named] of CANNOT_WORK) {
  Deno.test(`${what} is reported before the gateway listens`, () => {
    const { AUTH_JWKS_URL: _, ...usable } = MINIMAL;
    const faults = faultsOf({ ...usable, AUTH_JWKS: KEY_SET, ...env });
    assertEquals(faults.map(nameOf), [named]);
  });
}

for (const name of ["OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"]) {
  Deno.test(`${name} with the path of a signal is reported with the correction`, () => {
    assertEquals(faultsOf({ ...MINIMAL, [name]: "http://a:4318/v1/traces" }), [
      `${name} ends in /v1/traces, which is appended to it: ` +
      "write the base URL before /v1/traces alone",
    ]);
  });
}

Deno.test("a required setting under a misspelt name is reported as missing, with the name that was set", () => {
  const { AUTH_ISSUER, ...rest } = MINIMAL;
  const error = assertThrows(
    () => parseConfig({ ...rest, AUTH_ISUER: AUTH_ISSUER + MARKER, LOG_DIR: MARKER }),
    ConfigError,
  );
  assertEquals(error.faults.map(nameOf), ["AUTH_ISSUER"]);
  assertEquals(
    error.message.split("\n").at(-1)?.trim(),
    "AUTH_ISUER is set, but is not a setting; did you mean AUTH_ISSUER?",
  );
  assertNotMatch(Deno.inspect(error), new RegExp(MARKER));
});

/** The required settings with these keys. */
function withKeys(...keys: unknown[]): Record<string, string> {
  const { AUTH_JWKS_URL: _, ...usable } = MINIMAL;
  return { ...usable, AUTH_JWKS: JSON.stringify({ keys }) };
}

const OFF_CURVE = { kty: "EC", crv: "P-256", x: PUBLIC_KEY.x, y: PUBLIC_KEY.x, kid: "es-1" };
const ENCRYPTION_KEY = { ...OFF_CURVE, use: "enc" };

Deno.test("each key of AUTH_JWKS that cannot be used is reported at the start", async () => {
  const env = withKeys(PUBLIC_KEY, OFF_CURVE, { ...PUBLIC_KEY, crv: "Ed448" }, ENCRYPTION_KEY);
  const { faults } = await assertRejects(() => loadConfig(env), ConfigError);
  assertEquals(faults.length, 2);
  assert(faults[0]?.startsWith('AUTH_JWKS: key 2 (kid "es-1") cannot be imported: '), faults[0]);
  assertEquals(faults[1], "AUTH_JWKS: key 3 has a curve (crv) that is not supported");
});

Deno.test("AUTH_JWKS with keys for encryption only is refused", async () => {
  const { faults } = await assertRejects(() => loadConfig(withKeys(ENCRYPTION_KEY)), ConfigError);
  assertEquals(faults.map(nameOf), ["AUTH_JWKS"]);
});

Deno.test("a valid environment is loaded as it is parsed", async () => {
  for (const env of [MINIMAL, withKeys(PUBLIC_KEY, ENCRYPTION_KEY)]) {
    assertEquals(await loadConfig(env), parseConfig(env));
  }
});

const RESERVED: Readonly<Record<string, (name: string) => string>> = {
  SERVICE_PLANS: (name) => `{"plan-1":"t","${name}":"token"}`,
  AUTH_ISSUERS: (name) =>
    `[{"issuer":"https://a.test","audiences":["x"],"plans_map":{"${name}":["plan-1"]}}]`,
  CALLBACKS: (name) =>
    `{"plans":{"${name}":{"hmac":"s"}},"relays":[{"name":"a","url":"https://a.test","secret":"whsec_${
      "a".repeat(32)
    }"}]}`,
};

for (const [setting, valueWith] of Object.entries(RESERVED)) {
  for (const name of ["__proto__", "constructor", "prototype"]) {
    Deno.test(`${setting} with the name ${name} is refused, and not taken without it`, () => {
      const { AUTH_JWKS_URL: _, AUTH_ISSUER: __, AUTH_AUDIENCE: ___, ...issuers } = MINIMAL;
      const env = setting === "AUTH_ISSUERS" ? issuers : MINIMAL;
      const { faults } = assertThrows(
        () => parseConfig({ ...env, [setting]: valueWith(name) }),
        ConfigError,
      );
      assertEquals(faults, [
        `${setting} has a member whose name cannot be used: none may be one of __proto__, constructor, prototype`,
      ]);
    });
  }
}

Deno.test("OTLP_HEADERS takes every name of a header", () => {
  const { telemetry } = parseConfig({
    ...MINIMAL,
    OTLP_ENDPOINT: "http://collector.test",
    OTLP_HEADERS: "constructor=a,x-b=c",
  });
  assertEquals(telemetry.traces?.headers, { constructor: "a", "x-b": "c" });
});
