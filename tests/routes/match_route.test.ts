import { assertEquals } from "@std/assert";
import { OPERATIONS } from "../../operations.ts";
import { allowedMethods } from "../../route_table.ts";
import { jsonReply, testGateway } from "../support/gateway.ts";

const SAMPLES: Readonly<Record<string, string>> = {
  service_plan_id: "plan-1",
  batch_id: "01FC66621VHDBN119Z8PMV1QPU",
  group_id: "group_1",
  inbound_id: "inbound-1",
  recipient_msisdn: "%2B46701234567",
};

const sampleOf = (path: string) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => SAMPLES[name] ?? "");

function bodyFor(method: string): RequestInit {
  if (method !== "POST" && method !== "PUT") return {};
  return { headers: { "content-type": "application/json" }, body: '{"a":1}' };
}

for (const { id, method, path, success } of OPERATIONS) {
  Deno.test(`${id} is forwarded as ${method} ${path} and its ${success} is returned`, async () => {
    const { request, sent, exchanges } = await testGateway({
      upstream: () => jsonReply(success, { id: "x" }),
    });
    const response = await request(sampleOf(path), { method, ...bodyFor(method) });
    assertEquals([response.status, await response.json()], [success, { id: "x" }]);
    assertEquals(sent.map((up) => [up.method, up.path]), [[method, sampleOf(path)]]);
    assertEquals(exchanges[0]?.operation?.id, id);
  });
}

const paths = [...new Set(OPERATIONS.map(({ path }) => path))];

for (const path of paths) {
  Deno.test(`${path} answers 405 with Allow to every other method and forwards nothing`, async () => {
    const { request, sent } = await testGateway();
    const allowed = allowedMethods(path);
    for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"]) {
      if (allowed.includes(method)) continue;
      const response = await request(sampleOf(path), { method, token: null });
      assertEquals(response.status, 405, method);
      assertEquals(response.headers.get("allow"), allowed.join(", "));
      const { code } = method === "HEAD" ? { code: "method_not_allowed" } : await response.json();
      assertEquals(code, "method_not_allowed");
    }
    assertEquals(sent, []);
  });
}

for (const path of paths.filter((path) => allowedMethods(path).includes("GET"))) {
  Deno.test(`HEAD of ${path} is answered like GET, without the body`, async () => {
    const { request, sent } = await testGateway({
      upstream: () => jsonReply(200, { id: "x" }, { "content-length": "10" }),
    });
    const response = await request(sampleOf(path), { method: "HEAD" });
    assertEquals([response.status, await response.text()], [200, ""]);
    assertEquals(response.headers.get("content-length"), "10");
    assertEquals(sent.map((up) => up.method), ["GET"]);
  });
}

const UNKNOWN = [
  "",
  "/",
  "/xms",
  "/xms/v1",
  "/xms/v1/plan-1",
  "/xms/v1/plan-1/",
  "/xms/v1/plan-1/batches/",
  "/xms/v1/plan-1//batches",
  "//xms/v1/plan-1/batches",
  "/XMS/v1/plan-1/batches",
  "/xms/v1/plan-1/Batches",
  "/xms/v2/plan-1/batches",
  "/xms/v1/plan-1/batches/a/b",
  "/xms/v1/plan-1/batches/a/delivery_report/",
  "/xms/v1/plan-1/batches/a/delivery_report/abc",
  "/xms/v1/plan-1/batches/a/delivery_report/%252B46",
  "/xms/v1/plan-1/batches/a/delivery_reports",
  "/xms/v1/plan-1/batches/%61",
  "/xms/v1/plan-1/batches/a%2Fb",
  "/xms/v1/plan-1/batches/a%2fdelivery_report",
  "/xms/v1/plan-1/batches/..",
  "/xms/v1/plan-1/batches/.",
  "/xms/v1/plan-1/batches/../groups",
  "/xms/v1/plan-1/../plan-2/batches",
  "/xms/v1/plan-1/batches/%2e%2e",
  "/xms/v1/plan-1/batches/%2e%2e%2fgroups",
  "/xms/v1/plan-1/batches/%252e%252e",
  "/xms/v1/plan-1/batches/a;b",
  "/xms/v1/plan-1/batches/a\\b",
  "/xms/v1/plan-1/batches/a%00",
  "/xms/v1/plan-1/batches/%c0%ae%c0%ae",
  "/xms/v1/plan-1/batches/a b",
  "/xms/v1/plan-1/batches/a.b",
  "/xms/v1/plan-1/batches/\u00e9",
  "/xms/v1/plan 1/batches",
  "/xms/v1/*/batches",
  "/xms/v1/:service_plan_id/batches",
  "/xms/v1/{service_plan_id}/batches",
  "/batches",
  "/sandbox/faults",
  "*",
];

for (const path of UNKNOWN) {
  Deno.test(`the path ${JSON.stringify(path)} is 404 without a body and not forwarded`, async () => {
    const { request, sent } = await testGateway();
    for (const method of ["GET", "POST", "DELETE"]) {
      const response = await request(path, { method });
      assertEquals([response.status, await response.text()], [404, ""]);
      assertEquals(response.headers.get("content-length"), "0");
      assertEquals(response.headers.get("x-error-origin"), "gateway");
    }
    assertEquals(sent, []);
  });
}

Deno.test("dry_run is an operation, not a batch identifier", async () => {
  const { request, sent, exchanges } = await testGateway();
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
  await request("/xms/v1/plan-1/batches/dry_run", init);
  assertEquals(exchanges[0]?.operation?.id, "dryRun");
  assertEquals((await request("/xms/v1/plan-1/batches/dry_run")).status, 405);
  assertEquals(sent.length, 1);
});
