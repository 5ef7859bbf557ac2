import { assertEquals } from "@std/assert";
import { jsonReply, testGateway } from "../support/gateway.ts";

const BATCHES = "/xms/v1/plan-1/batches";

for (const id of ["a", "0", "A-b_9", "01FC66621VHDBN119Z8PMV1QPU", "x".repeat(128)]) {
  Deno.test(`the caller's request id ${id.slice(0, 30)} is forwarded and returned`, async () => {
    const { request, sent } = await testGateway();
    const response = await request(BATCHES, { headers: { "x-request-id": id } });
    assertEquals(response.headers.get("x-request-id"), id);
    assertEquals(sent[0]?.headers["x-request-id"], id);
  });
}

for (const id of ["", " ", "a b", "a.b", "a,b", "x".repeat(129), "a\tb", "\u00e9", "<script>"]) {
  Deno.test(`the invalid request id ${JSON.stringify(id.slice(0, 20))} is replaced by a new one`, async () => {
    const { request, sent } = await testGateway();
    const response = await request(BATCHES, { headers: { "x-request-id": id } });
    assertEquals(response.headers.get("x-request-id"), "id-1");
    assertEquals(sent[0]?.headers["x-request-id"], "id-1");
  });
}

Deno.test("two request ids are replaced by a new one", async () => {
  const { request } = await testGateway();
  const headers = new Headers([["x-request-id", "a"], ["x-request-id", "b"]]);
  assertEquals((await request(BATCHES, { headers })).headers.get("x-request-id"), "id-1");
});

Deno.test("the gateway's request id is returned instead of the upstream's", async () => {
  const { request } = await testGateway({
    upstream: () => jsonReply(200, {}, { "x-request-id": "theirs" }),
  });
  assertEquals((await request(BATCHES)).headers.get("x-request-id"), "id-1");
});

Deno.test("refusals, including 404, and health answers have the request id", async () => {
  const { request } = await testGateway();
  for (const path of ["/", BATCHES, "/livez", "/readyz", "/xms/v1/plan-2/groups"]) {
    const response = await request(path, { token: null, headers: { "x-request-id": "mine" } });
    assertEquals(response.headers.get("x-request-id"), "mine", path);
  }
});
