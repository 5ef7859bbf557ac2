import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { connect, constants } from "node:http2";
import { serveGateway } from "../support/served.ts";
import { answering, rawReply, rawUpstream } from "../support/raw_upstream.ts";

const BATCHES = "/xms/v1/plan-1/batches";

/** Sends a POST over HTTP/2 without Content-Length; returns the status and the code or body. */
function post(url: string, headers: Record<string, string>, body?: string): Promise<string> {
  const session = connect(url);
  const request = session.request({ ":method": "POST", ":path": BATCHES, ...headers });
  return new Promise((resolve, reject) => {
    let [status, text] = ["", ""];
    request.on("response", (received) => status = String(received[":status"]));
    request.on("data", (chunk: Uint8Array) => text += new TextDecoder().decode(chunk));
    request.on("error", reject);
    request.on("close", () => {
      session.close();
      resolve(`${status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? text}`);
    });
    request.end(body);
  });
}

const LIMIT = 1_000;
const JSON_TYPE = { "content-type": "application/json" };

/** Requests without Content-Length → their answer, and the bodies that are forwarded. */
const CASES: readonly [
  what: string,
  headers: Record<string, string>,
  body: string,
  answer: string,
  sent: string[],
][] = [
  ["a JSON body is forwarded whole", JSON_TYPE, '{"a":1}', "201 {}", ['{"a":1}']],
  ["another type is 415", { "content-type": "text/plain" }, "x", "415 unsupported_media_type", []],
  ["no type is 415", {}, "x", "415 unsupported_media_type", []],
  [
    "a body over the limit is 400",
    JSON_TYPE,
    "x".repeat(100 * LIMIT),
    "400 syntax_constraint_violation",
    [],
  ],
];

for (const [what, headers, body, answer, sent] of CASES) {
  Deno.test(`over HTTP/2 without Content-Length, ${what}`, async () => {
    await using upstream = await rawUpstream(answering(rawReply(201, "{}")));
    await using gateway = await serveGateway({
      upstream: upstream.url,
      env: { MAX_BODY_BYTES: String(LIMIT) },
    });
    const authorization = `Bearer ${await gateway.issuer.token()}`;
    for (let i = 0; i < 5; i++) { // a refusal that a reset overtakes is lost only sometimes
      assertEquals(await post(gateway.url, { authorization, ...headers }, body), answer);
    }
    // With `host` the request looks like one over HTTP/1.1, where it would have no body.
    const host = "gateway.test";
    assertEquals(await post(gateway.url, { authorization, host, ...headers }, body), answer);
    assertEquals([upstream.requests[0]?.body, upstream.requests.at(-1)?.body], [sent[0], sent[0]]);
  });
}

Deno.test("over HTTP/2 a 401 arrives, whatever body was sent", async () => {
  await using upstream = await rawUpstream(answering(rawReply(201, "{}")));
  await using gateway = await serveGateway({ upstream: upstream.url });
  for (let i = 0; i < 10; i++) {
    assertEquals(await post(gateway.url, JSON_TYPE, "{}"), "401 unauthorized");
  }
});

Deno.test("over HTTP/2 a body that is reset before its Content-Length is not forwarded", async () => {
  await using upstream = await rawUpstream(answering(rawReply(201, "{}")));
  await using gateway = await serveGateway({ upstream: upstream.url });
  const authorization = `Bearer ${await gateway.issuer.token()}`;
  const session = connect(gateway.url);
  const headers = { authorization, ...JSON_TYPE, "content-length": "100" };
  const request = session.request({ ":method": "POST", ":path": BATCHES, ...headers });
  request.on("error", () => {});
  request.write('{"to":["46701234567"],"body":"hel');
  await delay(100); // the gateway reads the body
  request.close(constants.NGHTTP2_CANCEL);
  await gateway.finished();
  session.close();
  assertEquals(upstream.requests, []);
});

/** Wrong Content-Lengths → the parts that are sent, with a pause between them. */
const WRONG_LENGTHS: readonly [length: string, ...parts: string[]][] = [
  ["0", "{}"],
  ["0", "", "{}"],
  ["1", "{}"],
  ["2", "{}", "{}"],
];

for (const withHost of [false, true]) {
  for (const [length, ...parts] of WRONG_LENGTHS) {
    for (const method of ["POST", "PUT"]) {
      Deno.test(`over HTTP/2 a ${method} with content-length ${length} and the data ${parts}${withHost ? ", and host," : ""} is not forwarded`, async () => {
        await using upstream = await rawUpstream(answering(rawReply(201, "{}")));
        await using gateway = await serveGateway({ upstream: upstream.url });
        const authorization = `Bearer ${await gateway.issuer.token()}`;
        const session = connect(gateway.url);
        const request = session.request({
          ":method": method,
          ":path": method === "POST" ? BATCHES : `${BATCHES}/b`,
          authorization,
          ...JSON_TYPE,
          "content-length": length,
          ...(withHost && { host: "gateway.test" }),
        });
        request.on("error", () => {});
        for (const part of parts) {
          if (part) request.write(part);
          await delay(50);
        }
        request.end();
        await gateway.finished();
        session.close();
        assertEquals(upstream.requests, []);
      });
    }
  }
}

Deno.test("over HTTP/2 a POST with content-length 0 and no data is forwarded", async () => {
  await using upstream = await rawUpstream(answering(rawReply(202, "{}")));
  await using gateway = await serveGateway({ upstream: upstream.url });
  const authorization = `Bearer ${await gateway.issuer.token()}`;
  const headers = { authorization, "content-length": "0" };
  assertEquals(await post(gateway.url, headers), "202 {}");
  assertEquals(upstream.requests.map(({ body }) => body), [""]);
});
