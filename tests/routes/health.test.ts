import { assertEquals } from "@std/assert";
import { staticKeySet } from "../../auth/key_set.ts";
import { testGateway } from "../support/gateway.ts";

const withoutKeys = { ...staticKeySet({ keys: [] }), isReady: () => false };

Deno.test("/livez is 200 while the process runs, even if it is not ready", async () => {
  const { request } = await testGateway({ deps: { keySet: withoutKeys, isStopping: () => true } });
  const response = await request("/livez", { token: null });
  const { version } = JSON.parse(await Deno.readTextFile("deno.json"));
  assertEquals([response.status, await response.json()], [200, { status: "ok", version }]);
});

const READINESS: readonly [
  name: string,
  deps: NonNullable<Parameters<typeof testGateway>[0]>["deps"],
  reasons: string[],
][] = [
  ["no fault", {}, []],
  ["no key set", { keySet: withoutKeys }, ["key_set_unavailable"]],
  ["stopping", { isStopping: () => true }, ["stopping"]],
  ["both", { keySet: withoutKeys, isStopping: () => true }, ["stopping", "key_set_unavailable"]],
];

for (const [name, deps = {}, reasons] of READINESS) {
  Deno.test(`/readyz reports readiness and every reason against it: ${name}`, async () => {
    const { request } = await testGateway({ deps });
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
  const { request } = await testGateway({ deps: { keySet } });
  await request("/readyz", { token: null });
  assertEquals(kept, 1);
});
