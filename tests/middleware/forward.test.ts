import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { TransportError } from "../../errors/transport_error.ts";
import { jsonReply, testGateway } from "../support/gateway.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const JSON_TYPE = { "content-type": "application/json" };
const ONCE = { RETRY_ATTEMPTS: "0" };

Deno.test("a forwarded request has the allowed headers, the gateway's credential, request id and trace context", async () => {
  const { request, sent } = await testGateway();
  await request(BATCHES, {
    method: "POST",
    body: "{}",
    headers: {
      ...JSON_TYPE,
      "accept": "application/json",
      "accept-language": "sv",
      "user-agent": "caller/1",
      "accept-encoding": "gzip",
      "cookie": "a=b",
      "forwarded": "for=1.2.3.4",
      "x-forwarded-for": "1.2.3.4",
      "connection": "x-custom",
      "x-custom": "1",
      "te": "trailers",
      "proxy-authorization": "Basic x",
      "baggage": "a=b",
    },
  });
  const { traceparent, ...headers } = sent[0]?.headers ?? {};
  assert(traceparent);
  assertEquals(headers, {
    "accept": "application/json",
    "accept-encoding": "identity",
    "accept-language": "sv",
    "authorization": "Bearer credential-of-plan-1",
    "content-type": "application/json",
    "user-agent": "caller/1",
    "x-request-id": "id-1",
  });
});

Deno.test("each service plan is forwarded with its own credential", async () => {
  const { request, sent } = await testGateway();
  const token = { servicePlans: ["plan-1", "plan-2"] };
  await request(BATCHES, { token });
  await request("/xms/v1/plan-2/batches", { token });
  assertEquals(sent.map(({ headers }) => headers.authorization), [
    "Bearer credential-of-plan-1",
    "Bearer credential-2",
  ]);
});

const QUERIES = [
  "page=1&page_size=30",
  "to=%2B46701234567&to=12345",
  "start_date=2026-01-01T00:00:00.000Z",
  "a=b?c/d",
  "a=%20+%zz&&=&b",
  "%61=%2F..%2F",
  'client_reference=it\'s "x"'.replaceAll(" ", "%20"),
];

for (const query of QUERIES) {
  Deno.test(`the query ${query} is forwarded unchanged`, async () => {
    const { request, sent } = await testGateway();
    await request(`${BATCHES}?${query}`);
    assertEquals(sent[0]?.path, `${BATCHES}?${query}`);
  });
}

Deno.test("the base path of SMS_API_URL precedes the operation's path", async () => {
  const { request, sent } = await testGateway({ env: { SMS_API_URL: "http://u.test/base/" } });
  await request(`${BATCHES}?page=1`);
  assertEquals(sent[0]?.path, `/base${BATCHES}?page=1`);
});

Deno.test("a body is forwarded byte for byte", async () => {
  const { request, sent } = await testGateway();
  const body = '{ "body" : "caf\u00e9 \\u0000 \ud83d\ude00", "n": 1.0e3, "n": 2 }\r\n';
  await request(BATCHES, { method: "POST", headers: JSON_TYPE, body });
  assertEquals(new TextDecoder().decode(sent[0]?.body ?? undefined), body);
});

Deno.test("a success keeps the upstream's status, bytes and representation headers", async () => {
  const bytes = new Uint8Array(gzipSync('{"id":"x"}'));
  const { request } = await testGateway({
    upstream: () => ({
      status: 226,
      headers: [["content-type", "application/x-odd"], ["content-encoding", "gzip"], ["etag", "e"]],
      body: bytes,
    }),
  });
  const response = await request(BATCHES);
  assertEquals(response.status, 226);
  assertEquals(await response.bytes(), bytes);
  assertEquals(response.headers.get("content-type"), "application/x-odd");
  assertEquals(response.headers.get("content-encoding"), "gzip");
  assertEquals(response.headers.get("etag"), "e");
});

for (const status of [204, 205]) {
  Deno.test(`a ${status} of the upstream is answered without a body`, async () => {
    const { request } = await testGateway({
      upstream: () => ({ status, headers: [], body: new Uint8Array(2) }),
    });
    const response = await request(BATCHES);
    assertEquals([response.status, response.body], [status, null]);
  });
}

Deno.test("an error answer has only those headers of the upstream that the contract names", async () => {
  const { request } = await testGateway({
    env: ONCE,
    upstream: () =>
      jsonReply(503, { code: "c", text: "t" }, {
        "retry-after": "7",
        "set-cookie": "a=b",
        "server": "nginx",
        "via": "1.1 x",
        "location": "/",
        "etag": "e",
        "content-encoding": "identity",
        "www-authenticate": "Basic",
      }),
  });
  const { headers } = await request(BATCHES);
  assertEquals([...headers.keys()].toSorted(), [
    "cache-control",
    "content-length",
    "content-type",
    "link",
    "retry-after",
    "x-error-origin",
    "x-request-id",
  ]);
});

