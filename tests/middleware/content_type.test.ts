import { assertEquals } from "@std/assert";
import { testGateway } from "../support/gateway.ts";

const BATCHES = "/xms/v1/plan-1/batches";

const ACCEPTED = [
  "application/json",
  "Application/JSON",
  "application/json; charset=utf-8",
  "application/json;charset=UTF-8",
  'application/json; charset="UTF-8"',
  "application/json; x=y; Charset=Utf-8",
  "application/json ;x=y",
];

for (const type of ACCEPTED) {
  Deno.test(`a body of type ${type} is accepted and forwarded with that type`, async () => {
    const { request, sent } = await testGateway();
    const headers = { "content-type": type };
    const response = await request(BATCHES, { method: "POST", headers, body: "{}" });
    assertEquals([response.status, sent[0]?.headers["content-type"]], [200, type]);
  });
}

const REFUSED = [
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/jsonp",
  "application/json-patch+json",
  "application/vnd.api+json",
  "text/json",
  "application/json, text/plain",
  "application/json; charset=iso-8859-1",
  'application/json; charset="utf-16"',
  "application/json; charset=us-ascii",
  "application/json; charset=utf-8; charset=latin1",
  "application/json; charset=utf-8, text/plain",
  "application/json; charset=",
  "application/json; charset",
  "json",
  "",
];

for (const type of REFUSED) {
  Deno.test(`a body of type ${type || "(none)"} is 415 with Accept: application/json`, async () => {
    const { request, sent } = await testGateway();
    const headers = new Headers({ "content-type": type });
    const response = await request(BATCHES, { method: "POST", headers, body: "{}" });
    assertEquals(response.status, 415);
    assertEquals(response.headers.get("accept"), "application/json");
    assertEquals((await response.json()).code, "unsupported_media_type");
    assertEquals(sent, []);
  });
}

for (const method of ["POST", "PUT", "DELETE", "GET"]) {
  Deno.test(`a ${method} without a body needs no Content-Type`, async () => {
    const { request, sent } = await testGateway();
    const response = await request(`${BATCHES}/b`, { method });
    assertEquals([response.status, sent.length], [200, 1]);
    assertEquals(sent[0]?.body, null);
  });
}

for (const coding of ["gzip", "br", "GZIP", "gzip, identity"]) {
  Deno.test(`a body with Content-Encoding ${coding} is 415`, async () => {
    const { request, sent } = await testGateway();
    const headers = { "content-type": "application/json", "content-encoding": coding };
    const response = await request(BATCHES, { method: "POST", headers, body: "{}" });
    assertEquals([response.status, sent.length], [415, 0]);
  });
}

Deno.test("a body with Content-Encoding identity is accepted", async () => {
  const { request } = await testGateway();
  const headers = { "content-type": "application/json", "content-encoding": "identity" };
  assertEquals((await request(BATCHES, { method: "POST", headers, body: "{}" })).status, 200);
});
