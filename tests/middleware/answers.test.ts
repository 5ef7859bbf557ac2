import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { type Context, Hono } from "hono";
import type { GatewayEnv } from "../../exchange.ts";
import { Deadlines } from "../../limits/deadlines.ts";
import { hooks } from "../../middleware/hooks.ts";
import { MAX_RESPONSES_WITHOUT_SLOT, responseSlots } from "../../middleware/response_slots.ts";

const SIZE = 10_000;

/** An app that acquires a slot for `/slot` and `/small`, and none for `/none`. */
function scene() {
  let held = 0;
  const app = new Hono<GatewayEnv>();
  app.use(hooks(responseSlots({ timeoutMs: 20, deadlines: new Deadlines() })));
  const answer = (c: Context, size: number) =>
    c.body("x".repeat(size), 200, { "content-length": String(size) });
  for (const [path, size] of [["/slot", SIZE], ["/small", 1_000]] as const) {
    app.get(path, (c) => {
      held++;
      c.get("responseSlots").push(() => void held--);
      return answer(c, size);
    });
  }
  app.get("/none", (c) => answer(c, SIZE));
  return { app, held: () => held };
}

/** A runtime's promise of a sent answer, settled by the test. */
function pendingCompletion() {
  const { promise: completed, resolve, reject } = Promise.withResolvers<void>();
  return { completed, resolve, reject };
}

for (const outcome of ["resolve", "reject"] as const) {
  Deno.test(`a slot is held until the runtime is done with the answer (${outcome})`, async () => {
    const { app, held } = scene();
    const { completed, [outcome]: settle } = pendingCompletion();
    const response = await app.request("/slot", {}, { completed });
    assertEquals([held(), response.headers.get("content-length")], [1, String(SIZE)]);
    assertEquals((await response.text()).length, SIZE);
    assertEquals(held(), 1);
    settle();
    await delay(0);
    assertEquals(held(), 0);
  });
}

Deno.test("a small answer releases its slot when it is handed to the runtime", async () => {
  const { app, held } = scene();
  const { completed } = pendingCompletion();
  assertEquals((await (await app.request("/small", {}, { completed })).text()).length, 1_000);
  assertEquals(held(), 0);
});

Deno.test("without a completion signal of the runtime a slot is released when the answer is handed over", async () => {
  const { app, held } = scene();
  assertEquals((await (await app.request("/slot")).text()).length, SIZE);
  assertEquals(held(), 0);
});

Deno.test("an answer that the caller does not take in time is aborted if the runtime supports it", async () => {
  const { app, held } = scene();
  const { completed, resolve } = pendingCompletion();
  let ended = 0;
  const giveUp = () => {
    ended++;
    resolve();
  };
  await app.request("/slot", {}, { completed, giveUp });
  assertEquals([ended, held()], [0, 1]);
  await delay(60);
  assertEquals([ended, held()], [1, 0]);
});

Deno.test("over the limit of unread answers an answer without a slot has no body, and below it has one again", async () => {
  const { app } = scene();
  const { completed, resolve } = pendingCompletion();
  const sizeOf = async () => {
    const response = await app.request("/none", {}, { completed });
    const { length } = await response.text();
    assertEquals([response.status, response.headers.get("content-length")], [200, `${length}`]);
    return length;
  };
  for (let i = 0; i < MAX_RESPONSES_WITHOUT_SLOT; i++) assertEquals(await sizeOf(), SIZE);
  assertEquals(await sizeOf(), 0);
  resolve();
  await delay(0);
  assertEquals(await sizeOf(), SIZE);
});