Deno.test("a compressed error body is decoded", async () => {
  const { request } = await testGateway({
    upstream: () => ({
      status: 403,
      headers: [["content-type", "application/json"], ["content-encoding", "gzip"]],
      body: new Uint8Array(gzipSync('{"code":"unknown_group","text":"No such group."}')),
    }),
  });
  const response = await request(BATCHES);
  assertEquals(await response.json(), { code: "unknown_group", text: "No such group." });
  assertEquals(response.headers.has("content-encoding"), false);
});

Deno.test("an error keeps the API's text, including number and message, without our credential", async () => {
  const apiText = "Illegal MSISDN +46701234567 in 'to', or body 'meet me at the square'";
  const reply = { code: "credential-of-plan-1", text: `${apiText} (token credential-of-plan-1)` };
  const { request } = await testGateway({ upstream: () => jsonReply(400, reply) });
  const body = JSON.stringify({ to: ["46701234567"], body: "meet me at the square" });
  const response = await request(BATCHES, { method: "POST", headers: JSON_TYPE, body });
  const { code, text } = await response.json();
  assertEquals([code, text], ["syntax_constraint_violation", `${apiText} (token [redacted])`]);
});

Deno.test("a GET is cancelled when its caller hangs up, a request that may send a message is not", async () => {
  const { request, sent } = await testGateway();
  await request(`${BATCHES}/b`);
  await request(`${BATCHES}/b`, { method: "HEAD" });
  await request(BATCHES, { method: "POST", headers: JSON_TYPE, body: "{}" });
  await request(`${BATCHES}/b`, { method: "PUT", headers: JSON_TYPE, body: "{}" });
  await request(`${BATCHES}/b`, { method: "DELETE" });
  assertEquals(sent.map(({ method, signal }) => [method, signal !== undefined]), [
    ["GET", true],
    ["GET", true],
    ["POST", false],
    ["PUT", false],
    ["DELETE", false],
  ]);
});

/** The answer to a DELETE whose first attempt is cut and whose second one gets 404. */
async function deletedOnRetry({ sent }: { sent: boolean }) {
  let attempts = 0;
  const { request } = await testGateway({
    upstream: () => {
      if (attempts++ === 0) throw new TransportError(sent, "network", { cause: undefined });
      return { status: 404, headers: [], body: new Uint8Array() };
    },
  });
  const response = await request("/xms/v1/plan-1/groups/g1", { method: "DELETE" });
  return { response, attempts };
}

Deno.test("a retried DELETE is 502, not 404, if its first attempt may have succeeded", async () => {
  const { response, attempts } = await deletedOnRetry({ sent: true });
  assertEquals([response.status, attempts], [502, 2]);
  assertEquals((await response.json()).code, "upstream_connection_lost");
});

Deno.test("a retried DELETE is 404 if its first attempt was not sent and the upstream answers 404", async () => {
  const { response, attempts } = await deletedOnRetry({ sent: false });
  assertEquals([response.status, attempts], [404, 2]);
});

Deno.test("an error text never contains a credential of any service plan", async () => {
  const { request } = await testGateway({
    upstream: () =>
      jsonReply(400, { code: "c", text: "not credential-2 but credential-of-plan-1" }),
  });
  const { text } = await (await request(BATCHES)).json();
  assertEquals(/credential-(2|of)/.test(text), false, text);
});

Deno.test("a PUT that was sent once is not reported as unsent when its retries were not sent", async () => {
  let attempts = 0;
  const { request } = await testGateway({
    upstream: () => {
      throw new TransportError(attempts++ === 0, "network", { cause: undefined });
    },
  });
  const response = await request("/xms/v1/plan-1/groups/g1", {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  assertEquals([response.status, attempts], [502, 3]);
  assertEquals((await response.json()).code, "upstream_connection_lost");
});

Deno.test("a PUT that was sent once is not reported as unprocessed when its retry was refused", async () => {
  for (const status of [401, 403, 404, 409, 429, 500, 503]) {
    let attempts = 0;
    const { request } = await testGateway({
      env: { RETRY_ATTEMPTS: "1" },
      upstream: () => {
        if (attempts++ > 0) return jsonReply(status, {});
        throw new TransportError(true, "network", { cause: undefined });
      },
    });
    const headers = JSON_TYPE;
    const init = { method: "PUT", headers, body: "{}" };
    const response = await request("/xms/v1/plan-1/groups/g1", init);
    const { code } = await response.json();
    assertEquals([attempts, response.status, code], [2, 502, "upstream_connection_lost"]);
  }
});
