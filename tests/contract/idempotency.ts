import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { SLOW_MS } from "./upstream.ts";
import type { Steps } from "./suite.ts";
import type { ContractInit, World } from "./world.ts";

const BATCHES = "/xms/v1/plan-1/batches";

/** Sends a POST with an idempotency key. */
function send({ request }: World, key: string, init: ContractInit = {}, query = "") {
  return request(BATCHES + query, {
    method: "POST",
    body: '{"to":["12025550142"],"body":"Hello"}',
    ...init,
    headers: { "content-type": "application/json", "idempotency-key": key },
  });
}

async function answer(response: Response): Promise<[number, string]> {
  return [response.status, (await response.json()).code];
}

const ON_A_STORE: Steps = {
  "a repeat gets status, content type and bytes of the first, and is not sent": async (world) => {
    const key = crypto.randomUUID();
    const first = await send(world, key, {}, "?reply=odd");
    const repeat = await send(world, key, {}, "?reply=odd");
    assertEquals([repeat.status, repeat.headers.get("content-type")], [226, "x/odd"]);
    assertEquals(await repeat.bytes(), await first.bytes());
    const replayed = [first, repeat].map(({ headers }) => headers.get("idempotent-replayed"));
    assertEquals(replayed, [null, "true"]);
    assertEquals(world.upstream.taken().length, 1);
  },
  "while the first is under way a repeat is 409, and the key with another body is 422": async (
    world,
  ) => {
    const key = crypto.randomUUID();
    const first = send(world, key, {}, "?reply=slow");
    const arrived = world.upstream.taken;
    for (let ms = 0; ms < SLOW_MS && arrived().length === 0; ms += 5) await delay(5);
    const repeat = await send(world, key, {}, "?reply=slow");
    assertEquals(repeat.headers.get("retry-after"), "1");
    assertEquals(await answer(repeat), [409, "idempotency_key_in_use"]);
    const other = await send(world, key, { body: "{}" }, "?reply=slow");
    assertEquals(await answer(other), [422, "idempotency_key_reused"]);
    await (await first).body?.cancel();
    assertEquals(arrived(), []);
  },
  "a malformed key is 400 and not sent": async (world) => {
    assertEquals(await answer(await send(world, '"a')), [400, "idempotency_key_invalid"]);
    assertEquals(world.upstream.taken(), []);
  },
};

/** Contract §5; on runtimes without a store a key is refused, and nothing is sent. */
export const IDEMPOTENCY: Steps = {
  ...Object.fromEntries(
    Object.entries(ON_A_STORE).map(([promise, see]) => [promise, async (world: World) => {
      if (world.traits.hasStore) return await see(world);
      const refused = await send(world, crypto.randomUUID());
      assertEquals(refused.headers.get("retry-after"), "1");
      assertEquals(await answer(refused), [503, "idempotency_unavailable"]);
      assertEquals(world.upstream.taken(), []);
    }]),
  ),
};
