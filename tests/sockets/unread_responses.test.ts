import { assertEquals } from "@std/assert";
import { connect } from "node:http2";
import { answering, rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { serveGateway } from "../support/served.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const LIST = JSON.stringify({ list: "x".repeat(60_000) });

Deno.test("an answer that a caller does not read over HTTP/2 counts as outstanding until its connection ends", async () => {
  await using upstream = await rawUpstream(answering(rawReply(200, LIST)));
  await using gateway = await serveGateway({
    upstream: upstream.url,
    env: { MAX_OUTSTANDING_PER_CALLER: "1" },
  });
  const session = connect(gateway.url, { settings: { initialWindowSize: 0 } });
  const request = session.request({
    ":path": BATCHES,
    authorization: `Bearer ${await gateway.token()}`,
  });
  request.on("error", () => {});
  const status = await new Promise((resolve) =>
    request.on("response", (headers) => resolve(headers[":status"]))
  );
  assertEquals(Number(status), 200);
  const ask = async () => {
    const response = await gateway.request(BATCHES);
    await response.body?.cancel();
    return response.status;
  };
  assertEquals([await ask(), await ask()], [429, 429]);
  session.destroy();
  while (await ask() === 429);
});

Deno.test("a caller that reads its answers may send further requests at once without a refusal", async () => {
  await using upstream = await rawUpstream(answering(rawReply(200, LIST)));
  await using gateway = await serveGateway({
    upstream: upstream.url,
    env: { MAX_OUTSTANDING_PER_CALLER: "1" },
  });
  const head = (connection: string) =>
    [
      `GET ${BATCHES} HTTP/1.1`,
      "Host: gateway.test",
      `Authorization: Bearer ${token}`,
      `Connection: ${connection}`,
    ].join("\r\n") + "\r\n\r\n";
  const token = await gateway.token();
  const connection = await Deno.connect({ port: gateway.port, hostname: "127.0.0.1" });
  const requests = head("keep-alive").repeat(19) + head("close");
  await connection.write(new TextEncoder().encode(requests));
  const received = await new Response(connection.readable).text();
  const statuses = received.match(/HTTP\/1\.1 \d+/g) ?? [];
  assertEquals(statuses, Array.from({ length: 20 }, () => "HTTP/1.1 200"));
});
