import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FAULT_SHAPES, type FaultShape } from "../../sandbox/fault_shapes.ts";
import { type Json, number, request, testSandbox } from "./kit.ts";

const message = { to: [number(1)], body: "Hi" };

Deno.test("a requested fault may have any status, and changes nothing", async () => {
  const { call } = testSandbox();
  for (const status of [200, 204, 299, 302, 400, 401, 404, 418, 429, 499, 500, 503, 529, 599]) {
    const answer = await call("POST", `/batches?sandbox_status=${status}`, message);
    assertEquals(answer.status, status);
  }
  assertEquals((await call("GET", "/batches")).body.count, 0);
});

Deno.test("a redirect leads to a page that shows that it was followed", async () => {
  const { call, sandbox } = testSandbox();
  const { headers } = await call("GET", "/batches?sandbox_status=307");
  assertEquals(headers.get("location"), "/sandbox/redirected");
  const followed = await request(sandbox, "/sandbox/redirected", { method: "POST" });
  assertEquals(followed.body, { redirected: true });
});

Deno.test("a fault may have its own code and Retry-After", async () => {
  const { call } = testSandbox();
  const path = "/batches?sandbox_status=403&sandbox_code=brand_new&sandbox_retry_after=7";
  const { body, headers } = await call("GET", path);
  assertEquals([body.code, headers.get("retry-after")], ["brand_new", "7"]);
});

const SHAPES: Readonly<Record<FaultShape, (bytes: Uint8Array, headers: Headers) => void>> = {
  documented: (bytes) => assertEquals(Object.keys(json(bytes)), ["code", "text"]),
  extra_members: (bytes) => assert(Object.keys(json(bytes)).length > 2),
  numeric_code: (bytes) => assertEquals(typeof json(bytes).code, "number"),
  missing_text: (bytes) => assertEquals(Object.keys(json(bytes)), ["code"]),
  google: (bytes) => assertEquals(json(bytes).error.code, 502),
  problem: (bytes, headers) => {
    assertEquals(headers.get("content-type"), "application/problem+json");
    assertEquals(Object.keys(json(bytes)), ["type", "title", "detail", "status"]);
  },
  oauth: (bytes) => assertEquals(json(bytes).error, "invalid_token"),
  message: (bytes) => assertEquals(Object.keys(json(bytes)), ["message"]),
  errors: (bytes) => assertEquals(json(bytes).errors.length, 1),
  html: (bytes, headers) => {
    assertStringIncludes(text(bytes), "<html>");
    assertEquals(headers.get("content-type"), "text/html");
  },
  text: (_, headers) => assertStringIncludes(headers.get("content-type") ?? "", "text/plain"),
  empty: (bytes) => assertEquals(bytes.length, 0),
  truncated: (bytes) => assertEquals(errorNameOf(() => json(bytes)), "SyntaxError"),
  not_utf8: (bytes) => assertEquals(errorNameOf(() => text(bytes)), "TypeError"),
  gzip: (bytes, headers) => {
    assertEquals([...bytes.subarray(0, 2)], [0x1f, 0x8b]);
    assertEquals(headers.get("content-encoding"), "gzip");
  },
  wrong_type: (bytes, headers) => {
    assertEquals(Object.keys(json(bytes)), ["code", "text"]);
    assertEquals(headers.get("content-type"), "text/html");
  },
  no_type: (bytes, headers) => {
    assertEquals(Object.keys(json(bytes)), ["code", "text"]);
    assertEquals(headers.get("content-type"), null);
  },
  huge: (bytes) => assert(bytes.length > 4 * 1024 * 1024 && json(bytes).text.length > 0),
};

Deno.test("every error shape has the body and headers of its name", async (t) => {
  const { sandbox } = testSandbox();
  for (const shape of FAULT_SHAPES) {
    await t.step(shape, async () => {
      const path = `/xms/v1/plan/batches?sandbox_status=502&sandbox_shape=${shape}`;
      const response = await sandbox.app.request(path);
      assertEquals(response.status, 502);
      SHAPES[shape](new Uint8Array(await response.arrayBuffer()), response.headers);
    });
  }
});

Deno.test("a 404 has a body only if a shape is requested", async () => {
  const { call } = testSandbox();
  assertEquals((await call("GET", "/batches?sandbox_status=404")).body, "");
  const { body } = await call("GET", "/batches?sandbox_status=404&sandbox_shape=message");
  assertEquals(Object.keys(body), ["message"]);
});

