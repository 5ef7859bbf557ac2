import { assert, assertEquals } from "@std/assert";
import { CATALOG, type CatalogCode, type CatalogEntry } from "../../errors/catalog.ts";
import { SETTINGS } from "../../settings.ts";
import { ATTR } from "../../telemetry/attributes.ts";

const README = await Deno.readTextFile(new URL("../../ops/README.md", import.meta.url));

Deno.test("ops/README.md names the catalog's fault of every code of 500 and above", () => {
  const codes = Object.entries(CATALOG) as [CatalogCode, CatalogEntry][];
  for (const fault of ["gateway", "upstream", "issuer"] as const) {
    const row = README.split("\n").find((line) => line.startsWith(`| \`${fault}\``)) ?? "";
    const named = [...(row.split("|")[3] ?? "").split(";")[0]!.matchAll(/`(\w+)`/g)];
    const expected = codes.filter(([, entry]) => entry.fault === fault && entry.status >= 500);
    assertEquals(named.map(([, code]) => code), expected.map(([code]) => code), fault);
  }
  const others = codes.filter(([, { fault, status }]) => status < 500 && fault !== "caller");
  assertEquals(others, []);
});

/** The string literals of a type alias in a module. */
async function literalsOf(type: string, module: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(`../../${module}`, import.meta.url));
  const source = text.replaceAll(/\/\*\*.*?\*\//g, ""); // comments may have a semicolon
  const [, declaration = ""] = new RegExp(`type ${type} =([^;]*);`).exec(source) ?? [];
  const literals = [...declaration.matchAll(/"(\w+)"/g)];
  assert(literals.length > 2, `${type} in ${module}`);
  return literals.map(([, literal = ""]) => literal);
}

/** The names in code font of a cell of the table of metrics, after a label. */
function valuesOf(metric: string, label: string): string[] {
  const row = README.split("\n").find((line) => line.startsWith(`| \`${metric}\``)) ?? "";
  const [, values = ""] = new RegExp(`\`${label}\`: ((?:\`\\w+\` ?)+)`).exec(row) ?? [];
  return [...values.matchAll(/`(\w+)`/g)].map(([, value = ""]) => value);
}

Deno.test("ops/README.md explains every outcome of a request with an idempotency key", async () => {
  const outcomes = await literalsOf("IdempotencyOutcome", "exchange.ts");
  const explained = [...README.matchAll(/^ {3}\| `(\w+)` +\|/gm)].map(([, outcome]) => outcome);
  assertEquals(explained, outcomes);
  assertEquals(valuesOf("sms_gateway_idempotency_requests_total", "outcome"), outcomes);
});

Deno.test("ops/README.md lists every rule of a policy that a request can break", async () => {
  const rules = await literalsOf("Violation", "policies/policy.ts");
  assertEquals(valuesOf("sms_gateway_policy_violations_total", "rule"), rules);
});

Deno.test("ops/README.md has the operations of the state store, and the reasons why they fail", async () => {
  const metric = "sms_gateway_state_operation_duration_seconds";
  const observed = await Deno.readTextFile(new URL("../../state/observed.ts", import.meta.url));
  const [, operations = ""] = /readonly operation: ([^;]*);/.exec(observed) ?? [];
  assertEquals(valuesOf(metric, "operation"), operations.match(/\w+/g));
  const reasons = await literalsOf("StateErrorReason", "state/store.ts");
  assertEquals(valuesOf(metric, "outcome"), ["ok", ...reasons]);
});

Deno.test("every name of our own in ops/README.md and the alerts exists", async () => {
  const alerts = await Deno.readTextFile(
    new URL("../../ops/prometheus/alerts.yaml", import.meta.url),
  );
  const names: readonly string[] = Object.values(ATTR);
  for (const text of [README, alerts]) {
    const used = [...text.matchAll(/\bsms_gateway\.\w+(?:\.\w+)*/g)].map(([name]) => name);
    assertEquals(used.filter((name) => !names.includes(name)), []);
    const settings = [...text.matchAll(/\b(?:STATE|IDEMPOTENCY|TRACE|JWKS)_[A-Z_]+\b/g)];
    assertEquals(settings.filter(([name]) => !Object.hasOwn(SETTINGS, name)), []);
    const named = [...text.matchAll(/\bSms(?:Gateway|Api)[A-Z]\w+/g)].map(([name]) => name);
    assertEquals(named.filter((name) => !alerts.includes(`- alert: ${name}\n`)), []);
  }
});

Deno.test("ops/README.md has the log lines and the reason of /readyz of the state store", async () => {
  const health = await Deno.readTextFile(new URL("../../state/health.ts", import.meta.url));
  const readiness = await Deno.readTextFile(new URL("../../routes/readiness.ts", import.meta.url));
  for (const line of ["the state store does not answer: ", "the state store answers again"]) {
    assert(health.includes(`"${line}`) && README.includes(`\`${line}`), line);
  }
  assert(readiness.includes('"state_unavailable"') && README.includes("`state_unavailable`"));
});
