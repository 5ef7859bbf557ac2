import { assert, assertEquals } from "@std/assert";
import { exchangeRaw, rawRequest } from "../support/raw_client.ts";
import { answering, rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { serveGateway } from "../support/served.ts";

const PLAN = "/xms/v1/plan-1";
const JSON_TYPE = "Content-Type: application/json";

const upstreamScript = answering(rawReply(200, "{}"));

/** Request targets on the wire (latin1) that match no operation. */
const FOREIGN = [
  `${PLAN}/batches/`,
  `${PLAN}//batches`,
  `/${PLAN}/batches`,
  `${PLAN}/batches/..`,
  `${PLAN}/batches/.`,
  `${PLAN}/batches/../groups`,
  `${PLAN}/../plan-2/batches`,
  `${PLAN}/batches/../../plan-2/batches`,
  `${PLAN}/./batches`,
  `${PLAN}/batches/%2e%2e`,
  `${PLAN}/batches/%2E%2E/groups`,
  `${PLAN}/batches/.%2e`,
  `${PLAN}/batches/%2e%2e%2fgroups`,
  `${PLAN}/batches/a%2fb`,
  `${PLAN}/batches/a%2Fdelivery_report`,
  `${PLAN}/batches/a%5Cb`,
  `${PLAN}/batches/a\\..\\b`,
  `${PLAN}/batches/%252e%252e`,
  `${PLAN}/batches/%25252e`,
  `${PLAN}/batches/a%252fb`,
  `${PLAN}/batches/a;b`,
  `${PLAN};x/batches`,
  `${PLAN}/batches;x=1`,
  `${PLAN}/batches/a%00`,
  `${PLAN}/batches/%00`,
  `${PLAN}/batches/%c0%ae%c0%ae`,
  `${PLAN}/batches/%e0%80%ae`,
  `${PLAN}/batches/%u002e`,
  `${PLAN}/batches/%`,
  `${PLAN}/batches/%zz`,
  `${PLAN}/batches/a#b`,
  `${PLAN}/batches/a%20b`,
  `${PLAN}/batches/a%0d%0aX-Injected:1`,
  `${PLAN}/batches/b/delivery_report/%252B46`,
  "/%78ms/v1/plan-1/batches",
  "/XMS/V1/plan-1/BATCHES",
  "/",
  "//",
  "//evil.test/xms/v1/plan-1/batches",
];

/** Targets that the HTTP server itself may refuse. */
const MALFORMED = [
  `${PLAN}/batches/\0`,
  "*",
  `${PLAN}/batches/\xe9`,
  `${PLAN}/batches/\xc0\xae\xc0\xae`,
  `${PLAN}/batches/a b`,
  `${PLAN}/batches/a\tb`,
  "batches",
  "xms/v1/plan-1/batches",
  "",
];

Deno.test("only paths of operations are forwarded, in whatever encoding they arrive", async (t) => {
  await using upstream = await rawUpstream(upstreamScript);
  await using gateway = await serveGateway({ upstream: upstream.url });
  const authorization = `Authorization: Bearer ${await gateway.token()}`;
  for (const target of FOREIGN) {
    await t.step(`${JSON.stringify(target)} is 404 without a body`, async () => {
      for (const method of ["GET", "POST"]) {
        const headers = [authorization, JSON_TYPE, "Content-Length: 2"];
        const answer = await exchangeRaw(gateway.port, rawRequest(method, target, headers, "{}"));
        assertEquals([answer.status, answer.body], [404, ""]);
      }
    });
  }
  for (const target of MALFORMED) {
    await t.step(`${JSON.stringify(target)} is refused`, async () => {
      const answer = await exchangeRaw(gateway.port, rawRequest("GET", target, [authorization]));
      assert([0, 400, 404].includes(answer.status), `${answer.status}`);
    });
  }
  assertEquals(upstream.connections, 0);
});

/** Targets of an operation → the forwarded target. */
const GOOD: readonly [target: string, up: string][] = [
  [`${PLAN}/batches`, `${PLAN}/batches`],
  [`${PLAN}/batches?`, `${PLAN}/batches`],
  [`${PLAN}/batches?a=%2f..%2F&b=/../`, `${PLAN}/batches?a=%2f..%2F&b=/../`],
  [`${PLAN}/batches?a='"<>|{}^\``, `${PLAN}/batches?a='"<>|{}^\``],
  [`${PLAN}/batches/b/delivery_report/%2b46`, `${PLAN}/batches/b/delivery_report/%2b46`],
  [`${PLAN}/batches/b/delivery_report/+46`, `${PLAN}/batches/b/delivery_report/+46`],
  [`http://gateway.test${PLAN}/batches?a=b`, `${PLAN}/batches?a=b`],
  [`http://evil.test:81${PLAN}/batches`, `${PLAN}/batches`],
];

Deno.test("an operation's path and query are forwarded byte for byte, also from an absolute-form target", async (t) => {
  await using upstream = await rawUpstream(upstreamScript);
  await using gateway = await serveGateway({ upstream: upstream.url });
  const authorization = `Authorization: Bearer ${await gateway.token()}`;
  for (const [target, up] of GOOD) {
    await t.step(target, async () => {
      const answer = await exchangeRaw(gateway.port, rawRequest("GET", target, [authorization]));
      assertEquals(answer.status, 200);
      const request = upstream.requests.at(-1);
      assertEquals(request?.target, up);
      const host = request?.headers.find(([name]) => /^host$/i.test(name))?.[1];
      assertEquals(host, new URL(upstream.url).host);
    });
  }
});

Deno.test("a request with ambiguous framing is forwarded as one request or refused", async () => {
  await using upstream = await rawUpstream(upstreamScript);
  await using gateway = await serveGateway({ upstream: upstream.url });
  const authorization = `Authorization: Bearer ${await gateway.token()}`;
  const smuggled = `GET ${PLAN}/groups HTTP/1.1\r\nHost: x\r\n\r\n`;
  const bodies: readonly [headers: string[], body: string][] = [
    [["Content-Length: 4", "Transfer-Encoding: chunked"], `0\r\n\r\n${smuggled}`],
    [["Content-Length: 2", "Content-Length: 40"], `{}${smuggled}`],
    [["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], `0\r\n\r\n${smuggled}`],
    [["Transfer-Encoding: xchunked"], `0\r\n\r\n${smuggled}`],
    [["Transfer-Encoding : chunked"], `0\r\n\r\n${smuggled}`],
  ];
  for (const [headers, body] of bodies) {
    const bytes = rawRequest(
      "POST",
      `${PLAN}/batches`,
      [authorization, JSON_TYPE, ...headers],
      body,
    );
    await exchangeRaw(gateway.port, bytes);
  }
  assertEquals(upstream.requests.filter(({ target }) => target.endsWith("groups")), []);
  for (const { body } of upstream.requests) assert(!body.includes("GET "), body);
});

Deno.test("a POST with an incomplete body is not forwarded", async () => {
  await using upstream = await rawUpstream(upstreamScript);
  await using gateway = await serveGateway({
    upstream: upstream.url,
    env: { REQUEST_BODY_TIMEOUT_MS: "100" },
  });
  const authorization = `Authorization: Bearer ${await gateway.token()}`;
  const headers = [authorization, JSON_TYPE, "Content-Length: 100"];
  const answer = await exchangeRaw(
    gateway.port,
    rawRequest("POST", `${PLAN}/batches`, headers, '{"body":'),
  );
  assertEquals(answer.status, 400);
  assertEquals(upstream.connections, 0);
});
