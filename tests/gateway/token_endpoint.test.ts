import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type LogRecord } from "@logtape/logtape";
import { accessRecord } from "../../telemetry/access_log.ts";
import { refusedPort } from "../support/raw_upstream.ts";
import { type ServedGateway, serveGateway } from "../support/served.ts";

const FORM = "application/x-www-form-urlencoded";
const BASIC = `Basic ${btoa("billing:SECRET-1")}`;
const GRANT = "grant_type=client_credentials&scope=sms%3Aa";
const ISSUED = '{"access_token":"TOKEN-1","expires_in":60,"scope":"s","token_type":"bearer"}';

/** What an issuer has received. */
interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

type Answer = (request: Request) => Response | Promise<Response>;

/** A gateway whose token endpoint gives these answers. */
async function served(answer: Answer, env: Record<string, string> = {}) {
  const received: Received[] = [];
  const issuer = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { method, url, headers } = request;
    received.push({ method, url, headers, body: await request.text() });
    return await answer(request);
  });
  const url = `http://127.0.0.1:${issuer.addr.port}/as/token?key=SECRET-2`;
  const gateway = await gatewayOf({ AUTH_TOKEN_URL: url, ...env });
  return {
    gateway,
    received,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await issuer.shutdown();
    },
  };
}

const gatewayOf = (env: Record<string, string>) =>
  serveGateway({ upstream: "http://127.0.0.1:9", env });

const ask = (gateway: ServedGateway, init: RequestInit = {}) =>
  gateway.request("/oauth2/token", {
    method: "POST",
    body: GRANT,
    ...init,
    headers: { authorization: BASIC, "content-type": FORM, ...init.headers },
  });

const issued = () => new Response(ISSUED, { headers: { "set-cookie": "a=b", server: "x" } });

Deno.test("without AUTH_TOKEN_URL there is no token endpoint", async () => {
  await using gateway = await gatewayOf({});
  const response = await ask(gateway);
  assertEquals([response.status, await response.text()], [404, ""]);
});

Deno.test("a token request reaches the issuer byte by byte, and its reply the caller", async () => {
  await using stage = await served(issued);
  // Parameters twice, without value, in another order, not encoded: that is the issuer's to judge.
  const body = "scope=a&scope=b&=&%zz&grant_type=client_credentials&&x";
  const response = await ask(stage.gateway, { body, headers: { cookie: "a=b", "x-other": "1" } });
  assertEquals([response.status, await response.text()], [200, ISSUED]);
  const [{ method, url, headers, body: sent }] = stage.received as [Received];
  assertEquals([method, sent, new URL(url).search], ["POST", body, "?key=SECRET-2"]);
  assertEquals([headers.get("authorization"), headers.get("content-type")], [BASIC, FORM]);
  assertEquals([headers.get("cookie"), headers.get("x-other")], [null, null]);
  const expected = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "pragma": "no-cache",
    "set-cookie": null,
    "server": null,
    "x-error-origin": null,
  };
  for (const [name, value] of Object.entries(expected)) {
    assertEquals(response.headers.get(name), value, name);
  }
  assertMatch(response.headers.get("x-request-id") ?? "", /^\w+$/);
});

const ADDED: readonly [body: string, sent: string][] = [
  ["grant_type=client_credentials", "grant_type=client_credentials&audience=a%2Fb&scope=c+d"],
  ["scope=x&grant_type=a&scope=y", "scope=x&grant_type=a&scope=y&audience=a%2Fb"],
  ["audience=&scope=", "audience=&scope="],
];

for (const [body, sent] of ADDED) {
  Deno.test(`with AUTH_TOKEN_PARAMETERS the request ${body} reaches the issuer as ${sent}`, async () => {
    const env = { AUTH_TOKEN_PARAMETERS: "audience=a%2Fb&scope=c%20d" };
    await using stage = await served(() => Response.json({ access_token: "t" }), env);
    const { scope } = await (await ask(stage.gateway, { body })).json();
    assertEquals(stage.received[0]?.body, sent);
    assertEquals(scope, new URLSearchParams(sent).get("scope"));
  });
}

Deno.test("an error of the issuer is passed on with its status, bytes and challenge", async () => {
  const body = '{"error":"invalid_client","error_description":"No such client"}';
  await using stage = await served(() =>
    new Response(body, { status: 401, headers: { "www-authenticate": 'Basic realm="as"' } })
  );
  const response = await ask(stage.gateway);
  assertEquals([response.status, await response.text()], [401, body]);
  assertEquals(response.headers.get("www-authenticate"), 'Basic realm="as"');
  assertEquals(response.headers.get("x-error-origin"), "upstream");
  assertEquals(response.headers.get("cache-control"), "no-store");
});

