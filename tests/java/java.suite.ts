/** Tests of a gateway with the HTTP client of the official Java SDK, Apache HttpClient 5. */

import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { closedPort, rawUpstream, type RawUpstreamOptions } from "../drills/kit/raw_upstream.ts";
import { PLAN } from "../reference/kit.ts";
import { type ServedGateway, serveGateway } from "../support/served.ts";
import { type JavaAnswer, type JavaClient, javaClient, NEEDS_JAVA } from "./java_client.ts";

const ID = "01FC66621XXXXX119Z8PMV1QPQ";

/** The requests for one batch of the Java program, and the answer that it got. */
interface Sent {
  readonly answer: JavaAnswer;
  /** Number of POSTs that the upstream has read. */
  readonly posts: number;
  /** Number of requests that the gateway has received. */
  readonly received: number;
}

/** Sends one batch with the Java program to a gateway with this upstream. */
async function sendOnce(
  java: JavaClient,
  onRequest: RawUpstreamOptions["onRequest"],
): Promise<Sent> {
  await using upstream = await rawUpstream({ ...(onRequest && { onRequest }) });
  await using gateway = await serveGateway({
    upstream: upstream.url,
    env: { UPSTREAM_TIMEOUT_MS: "2000" },
  });
  const answer = await send(java, gateway);
  return { answer, posts: upstream.seen.length, received: gateway.received.length };
}

async function send(java: JavaClient, gateway: ServedGateway, expiresInS = 60) {
  const token = await gateway.token({ expiresInS });
  return await java.send({ gateway: gateway.url, servicePlan: PLAN, token });
}

Deno.test("the HTTP client of the Java SDK never sends a message twice", async (t) => {
  await using java = await javaClient();
  if (!java) {
    // deno-lint-ignore no-console -- reports the skipped test
    return console.warn(`not tested: needs ${NEEDS_JAVA}`);
  }
  await t.step("a batch is sent and its id is returned", async () => {
    const sent = await sendOnce(java, undefined);
    assertEquals(sent, { answer: { status: 201, challenge: "", id: ID }, posts: 1, received: 1 });
  });

  await t.step("an API that answers too late is 504, which is not sent again", async () => {
    const { answer, ...times } = await sendOnce(java, async (_, wire) => {
      await delay(4_000);
      wire.reply(201, { id: ID });
    });
    assertEquals([answer.status, answer.code], [504, "upstream_timeout"]);
    assertEquals(times, { posts: 1, received: 1 });
  });

  await t.step(
    "a connection that breaks after the request is 502, which is not sent again",
    async () => {
      const { answer, ...times } = await sendOnce(java, (_, wire) => wire.reset());
      assertEquals([answer.status, answer.code], [502, "upstream_connection_lost"]);
      assertEquals(times, { posts: 1, received: 1 });
    },
  );

  await t.step(
    "a status that the API does not document is 502, which is not sent again",
    async () => {
      const { answer, ...times } = await sendOnce(java, (_, wire) => wire.reply(504, {}));
      assertEquals([answer.status, answer.code], [502, "upstream_failed"]);
      assertEquals(times, { posts: 1, received: 1 });
    },
  );

  await t.step("a 503 for an unreachable API is sent again by the client, and arrives once", () => {
    return resentAfterRecovery(java);
  });

  await t.step(
    "the challenge of an expired token has the header name and the word that the SDK requires",
    async () => {
      await using upstream = await rawUpstream();
      await using gateway = await serveGateway({ upstream: upstream.url });
      const { status, challenge } = await send(java, gateway, -3_600);
      assertEquals([status, upstream.seen.length], [401, 0]);
      assert(challenge.includes("expired"), challenge);
    },
  );
});

/** The API recovers between the refusal and the client's second request, a second later. */
async function resentAfterRecovery(java: JavaClient): Promise<void> {
  const port = closedPort();
  await using gateway = await serveGateway({ upstream: `http://127.0.0.1:${port}` });
  const answered = send(java, gateway);
  const { failure } = await gateway.finished();
  assertEquals(failure?.code, "upstream_unreachable");
  await using upstream = await rawUpstream({ port });
  const { status, id } = await answered;
  assertEquals([status, id], [201, ID]);
  assertEquals([gateway.received.length, upstream.seen.length], [2, 1]);
}
