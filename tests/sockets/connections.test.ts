import { assert, assertEquals } from "@std/assert";
import { OUTCOME_UNKNOWN } from "../../errors/catalog.ts";
import {
  answering,
  type RawConnection,
  rawReply,
  rawUpstream,
  type Script,
} from "../support/raw_upstream.ts";
import { serveGateway } from "../support/served.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const POST: RequestInit = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: '{"to":["46701234567"],"body":"hello"}',
};

/** Ends its first connection after a number of answers; later connections stay open. */
function closingAfter(answers: number, end: (connection: RawConnection) => unknown): Script {
  return async (connection, index) => {
    for (let answered = 0; index > 0 || answered < answers; answered++) {
      if (!await connection.readRequest()) return;
      await connection.write(rawReply(200, "{}"));
    }
    await end(connection);
  };
}

Deno.test("consecutive requests share a connection", async () => {
  await using upstream = await rawUpstream(answering(rawReply(200, "{}")));
  await using gateway = await serveGateway({ upstream: upstream.url });
  for (const init of [{}, POST, {}, POST]) await (await gateway.request(BATCHES, init)).json();
  assertEquals([upstream.requests.length, upstream.connections], [4, 1]);
});

Deno.test("a connection that closes between requests fails none of them", async () => {
  for (const init of [{}, POST]) {
    const died = Promise.withResolvers<void>();
    await using upstream = await rawUpstream(closingAfter(1, async (connection) => {
      connection.close();
      await connection.closed;
      died.resolve();
    }));
    await using gateway = await serveGateway({ upstream: upstream.url });
    await (await gateway.request(BATCHES, init)).json();
    await died.promise;
    const response = await gateway.request(BATCHES, init);
    await response.body?.cancel();
    assertEquals([response.status, upstream.requests.length], [200, 2]);
  }
});

for (const how of ["close", "reset"] as const) {
  Deno.test(`a POST whose connection ends by ${how} reaches the upstream exactly once`, async () => {
    await using upstream = await rawUpstream(closingAfter(1, async (connection) => {
      await connection.readRequest();
      connection[how]();
    }));
    await using gateway = await serveGateway({
      upstream: upstream.url,
      env: { RETRY_ATTEMPTS: "5" },
    });
    await (await gateway.request(BATCHES, POST)).json();
    const response = await gateway.request(BATCHES, POST);
    const { code, text } = await response.json();
    assertEquals([response.status, code], [502, "upstream_connection_lost"]);
    assert(text.includes(OUTCOME_UNKNOWN));
    assertEquals(upstream.requests.length, 2); // the first POST, and this one once
  });

  Deno.test(`a GET whose connection ends by ${how} is sent again and answered`, async () => {
    await using upstream = await rawUpstream(closingAfter(1, async (connection) => {
      await connection.readRequest();
      connection[how]();
    }));
    await using gateway = await serveGateway({
      upstream: upstream.url,
      env: { RETRY_ATTEMPTS: "1" },
    });
    await (await gateway.request(BATCHES)).json();
    const response = await gateway.request(BATCHES);
    await response.body?.cancel();
    assertEquals([response.status, upstream.requests.length], [200, 3]);
  });
}

Deno.test("bytes that an upstream sends unasked are not used as the next answer", async () => {
  await using upstream = await rawUpstream(async (connection, index) => {
    if (!await connection.readRequest()) return;
    const unasked = index === 0 ? rawReply(200, '{"id":"forged"}') : "";
    await connection.write(rawReply(200, '{"id":"real"}') + unasked);
    while (await connection.readRequest()) await connection.write(rawReply(200, '{"id":"real"}'));
  });
  await using gateway = await serveGateway({ upstream: upstream.url });
  for (let time = 0; time < 3; time++) {
    const response = await gateway.request(BATCHES);
    const { id, code } = await response.json();
    assert(id === "real" || code === "upstream_connection_lost", `${id} ${code}`);
  }
});

Deno.test("a hang-up of the caller cancels a GET and closes the upstream connection", async () => {
  const reached = Promise.withResolvers<RawConnection>();
  await using upstream = await rawUpstream(async (connection) => {
    if (await connection.readRequest()) reached.resolve(connection);
    await connection.closed;
  });
  await using gateway = await serveGateway({ upstream: upstream.url });
  const hangUp = new AbortController();
  const answered = gateway.request(BATCHES, { signal: hangUp.signal }).catch(() => "hung up");
  const connection = await reached.promise;
  hangUp.abort();
  await connection.closed;
  assertEquals(await answered, "hung up");
  const { failure, attempts } = await gateway.finished();
  assertEquals(failure?.code, "client_closed_request");
  assertEquals(attempts.length, 1);
});

Deno.test("a hang-up of the caller does not cancel a POST, whose answer is still read", async () => {
  const reached = Promise.withResolvers<RawConnection>();
  await using upstream = await rawUpstream(async (connection) => {
    if (await connection.readRequest()) reached.resolve(connection);
    await connection.closed;
  });
  await using gateway = await serveGateway({ upstream: upstream.url });
  const hangUp = new AbortController();
  const answered = gateway.request(BATCHES, { ...POST, signal: hangUp.signal })
    .catch(() => "hung up");
  const connection = await reached.promise;
  const { signal } = gateway.received[0] ?? new Request(gateway.url);
  const noticed = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  hangUp.abort();
  assertEquals(await answered, "hung up");
  await noticed; // the gateway has noticed the hang-up and still waits
  await connection.write(rawReply(201, '{"id":"x"}'));
  const { attempts, status } = await gateway.finished();
  // The POST was accepted, but its record says that the caller got no answer.
  assertEquals([status, attempts.map((attempt) => attempt.status)], [499, [201]]);
});
