import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { GatewayError } from "../../errors/gateway_error.ts";
import type { Exchange } from "../../exchange.ts";
import { Deadlines } from "../../limits/deadlines.ts";
import { trackedBody } from "../../middleware/tracked_body.ts";

/** A tracked body of three chunks of ten bytes, with 50 ms for the caller to take each. */
function scene() {
  let left = 3;
  let cancelled: unknown;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (stream) => left-- > 0 ? stream.enqueue(new Uint8Array(10)) : stream.close(),
    cancel: (why) => void (cancelled = why),
  });
  // deno-lint-ignore no-explicit-any -- trackedBody() only writes to the exchange
  const exchange = {} as any as Exchange;
  const deadlines = new Deadlines();
  const stream = trackedBody(exchange, body, { readTimeoutMs: 50, deadlines });
  return { exchange, stream, deadlines, cancelled: () => cancelled };
}

Deno.test("a tracked body arrives whole, its bytes are counted, and its end is reported", async () => {
  const { exchange, stream } = scene();
  assertEquals((await new Response(stream).bytes()).byteLength, 30);
  await exchange.streamed;
  assertEquals(exchange.bytesOut, 30);
  await delay(80); // a deadline that was not cleared would expire now
});

Deno.test("the last byte of a tracked body is a chunk of its own", async () => {
  for (const sizes of [[1], [1, 1], [10], [1, 10, 1], [3, 2, 1, 10]]) {
    const bytes = Uint8Array.from({ length: sizes.reduce((a, b) => a + b) }, (_, index) => index);
    let start = 0;
    const chunks = sizes.map((size) => bytes.slice(start, start += size));
    // deno-lint-ignore no-explicit-any -- trackedBody() only writes to the exchange
    const exchange = {} as any as Exchange;
    const options = { readTimeoutMs: 50, deadlines: new Deadlines() };
    const pieces = await Array.fromAsync(
      trackedBody(exchange, ReadableStream.from(chunks), options),
    );
    assertEquals(pieces.flatMap((piece) => [...piece]), [...bytes]);
    assertEquals([pieces.at(-1)?.byteLength, pieces.every((piece) => piece.byteLength > 0)], [
      1,
      true,
    ]);
    assertEquals(exchange.bytesOut, bytes.byteLength);
  }
});

Deno.test("a body whose caller stops reading is aborted, and the upstream's body is cancelled", async () => {
  const { exchange, stream, cancelled } = scene();
  const reader = stream.getReader();
  await reader.read();
  const error = await assertRejects(() => exchange.streamed ?? Promise.resolve(), GatewayError);
  assertEquals(error.failure.code, "client_closed_request");
  await assertRejects(() => reader.read(), GatewayError);
  assert(cancelled() instanceof GatewayError);
});

Deno.test("a body cut by the shutdown is not attributed to the caller", async () => {
  const { exchange, stream, deadlines } = scene();
  await stream.getReader().read();
  deadlines.expireAll();
  const error = await assertRejects(() => exchange.streamed ?? Promise.resolve(), GatewayError);
  assertEquals(error.failure.code, "overloaded");
});

Deno.test("a caller that hangs up cancels the tracked body and its source", async () => {
  const { exchange, stream, cancelled } = scene();
  const ended = exchange.streamed?.catch((why) => why);
  await stream.cancel("gone");
  assertEquals([await ended, cancelled()], ["gone", "gone"]);
});