/** Requests that the gateway refuses itself → status and code. */
const REFUSED: readonly [name: string, init: RequestInit, status: number, code: string][] = [
  ["by GET", { method: "GET", body: null }, 405, "method_not_allowed"],
  [
    "in JSON",
    { headers: { "content-type": "application/json" }, body: "{}" },
    415,
    "unsupported_media_type",
  ],
  [
    "that is compressed",
    { headers: { "content-encoding": "gzip" } },
    415,
    "unsupported_media_type",
  ],
  ["of 17 KB", { body: `x=${"y".repeat(17_000)}` }, 400, "syntax_constraint_violation"],
];

for (const [name, init, status, code] of REFUSED) {
  Deno.test(`a token request ${name} is ${status} ${code}, and is not passed on`, async () => {
    await using stage = await served(issued);
    const response = await ask(stage.gateway, init);
    assertEquals([response.status, (await response.json()).code], [status, code]);
    assertEquals(response.headers.get("x-error-origin"), "gateway");
    assertEquals(stage.received.length, 0);
  });
}

Deno.test("a body that does not arrive is given up, and nothing is sent", async () => {
  await using stage = await served(issued, { REQUEST_BODY_TIMEOUT_MS: "100" });
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: stage.gateway.port });
  const head = [
    "POST /oauth2/token HTTP/1.1",
    "Host: gateway.test",
    `Content-Type: ${FORM}`,
    "Content-Length: 100",
    "",
    "grant",
  ];
  await connection.write(new TextEncoder().encode(head.join("\r\n")));
  const buffer = new Uint8Array(1_024);
  const answer = new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
  assertStringIncludes(answer, "HTTP/1.1 400");
  assertEquals(stage.received.length, 0);
});

/** A body that sends a byte now and then, for ever. */
function drip(): Response {
  let timer: ReturnType<typeof setInterval> | undefined;
  const body = new ReadableStream({
    start(stream) {
      timer = setInterval(() => stream.enqueue(new TextEncoder().encode(" ")), 20);
    },
    cancel: () => clearInterval(timer),
  });
  return new Response(body);
}

/** A reply that never ends, as fast as it is read. */
function endless(): Response {
  const chunk = new Uint8Array(16 * 1024).fill(32);
  return new Response(new ReadableStream({ pull: (stream) => stream.enqueue(chunk) }));
}

/** Replies that are of no use → status and code. */
const REPLIES: readonly [name: string, answer: Answer, status: number, code: string][] = [
  ["that takes for ever", drip, 504, "token_endpoint_timeout"],
  ["that never ends", endless, 502, "token_endpoint_failed"],
  [
    "of 100 KB",
    () => Response.json({ access_token: "x".repeat(100_000) }),
    502,
    "token_endpoint_failed",
  ],
  [
    "with a token of another type",
    () => Response.json({ access_token: "TOKEN-1", token_type: "DPoP" }),
    502,
    "token_endpoint_failed",
  ],
  ["in HTML", () => new Response("<html>TOKEN-1"), 502, "token_endpoint_failed"],
  ["500", () => new Response("TOKEN-1", { status: 500 }), 502, "token_endpoint_failed"],
  ["503", () => new Response("TOKEN-1", { status: 503 }), 503, "token_endpoint_unavailable"],
];

for (const [name, answer, status, code] of REPLIES) {
  Deno.test(`a reply ${name} is ${status} ${code}, and quotes nothing of it`, async () => {
    await using stage = await served(answer, { AUTH_TOKEN_TIMEOUT_MS: "400" });
    const response = await ask(stage.gateway);
    const text = await response.text();
    assertEquals([response.status, JSON.parse(text).code], [status, code]);
    assertEquals(response.headers.get("x-error-origin"), "gateway");
    assertEquals(text.includes("TOKEN-1"), false);
    assertEquals(response.headers.has("retry-after"), status === 503);
    assertEquals(stage.received.length, 1); // it is the client that asks again
  });
}

for (const status of [301, 302, 303, 307, 308]) {
  Deno.test(`a redirect ${status} is not followed, since it would get the client's secret`, async () => {
    let elsewhere = 0;
    await using other = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
      elsewhere++;
      return issued();
    });
    const location = `http://127.0.0.1:${other.addr.port}/`;
    await using stage = await served(() => new Response(null, { status, headers: { location } }));
    const response = await ask(stage.gateway);
    assertEquals([response.status, (await response.json()).code, elsewhere], [
      502,
      "token_endpoint_failed",
      0,
    ]);
  });
}

Deno.test("an issuer that cannot be reached is 503: nothing was sent", async () => {
  const url = `http://127.0.0.1:${refusedPort()}/token`;
  await using gateway = await gatewayOf({ AUTH_TOKEN_URL: url });
  const response = await ask(gateway);
  assertEquals([response.status, (await response.json()).code], [
    503,
    "token_endpoint_unavailable",
  ]);
  assertMatch(response.headers.get("retry-after") ?? "", /^[1-5]$/);
});

