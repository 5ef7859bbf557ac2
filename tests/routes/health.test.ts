import { assertEquals } from "@std/assert";
import { staticKeySet } from "../../auth/key_set.ts";
import { Issuers } from "../../auth/issuers.ts";
import { settingsOf, testIssuer } from "../support/issuer.ts";
import { testGateway } from "../support/gateway.ts";

const withoutKeys = { ...staticKeySet({ keys: [] }), isReady: () => false };

Deno.test("/livez is 200 while the process runs, even if it is not ready", async () => {
  const { request } = await testGateway({ keySet: withoutKeys, deps: { isStopping: () => true } });
  const response = await request("/livez", { token: null });
  const { version } = JSON.parse(await Deno.readTextFile("deno.json"));
  assertEquals([response.status, await response.json()], [200, { status: "ok", version }]);
});

const READINESS: readonly [
  name: string,
  options: Parameters<typeof testGateway>[0],
  reasons: string[],
][] = [
  ["no fault", {}, []],
  ["no key set", { keySet: withoutKeys }, ["key_set_unavailable"]],
  ["stopping", { deps: { isStopping: () => true } }, ["stopping"]],
  [
    "both",
    { keySet: withoutKeys, deps: { isStopping: () => true } },
    ["stopping", "key_set_unavailable"],
  ],
];

for (const [name, options, reasons] of READINESS) {
  Deno.test(`/readyz reports readiness and every reason against it: ${name}`, async () => {
    const { request } = await testGateway(options);
    const response = await request("/readyz", { token: null });
    assertEquals(response.status, reasons.length > 0 ? 503 : 200);
    const { reasons: given = [] } = await response.json();
    assertEquals(given, reasons);
    assertEquals(response.headers.get("cache-control"), "no-store");
  });
}

Deno.test("/readyz stays 200 while the breaker is open, and names it", async () => {
  const breaker = { state: "open" as const, run: () => Promise.reject(new Error("open")) };
  const breakers = { state: breaker.state, of: () => breaker };
  const { request } = await testGateway({ deps: { breakers } });
  const response = await request("/readyz", { token: null });
  assertEquals(
    [response.status, await response.json()],
    [200, { status: "degraded", reasons: ["upstream_circuit_open"] }],
  );
});

/** Issuers by host, some of which have no keys. */
async function issuersWith(without: readonly string[]) {
  const issuer = await testIssuer();
  const names = ["https://one.test", "https://kc.test/a", "https://kc.test/b"];
  return new Issuers(names.map((name) => settingsOf({ ...issuer, issuer: name })), {
    clockToleranceS: 0,
    createKeySet: (_, label) => without.includes(label()) ? withoutKeys : staticKeySet(issuer.jwks),
  });
}

Deno.test("/readyz stays 200 while some issuers have no keys, and names them by their host", async () => {
  const issuers = await issuersWith(["one.test", "kc.test#3"]);
  const { request } = await testGateway({ deps: { issuers } });
  const response = await request("/readyz", { token: null });
  const reasons = ["key_set_unavailable:one.test", "key_set_unavailable:kc.test#3"];
  assertEquals(
    [response.status, await response.json()],
    [200, { status: "degraded", reasons }],
  );
});

Deno.test("/readyz is 503 only when no issuer has keys", async () => {
  const issuers = await issuersWith(["one.test", "kc.test#2", "kc.test#3"]);
  const { request } = await testGateway({ deps: { issuers } });
  const response = await request("/readyz", { token: null });
  const { reasons } = await response.json();
  assertEquals([response.status, reasons], [503, ["key_set_unavailable"]]);
});

Deno.test("health checks are not traced and not counted as requests", async () => {
  const { request, spans, exchanges } = await testGateway();
  for (const path of ["/livez", "/readyz"]) {
    const response = await request(path, { token: null });
    assertEquals(response.headers.get("x-request-id")?.startsWith("id-"), true);
  }
  assertEquals([spans.length, exchanges.length], [0, 0]);
});

Deno.test("/readyz starts the fetch of a missing key set, as no other request arrives while it is 503", async () => {
  let kept = 0;
  const keySet = { ...withoutKeys, keepFresh: () => void kept++ };
  const { request } = await testGateway({ keySet });
  await request("/readyz", { token: null });
  assertEquals(kept, 1);
});