Deno.test("an invalid fault is a 400 that names the expected values", async () => {
  const { call, sandbox } = testSandbox();
  const rows: [query: string, text: string][] = [
    ["sandbox_status=abc", "sandbox_status: expected a status, a whole number from 200 to 599"],
    ["sandbox_status=199", "from 200 to 599"],
    ["sandbox_status=600", "from 200 to 599"],
    ["sandbox_shape=round", "sandbox_shape: expected one of documented, "],
    ["sandbox_delay_ms=-1", "sandbox_delay_ms: expected milliseconds"],
    ["sandbox_reset=yes", "sandbox_reset: expected one of before_headers, mid_body"],
    ["sandbox_stall=1", "sandbox_stall: expected true or false"],
    ["sandbox_oops=1", "sandbox_oops: unknown, known are sandbox_status, sandbox_shape"],
    ["sandbox_status=1&sandbox_shape=x", "; sandbox_shape"],
  ];
  for (const [query, text] of rows) {
    const { status, body } = await call("GET", `/batches?${query}`);
    assertEquals([status, body.code], [400, "syntax_invalid_parameter_format"], query);
    assertStringIncludes(body.text, text);
  }
  const put = (body: string) => request(sandbox, "/sandbox/faults", { method: "PUT", body });
  for (const body of ['{"times":0}', '{"status":"503"}', '{"statsu":503}', "[]", "1", "{"]) {
    assertEquals((await put(body)).status, 400, body);
  }
  assertEquals((await call("GET", "/batches")).status, 200);
});

Deno.test("a standing fault applies to the given number of requests, or until it is cleared", async () => {
  const { call, sandbox } = testSandbox();
  const admin = (method: string, body?: Json) =>
    request(sandbox, "/sandbox/faults", { method, ...body && { body: JSON.stringify(body) } });
  const statuses = async (requests: number) => {
    const seen = [];
    for (let n = 0; n < requests; n++) seen.push((await call("GET", "/batches")).status);
    return seen;
  };
  const limited = { status: 503, shape: "html", retry_after: 3, times: 2 };
  assertEquals((await admin("PUT", limited)).body, limited);
  assertEquals((await call("GET", "/batches?sandbox_status=418")).status, 418);
  assertEquals((await admin("GET")).body, limited);
  assertEquals(await statuses(3), [503, 503, 200]);
  await admin("PUT", { status: 500 });
  assertEquals(await statuses(3), [500, 500, 500]);
  assertEquals((await admin("DELETE")).status, 204);
  assertEquals((await admin("GET")).body, {});
  assertEquals(await statuses(1), [200]);
  sandbox.setFault({ status: 429, times: 1 });
  assertEquals(await statuses(2), [429, 200]);
});

Deno.test("a delay and a reset within the body happen after the request was processed", async () => {
  const { call, sandbox } = testSandbox();
  const startMs = performance.now();
  assertEquals((await call("POST", "/batches?sandbox_delay_ms=30", message)).status, 201);
  assert(performance.now() - startMs >= 25);
  const cut = await sandbox.app.request("/xms/v1/plan/batches?sandbox_reset=mid_body", {
    method: "POST",
    headers: { authorization: "Bearer token", "content-type": "application/json" },
    body: JSON.stringify(message),
  });
  assertEquals(cut.status, 201);
  await assertRejects(() => cut.text(), TypeError);
  assertEquals((await call("GET", "/batches")).body.count, 2);
});

Deno.test("a reset before the headers rejects in memory, like a fetch", async () => {
  const { call } = testSandbox();
  const path = "/batches?sandbox_reset=before_headers";
  await assertRejects(() => call("POST", path, message), TypeError, "connection reset");
  assertEquals((await call("GET", "/batches")).body.count, 0);
});

Deno.test("received requests, including refused ones, can be read and cleared", async () => {
  const { call, sandbox } = testSandbox();
  await call("POST", "/batches?a=%20b", message);
  await call("GET", "/nothing?sandbox_status=500");
  const { body } = await request(sandbox, "/sandbox/requests");
  assertEquals(body, { count: 2, requests: sandbox.requests() });
  assertEquals(body.requests[0], {
    method: "POST",
    path: "/xms/v1/plan/batches?a=%20b",
    headers: { authorization: "Bearer token", "content-type": "application/json" },
    body: JSON.stringify(message),
    time: "2026-03-01T12:00:00.000Z",
  });
  assertEquals((await request(sandbox, "/sandbox/requests", { method: "DELETE" })).status, 204);
  assertEquals(sandbox.requests(), []);
});

Deno.test("the latest 1,000 requests are kept", async () => {
  const { call, sandbox } = testSandbox();
  for (let n = 0; n < 1_003; n++) await call("GET", `/nothing/${n}`);
  assertEquals(sandbox.requests().length, 1_000);
  assertEquals(sandbox.requests()[0]?.path, "/xms/v1/plan/nothing/3");
});

const decoder = new TextDecoder("utf-8", { fatal: true });
const text = (bytes: Uint8Array) => decoder.decode(bytes);
const json = (bytes: Uint8Array): Json => JSON.parse(text(bytes));

function errorNameOf(run: () => unknown): string {
  try {
    run();
    return "nothing thrown";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}