Deno.test("an issuer that breaks off is 502: it may have issued a token", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const closing = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(4_096));
      connection.close();
    }
  })();
  {
    const url = `http://127.0.0.1:${listener.addr.port}/token`;
    await using gateway = await gatewayOf({ AUTH_TOKEN_URL: url });
    const response = await ask(gateway);
    assertEquals([response.status, (await response.json()).code], [502, "token_endpoint_failed"]);
  }
  listener.close();
  await closing;
});

Deno.test("a client id with too many requests is 429, and others are served", async () => {
  await using stage = await served(issued, { AUTH_TOKEN_PER_MINUTE: "3" });
  const statuses: number[] = [];
  for (let time = 0; time < 4; time++) {
    const response = await ask(stage.gateway);
    statuses.push(response.status);
    if (response.status !== 429) {
      await response.body?.cancel();
      continue;
    }
    assertEquals((await response.json()).code, "too_many_requests");
    assertEquals(response.headers.get("ratelimit-policy"), '"client-id";q=3;w=60');
    assertMatch(response.headers.get("retry-after") ?? "", /^[1-5]$/);
  }
  assertEquals(statuses, [200, 200, 200, 429]);
  // The same client in the body is the same client.
  const same = await ask(stage.gateway, {
    headers: { authorization: "" },
    body: `${GRANT}&client_id=billing`,
  });
  const other = await ask(stage.gateway, { headers: { authorization: `Basic ${btoa("b:c")}` } });
  assertEquals([same.status, other.status], [429, 200]);
  await Promise.all([same.body?.cancel(), other.body?.cancel()]);
});

Deno.test("many client ids together are bounded at ten times the rate of one", async () => {
  await using stage = await served(issued, { AUTH_TOKEN_PER_MINUTE: "1" });
  const statuses = [];
  for (let client = 0; client < 12; client++) {
    const authorization = `Basic ${btoa(`client-${client}:x`)}`;
    const response = await ask(stage.gateway, { headers: { authorization } });
    await response.body?.cancel();
    statuses.push(response.status);
  }
  assertEquals(statuses, [...Array(10).fill(200), 429, 429]);
  assertEquals(stage.received.length, 10);
});

/** Everything that is recorded of the next exchange. */
async function recorded({ gateway }: { gateway: ServedGateway }) {
  const record: LogRecord["properties"] = accessRecord(await gateway.finished(), 1);
  const spans = gateway.spans.map(({ name, kind, attributes, events, status }) => {
    return { name, kind, attributes, events, status };
  });
  return { record, spans, text: JSON.stringify([record, spans]) };
}

const SECRETS = /SECRET|TOKEN-1|client_credentials|sms%3Aa/;

Deno.test("log and spans have outcome and client id of a token request, and nothing else of it", async () => {
  await using stage = await served(issued);
  await (await ask(stage.gateway)).body?.cancel();
  const { record, spans, text } = await recorded(stage);
  assertEquals(
    [record.route, record.oauth_client_id, record.oauth_outcome, record.status, record.subject],
    ["/oauth2/token", "billing", "issued", 200, undefined],
  );
  assertEquals(SECRETS.test(text), false);
  const [client, server] = spans;
  assertEquals([client?.name, server?.name], ["POST /as/token", "POST /oauth2/token"]);
  assertEquals(client?.attributes["http.response.status_code"], 200);
  assertEquals(server?.attributes["sms_gateway.oauth.client_id"], "billing");
  assertEquals(server?.attributes["sms_gateway.oauth.outcome"], "issued");
  const [traced] = stage.received;
  assert(traced?.headers.has("traceparent"));
});

const FAILING: readonly [name: string, answer: Answer][] = [
  ["refused", () => Response.json({ error: "invalid_client", token: "TOKEN-1" }, { status: 401 })],
  ["failing", () => new Response("TOKEN-1", { status: 500 })],
  ["late", drip],
];

for (const [name, answer] of FAILING) {
  Deno.test(`log and spans quote nothing of a token request that is ${name}`, async () => {
    await using stage = await served(answer, { AUTH_TOKEN_TIMEOUT_MS: "200" });
    await (await ask(stage.gateway)).body?.cancel();
    const { record, text } = await recorded(stage);
    assertEquals(record.oauth_client_id, "billing");
    assertEquals(record.oauth_outcome, name === "refused" ? "invalid_client" : undefined);
    assertEquals(SECRETS.test(text), false, text);
  });
}

Deno.test("a client id that may be a phone number is not recorded", async () => {
  await using stage = await served(issued);
  const authorization = `Basic ${btoa("46701234567:x")}`;
  await (await ask(stage.gateway, { headers: { authorization } })).body?.cancel();
  const { record, text } = await recorded(stage);
  assertEquals([record.oauth_client_id, text.includes("46701234567")], ["REDACTED", false]);
});
