import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { type Context, Hono } from "hono";
import type { GatewayEnv } from "../../exchange.ts";
import { Deadlines } from "../../limits/deadlines.ts";
import { MAX_RESPONSES_WITHOUT_SLOT, responseSlots } from "../../middleware/response_slots.ts";

const SIZE = 10_000;

/** An app that takes up a slot for `/slot` and `/small`, and none for `/none`. */
function scene() {
  let held = 0;
  const app = new Hono<GatewayEnv>();
  app.use(responseSlots({ timeoutMs: 20, deadlines: new Deadlines() }));
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

/** What a runtime says of an answer, settled by hand. */
function untaken() {
  const { promise: completed, resolve, reject } = Promise.withResolvers<void>();
  return { completed, resolve, reject };
}

for (const outcome of ["resolve", "reject"] as const) {
  Deno.test(`a slot is kept until the runtime is done with the answer (${outcome})`, async () => {
    const { app, held } = scene();
    const { completed, [outcome]: settle } = untaken();
    const response = await app.request("/slot", {}, { completed });
    assertEquals([held(), response.headers.get("content-length")], [1, String(SIZE)]);
    assertEquals((await response.text()).length, SIZE);
    assertEquals(held(), 1);
    settle();
    await delay(0);
    assertEquals(held(), 0);
  });
}

Deno.test("a small answer gives its slot back when it is handed over", async () => {
  const { app, held } = scene();
  const { completed } = untaken();
  assertEquals((await (await app.request("/small", {}, { completed })).text()).length, 1_000);
  assertEquals(held(), 0);
});

Deno.test("where the runtime tells nothing, a slot is given back when the answer is handed over", async () => {
  const { app, held } = scene();
  assertEquals((await (await app.request("/slot")).text()).length, SIZE);
  assertEquals(held(), 0);
});

Deno.test("where the runtime can end an answer, one that was not taken in time is ended", async () => {
  const { app, held } = scene();
  const { completed, resolve } = untaken();
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

Deno.test("beyond the bound an answer that holds no slot is only headers, and later has its body again", async () => {
  const { app } = scene();
  const { completed, resolve } = untaken();
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
