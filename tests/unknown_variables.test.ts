import { assert, assertEquals } from "@std/assert";
import { SETTINGS, VARIABLES } from "../settings.ts";
import { misspellings, unknownVariables } from "../unknown_variables.ts";

/** Name of a variable → the setting that the warning suggests; undefined if none is similar. */
const WARNED: readonly [name: string, meant: string | undefined][] = [
  ["AUTH_ISUER", "AUTH_ISSUER"],
  ["AUHT_ISSUER", "AUTH_ISSUER"],
  ["AUTH_JWKS_URI", "AUTH_JWKS_URL"],
  ["AUTH_PASSWORD", undefined],
  ["LOGLEVEL", "LOG_LEVEL"],
  ["MAX_IN_FLIGT", "MAX_IN_FLIGHT"],
  ["MAX_OUTSTANDING_PER_TENANT", "MAX_OUTSTANDING_PER_CALLER"],
  ["METRICS_EXPORTER", "METRICS_EXPORT"],
  ["SERVICE_PLAN", "SERVICE_PLANS"],
  ["UPSTREAM_TIMEOUT", "UPSTREAM_TIMEOUT_MS"],
];

for (const [name, meant] of WARNED) {
  Deno.test(`${name} is reported as unknown, with ${meant ?? "no setting"} as the suggestion`, () => {
    assertEquals(unknownVariables(["PATH", name]), [{ name, did_you_mean: meant }]);
  });
}

const ORDINARY = [
  "PATH",
  "HOME",
  "HOSTNAME",
  "HOSTS",
  "POST",
  "PORTS",
  "PWD",
  "SHELL",
  "TERM",
  "LANG",
  "NO_COLOR",
  "DENO_DIR",
  "LOG_DIR",
  "MAX_MEMORY",
  "REQUEST_METHOD",
  "SERVICE_VERSION",
  "TRACE_ID",
  "OTEL_EXPORTER_OTLP_ENDPOIN",
  "SMS_GATEWAY_SERVICE_HOST",
  "SMS_GATEWAY_SERVICE_PORT",
  "SMS_GATEWAY_SERVICE_PORT_HTTP",
  "SMS_GATEWAY_PORT",
  "SMS_GATEWAY_PORT_8080_TCP",
  "SMS_GATEWAY_PORT_8080_TCP_PROTO",
  "SMS_GATEWAY_PORT_8080_TCP_PORT",
  "SMS_GATEWAY_PORT_8080_TCP_ADDR",
  "AUTH_SERVICE_HOST",
  "",
];

Deno.test("variables of other programs, and those that Kubernetes sets for a service, are not reported", () => {
  assertEquals(unknownVariables(ORDINARY), []);
});

Deno.test("no setting and no fallback is reported as unknown", () => {
  assertEquals(unknownVariables(VARIABLES), []);
});

/** Typing errors after the first word of a name. */
const TYPING_ERRORS: Readonly<Record<string, (rest: string) => string>> = {
  "a missing letter": (rest) => rest.slice(0, 1) + rest.slice(2),
  "an extra letter": (rest) => rest.slice(0, 2) + rest.slice(1),
  "another letter": (rest) => "Q" + rest.slice(1),
  "two transposed letters": (rest) => rest.slice(1, 2) + rest.slice(0, 1) + rest.slice(2),
};

for (const [error, applied] of Object.entries(TYPING_ERRORS)) {
  Deno.test(`${error} after the first word of any setting is found without listing the environment`, () => {
    const tried = new Set(misspellings());
    for (const name of Object.keys(SETTINGS).filter((name) => name.includes("_"))) {
      const [first, rest] = [name.slice(0, name.indexOf("_") + 1), name.replace(/^.*?_/, "")];
      const misspelt = first + applied(rest);
      assert(misspelt === name || tried.has(misspelt), misspelt);
    }
  });
}

Deno.test("a missing or a wrong word is found without listing the environment", () => {
  const tried = new Set(misspellings());
  for (const name of ["UPSTREAM_TIMEOUT", "AUTH_JWKS_URI", "SHUTDOWN_GRACE_SECONDS"]) {
    assert(tried.has(name), name);
  }
});

Deno.test("only names within the granted permissions are read, and none is a setting", () => {
  const granted = new Set(VARIABLES.map((name) => name.split("_", 1)[0]));
  for (const name of new Set(misspellings())) {
    assert(granted.has(name.split("_", 1)[0]), name);
    assert(!VARIABLES.includes(name), name);
  }
});
