import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { delay } from "@std/async/delay";
import { gunzipSync, gzipSync } from "node:zlib";
import { CATALOG, OUTCOME_UNKNOWN } from "../../errors/catalog.ts";
import { exchangeRaw, rawRequest } from "../support/raw_client.ts";
import {
  answering,
  answeringOnce,
  rawReply,
  rawUpstream,
  refusedPort,
  type Script,
} from "../support/raw_upstream.ts";
import { serveGateway } from "../support/served.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const POST: RequestInit = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: '{"to":["46701234567"],"body":"hello"}',
};

/** Short timeouts, for upstreams that never answer. */
const SHORT_TIMEOUTS = { UPSTREAM_TIMEOUT_MS: "150", UPSTREAM_IDLE_TIMEOUT_MS: "150" };

const HEADERS_ONLY = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/** Reads a request and then runs `act` instead of answering. */
const afterRequest = (act: (connection: Parameters<Script>[0]) => unknown): Script => {
  return async (connection) => {
    if (await connection.readRequest()) await act(connection);
  };
};

interface Broken {
  readonly name: string;
  readonly script: Script;
  readonly code: "upstream_connection_lost" | "upstream_timeout";
  readonly env?: Record<string, string>;
}

const BROKEN: readonly Broken[] = [
  {
    name: "closes the connection as soon as it is open",
    script: (connection) => connection.close(),
    code: "upstream_connection_lost",
  },
  {
    name: "reads the request and closes",
    script: afterRequest((connection) => connection.close()),
    code: "upstream_connection_lost",
  },
  {
    name: "reads the request and resets",
    script: afterRequest((connection) => connection.reset()),
    code: "upstream_connection_lost",
  },
  {
    name: "reads the request and never answers",
    script: afterRequest((connection) => connection.closed),
    code: "upstream_timeout",
    env: SHORT_TIMEOUTS,
  },
  {
    name: "breaks off within the status line",
    script: answeringOnce("HTTP/1.1 20"),
    code: "upstream_connection_lost",
  },
  {
    name: "breaks off within the headers",
    script: answeringOnce(`${HEADERS_ONLY}Content-Le`),
    code: "upstream_connection_lost",
  },
  {
    name: "cuts a body of less than 64 KiB",
    script: answeringOnce(`${HEADERS_ONLY}Content-Length: 1000\r\n\r\n{"id":`),
    code: "upstream_connection_lost",
  },
  {
    name: "cuts a chunked body",
    script: answeringOnce(`${HEADERS_ONLY}Transfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n`),
    code: "upstream_connection_lost",
  },
  {
    name: "cuts a chunk",
    script: answeringOnce(`${HEADERS_ONLY}Transfer-Encoding: chunked\r\n\r\nff\r\n{"id"`),
    code: "upstream_connection_lost",
  },
  {
    name: "stalls within the body",
    script: afterRequest(async (connection) => {
      await connection.write(`${HEADERS_ONLY}Content-Length: 1000\r\n\r\n{"id":`);
      await connection.closed;
    }),
    code: "upstream_timeout",
    env: SHORT_TIMEOUTS,
  },
  {
    name: "speaks another protocol",
    script: answeringOnce("SSH-2.0-OpenSSH_9.6\r\n"),
    code: "upstream_connection_lost",
  },
  {
    name: "answers bytes that are not text",
    script: answeringOnce("\x16\x03\x01\x02\x00\x01\x00\xff\xfe\x00"),
    code: "upstream_connection_lost",
  },
  {
    name: "sends two content lengths",
    script: answeringOnce(`${HEADERS_ONLY}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`),
    code: "upstream_connection_lost",
  },
  {
    name: "sends a content length that is not a number",
    script: answeringOnce(`${HEADERS_ONLY}Content-Length: ten\r\n\r\n{}`),
    code: "upstream_connection_lost",
  },
  {
    name: "sends a content length and chunked encoding",
    script: answeringOnce(
      `${HEADERS_ONLY}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    ),
    code: "upstream_connection_lost",
  },
  {
    name: "sends a chunk size that is not a number",
    script: answeringOnce(`${HEADERS_ONLY}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`),
    code: "upstream_connection_lost",
  },
  {
    name: "sends headers without end",
    script: afterRequest(async (connection) => {
      await connection.write("HTTP/1.1 200 OK\r\n");
      for (;;) await connection.write(`X-Filler: ${"x".repeat(4_000)}\r\n`);
    }),
    code: "upstream_connection_lost",
  },
  {
    name: "switches protocols",
    script: answeringOnce(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ),
    code: "upstream_connection_lost",
  },
];

for (const { name, script, code, env = {} } of BROKEN) {
  Deno.test(`an upstream that ${name} is ${code}, with an unknown outcome for a POST`, async () => {
    for (const [init, doubtful] of [[{}, false], [POST, true]] as const) {
      await using upstream = await rawUpstream(script);
      await using gateway = await serveGateway({ upstream: upstream.url, env });
      const response = await gateway.request(BATCHES, init);
      const answer = await response.json();
      assertEquals([response.status, answer.code], [CATALOG[code].status, code]);
      assertEquals(answer.text.includes(OUTCOME_UNKNOWN), doubtful);
      assertEquals(response.headers.get("x-error-origin"), "gateway");
      assertEquals(response.headers.has("retry-after"), false);
      // undici replaces a closed connection; nothing may be sent on the new one.
      assert(upstream.requests.length <= 1);
      if (code === "upstream_timeout") assertEquals(upstream.requests.length, 1);
      else assertEquals(upstream.connections, 1);
    }
  });
}

Deno.test("an upstream that refuses connections is 503 upstream_unreachable, and nothing was sent", async () => {
  await using gateway = await serveGateway({ upstream: `http://127.0.0.1:${refusedPort()}` });
  for (const init of [{}, POST]) {
    const response = await gateway.request(BATCHES, init);
    const { code, text } = await response.json();
    assertEquals([response.status, code], [503, "upstream_unreachable"]);
    assertMatch(text, /not processed/);
    assertEquals(text.includes(OUTCOME_UNKNOWN), false);
  }
});

Deno.test("an upstream whose host name is unknown is 503 upstream_unreachable", async () => {
  await using gateway = await serveGateway({ upstream: "http://no-such-host.invalid" });
  const response = await gateway.request(BATCHES, POST);
  assertEquals([response.status, (await response.json()).code], [503, "upstream_unreachable"]);
});

Deno.test("a long answer that is cut never reaches the caller as complete", async () => {
  const part = "x".repeat(100_000);
  await using upstream = await rawUpstream(
    answeringOnce(`${HEADERS_ONLY}Content-Length: 200000\r\n\r\n${part}`),
  );
  await using gateway = await serveGateway({ upstream: upstream.url });
  const response = await gateway.request(BATCHES);
  assertEquals(response.status, 200);
  await assertRejects(() => response.bytes());
  const { thrown, status } = await gateway.finished();
  assertEquals(status, 200);
  assert(thrown instanceof Error);
});

Deno.test("a long chunked answer that is cut never reaches the caller as complete", async () => {
  const part = `186a0\r\n${"x".repeat(100_000)}\r\n`;
  await using upstream = await rawUpstream(
    answeringOnce(`${HEADERS_ONLY}Transfer-Encoding: chunked\r\n\r\n${part}`),
  );
  await using gateway = await serveGateway({ upstream: upstream.url });
  const response = await gateway.request(BATCHES);
  await assertRejects(() => response.bytes());
});

Deno.test("a long answer that stalls is cut after the idle timeout", async () => {
  await using upstream = await rawUpstream(afterRequest(async (connection) => {
    await connection.write(`${HEADERS_ONLY}Content-Length: 200000\r\n\r\n${"x".repeat(100_000)}`);
    await connection.closed;
  }));
  await using gateway = await serveGateway({
    upstream: upstream.url,
    env: { UPSTREAM_IDLE_TIMEOUT_MS: "150" },
  });
  const response = await gateway.request(BATCHES);
  await assertRejects(() => response.bytes());
});

Deno.test("a slow long answer is complete if each part arrives within the idle timeout", async () => {
  await using upstream = await rawUpstream(afterRequest(async (connection) => {
    await connection.write(`${HEADERS_ONLY}Content-Length: 100600\r\n\r\n${"x".repeat(100_000)}`);
    for (let rest = 6; rest > 0; rest--) {
      await delay(100);
      await connection.write("x".repeat(100));
    }
  }));
  await using gateway = await serveGateway({
    upstream: upstream.url,
    env: { UPSTREAM_IDLE_TIMEOUT_MS: "250" },
  });
  const response = await gateway.request(BATCHES);
  assertEquals((await response.bytes()).byteLength, 100_600);
});

Deno.test("a long answer that the caller reads slowly is not cut by the idle timeout", async () => {
  const size = 30_000_000; // more than the socket buffers hold
  await using upstream = await rawUpstream(
    afterRequest((connection) =>
      connection.write(`${HEADERS_ONLY}Content-Length: ${size}\r\n\r\n${"x".repeat(size)}`)
    ),
  );
  await using gateway = await serveGateway({
    upstream: upstream.url,
    env: { UPSTREAM_IDLE_TIMEOUT_MS: "150" },
  });
  const response = await gateway.request(BATCHES);
  await delay(600);
  assertEquals((await response.bytes()).byteLength, size);
});

/** Valid answers in every form of HTTP/1. */
const GOOD: Readonly<Record<string, string>> = {
  "with Content-Length": rawReply(200, '{"id":"x"}'),
  "in chunks":
    `${HEADERS_ONLY}Transfer-Encoding: chunked\r\n\r\n3\r\n{"i\r\n7;ext=1\r\nd":"x"}\r\n0\r\nTrailer: x\r\n\r\n`,
  "after 103 Early Hints": `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${
    rawReply(200, '{"id":"x"}')
  }`,
  "after 102 Processing, twice": `${"HTTP/1.1 102 Processing\r\n\r\n".repeat(2)}${
    rawReply(200, '{"id":"x"}')
  }`,
  "without a reason phrase": rawReply(200, '{"id":"x"}').replace(" Any Reason", ""),
  "with header names in capitals": rawReply(200, '{"id":"x"}').replace(
    "Content-Type",
    "CONTENT-TYPE",
  ),
};

for (const [name, bytes] of Object.entries(GOOD)) {
  Deno.test(`an answer ${name} reaches the caller`, async () => {
    await using upstream = await rawUpstream(answering(bytes));
    await using gateway = await serveGateway({ upstream: upstream.url });
    const response = await gateway.request(BATCHES, POST);
    assertEquals([response.status, await response.json()], [200, { id: "x" }]);
    assertEquals(response.headers.get("content-type"), "application/json");
    assertEquals(upstream.requests.length, 1);
  });
}

Deno.test("an answer that ends with its connection reaches the caller", async () => {
  for (const version of ["1.0", "1.1"]) {
    await using upstream = await rawUpstream(
      answeringOnce(`HTTP/${version} 200 OK\r\nContent-Type: application/json\r\n\r\n{"id":"x"}`),
    );
    await using gateway = await serveGateway({ upstream: upstream.url });
    assertEquals(await (await gateway.request(BATCHES)).json(), { id: "x" });
  }
});

for (const size of [0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 3_000_000]) {
  Deno.test(`an answer of ${size} bytes reaches the caller byte for byte`, async () => {
    const body = "0123456789abcdef".repeat(size / 16 + 1).slice(0, size);
    await using upstream = await rawUpstream(answering(rawReply(200, body)));
    await using gateway = await serveGateway({ upstream: upstream.url });
    const response = await gateway.request(BATCHES);
    assertEquals(await response.text() === body, true);
    assertEquals((await gateway.finished()).bytesOut, size);
  });
}

Deno.test("a success compressed without being asked reaches the caller unchanged", async () => {
  const compressed = gzipSync('{"id":"x"}');
  const body = compressed.toString("latin1");
  const head =
    `${HEADERS_ONLY}Content-Encoding: gzip\r\nContent-Length: ${compressed.length}\r\n\r\n`;
  await using upstream = await rawUpstream(answering(head + body));
  await using gateway = await serveGateway({ upstream: upstream.url });
  const authorization = `Authorization: Bearer ${await gateway.token()}`;
  const answer = await exchangeRaw(gateway.port, rawRequest("GET", BATCHES, [authorization]));
  assertEquals(answer.headers.get("content-encoding"), "gzip");
  assertEquals(answer.headers.get("content-length"), String(compressed.length));
  const bytes = Uint8Array.from(answer.body, (character) => character.charCodeAt(0));
  assertEquals(gunzipSync(bytes).toString(), '{"id":"x"}');
});

Deno.test("an error compressed without being asked is decoded", async () => {
  const compressed = gzipSync('{"code":"unknown_group","text":"No such group."}');
  const head = `HTTP/1.1 403 Forbidden\r\nContent-Encoding: gzip\r\n` +
    `Content-Length: ${compressed.length}\r\n\r\n`;
  await using upstream = await rawUpstream(answering(head + compressed.toString("latin1")));
  await using gateway = await serveGateway({ upstream: upstream.url });
  const response = await gateway.request(BATCHES, POST);
  assertEquals(await response.json(), { code: "unknown_group", text: "No such group." });
});

Deno.test("an endless error body is cut at once, and its connection is closed", async () => {
  const ended = Promise.withResolvers<void>();
  await using upstream = await rawUpstream(afterRequest(async (connection) => {
    await connection.write("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n");
    void connection.closed.then(ended.resolve);
    for (;;) await connection.write(`4000\r\n${"x".repeat(0x4000)}\r\n`);
  }));
  await using gateway = await serveGateway({ upstream: upstream.url });
  const response = await gateway.request(BATCHES);
  const { code, text } = await response.json();
  assertEquals([response.status, code], [403, "forbidden"]);
  assert(text.length <= 1_024);
  await ended.promise;
});

Deno.test("an error whose body stalls or is cut keeps its status", async () => {
  const start = "HTTP/1.1 403 Forbidden\r\nContent-Length: 1000\r\n\r\n" + '{"code":"unknown_gr';
  for (
    const script of [
      answeringOnce(start),
      afterRequest(async (connection) => {
        await connection.write(start);
        await connection.closed;
      }),
    ]
  ) {
    await using upstream = await rawUpstream(script);
    await using gateway = await serveGateway({ upstream: upstream.url, env: SHORT_TIMEOUTS });
    const response = await gateway.request(BATCHES, POST);
    assertEquals([response.status, (await response.json()).code], [403, "forbidden"]);
    assertEquals(response.headers.get("x-error-origin"), "upstream");
  }
});

for (const status of [301, 302, 303, 307, 308]) {
  Deno.test(`a ${status} is never followed and is answered 502`, async () => {
    await using elsewhere = await rawUpstream(answering(rawReply(200, "{}")));
    await using upstream = await rawUpstream(
      answering(rawReply(status, "", [`Location: ${elsewhere.url}/`])),
    );
    await using gateway = await serveGateway({ upstream: upstream.url });
    const response = await gateway.request(BATCHES, POST);
    assertEquals([response.status, (await response.json()).code], [502, "upstream_failed"]);
    assertEquals(response.headers.has("location"), false);
    assertEquals([upstream.requests.length, elsewhere.connections], [1, 0]);
  });
}

Deno.test("the upstream's Set-Cookie, Server, Via and hop-by-hop headers do not reach the caller", async () => {
  await using upstream = await rawUpstream(answering(rawReply(200, "{}", [
    "Set-Cookie: a=b",
    "Set-Cookie: c=d",
    "Server: nginx/1.2",
    "Via: 1.1 cdn",
    "Connection: keep-alive, X-Hop",
    "X-Hop: 1",
    "Keep-Alive: timeout=5",
    "X-Error-Origin: upstream",
    "X-Request-Id: theirs",
    "Strict-Transport-Security: max-age=1",
    'ETag: "1"',
    "X-Anything: 1",
  ])));
  await using gateway = await serveGateway({ upstream: upstream.url });
  const { headers, body } = await gateway.request(BATCHES, { headers: { "x-request-id": "mine" } });
  await body?.cancel();
  const names = [...headers.keys()].toSorted();
  assertEquals(names, ["content-length", "content-type", "date", "etag", "x-request-id"]);
  assertEquals(headers.get("x-request-id"), "mine");
});

Deno.test("a forwarded request has the API's Host once and one Content-Length on the wire", async () => {
  await using upstream = await rawUpstream(answering(rawReply(201, "{}")));
  await using gateway = await serveGateway({ upstream: upstream.url });
  const response = await gateway.request(`${BATCHES}?a=%2F&b`, POST);
  await response.body?.cancel();
  const [request] = upstream.requests;
  assertEquals([request?.method, request?.target], ["POST", `${BATCHES}?a=%2F&b`]);
  assertEquals(request?.body, POST.body);
  const headers = (request?.headers ?? []).map(([name, value]) =>
    [name.toLowerCase(), value] as const
  );
  const names = headers.map(([name]) => name);
  assertEquals(names.length, new Set(names).size, names.join());
  assertStringIncludes(JSON.stringify(headers), '["authorization","Bearer credential-of-plan-1"]');
  for (const [name, value] of headers) {
    if (name === "host") assertEquals(value, new URL(upstream.url).host);
    if (name === "content-length") assertEquals(value, `${String(POST.body).length}`);
  }
  assertEquals(names.includes("transfer-encoding"), false);
});

Deno.test("a DELETE without a body is forwarded without one", async () => {
  await using upstream = await rawUpstream(answering(rawReply(200, "{}")));
  await using gateway = await serveGateway({ upstream: upstream.url });
  const response = await gateway.request(`${BATCHES}/b`, { method: "DELETE" });
  await response.body?.cancel();
  const names = upstream.requests[0]?.headers.map(([name]) => name.toLowerCase()) ?? [];
  assertEquals(names.includes("transfer-encoding"), false);
});
