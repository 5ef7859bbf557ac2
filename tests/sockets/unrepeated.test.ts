import { assertEquals, assertRejects } from "@std/assert";
import { unrepeatedFetch } from "../../entry/outgoing_fetch.ts";
import { rawReply, rawUpstream } from "../support/raw_upstream.ts";

const fetch = unrepeatedFetch(() => undefined);

const post = (port: number, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${port}/oauth2/token`, {
    method: "POST",
    body: "grant_type=x",
    ...init,
  });

Deno.test("a token request is sent once when the endpoint has closed the connection before", async () => {
  await using endpoint = await rawUpstream(async (connection) => {
    await connection.readRequest();
    await connection.write(rawReply(200, "{}"));
    await connection.readRequest(); // a second one on a kept connection is lost
    connection.reset();
  });
  for (let n = 1; n <= 5; n++) {
    const response = await post(endpoint.port);
    assertEquals(await response.json(), {});
    assertEquals([endpoint.requests.length, endpoint.connections], [n, n]);
  }
});

Deno.test("a token request whose connection breaks is not sent again", async () => {
  await using endpoint = await rawUpstream(async (connection) => {
    await connection.readRequest();
    connection.reset();
  });
  await assertRejects(() => post(endpoint.port));
  assertEquals(endpoint.requests.length, 1);
});

Deno.test("a reply that stops on the way ends with its deadline", async () => {
  await using endpoint = await rawUpstream(async (connection) => {
    await connection.readRequest();
    await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{");
    await connection.closed;
  });
  const deadline = new AbortController();
  const response = await post(endpoint.port, { signal: deadline.signal });
  const read = response.text();
  deadline.abort(new DOMException("no token in time", "TimeoutError"));
  assertEquals((await assertRejects(() => read, Error)).name, "TimeoutError");
});
