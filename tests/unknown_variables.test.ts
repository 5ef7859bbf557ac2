import { assert, assertEquals } from "@std/assert";
import { SETTINGS, VARIABLES } from "../settings.ts";
import { misspellings, unknownVariables } from "../unknown_variables.ts";

/** Name of a variable that is set → the setting that was meant; undefined where none is similar. */
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
  Deno.test(`${name} is taken for ${meant ?? "a setting that does not exist"}`, () => {
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

Deno.test("variables of other programs, and those that Kubernetes sets for a service, are not taken for settings", () => {
  assertEquals(unknownVariables(ORDINARY), []);
});

Deno.test("no setting and no fallback is unknown", () => {
  assertEquals(unknownVariables(VARIABLES), []);
});

/** What a typist does to a name after its first word. */
const TYPING_ERRORS: Readonly<Record<string, (rest: string) => string>> = {
  "a letter left out": (rest) => rest.slice(0, 1) + rest.slice(2),
  "a letter too many": (rest) => rest.slice(0, 2) + rest.slice(1),
  "another letter": (rest) => "Q" + rest.slice(1),
  "two letters exchanged": (rest) => rest.slice(1, 2) + rest.slice(0, 1) + rest.slice(2),
};

for (const [error, applied] of Object.entries(TYPING_ERRORS)) {
  Deno.test(`${error} after the first word is found in every setting without a list of what is set`, () => {
    const tried = misspellings();
    for (const name of Object.keys(SETTINGS).filter((name) => name.includes("_"))) {
      const [first, rest] = [name.slice(0, name.indexOf("_") + 1), name.replace(/^.*?_/, "")];
      const misspelt = first + applied(rest);
      assert(misspelt === name || tried.has(misspelt), misspelt);
    }
  });
}

Deno.test("a word that is missing or another one is found without a list of what is set", () => {
  const tried = misspellings();
  for (const name of ["UPSTREAM_TIMEOUT", "AUTH_JWKS_URI", "SHUTDOWN_GRACE_SECONDS"]) {
    assert(tried.has(name), name);
  }
});

Deno.test("only names that access is granted to are tried, and no setting", () => {
  const granted = new Set(VARIABLES.map((name) => name.split("_", 1)[0]));
  for (const name of misspellings()) {
    assert(granted.has(name.split("_", 1)[0]), name);
    assert(!VARIABLES.includes(name), name);
  }
});
