import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { assertError, type ExpectedError } from "./errors.ts";
import type { Steps } from "./suite.ts";
import type { ContractInit, World } from "./world.ts";

const BATCHES = "/xms/v1/plan-1/batches";

/** A POST of a message with a key. */
function send(
  world: World,
  key: string,
  { path = BATCHES, ...message }: { path?: string; [member: string]: unknown } = {},
  init: ContractInit = {},
): Promise<Response> {
  return world.request(path, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify({ to: ["12025550142"], from: "12345", body: "Hi", ...message }),
    ...init,
  });
}

const postsIn = ({ upstream }: World) =>
  upstream.taken().filter(({ method }) => method === "POST").length;

const newKey = () => crypto.randomUUID();

/** Fails unless the runtime answers as it does without a store; then there is no more to test. */
async function isRefusedWithoutStore(world: World): Promise<boolean> {
  if (world.traits.hasStore) return false;
  const expected = { status: 503, code: "idempotency_unavailable", origin: "gateway" } as const;
  await assertError(await send(world, newKey()), expected);
  assertEquals(world.upstream.taken(), []);
  return true;
}

const REFUSED: Readonly<Record<string, ExpectedError>> = {
  invalid: { status: 400, code: "idempotency_key_invalid", origin: "gateway" },
  inUse: { status: 409, code: "idempotency_key_in_use", origin: "gateway" },
  reused: { status: 422, code: "idempotency_key_reused", origin: "gateway" },
  unknown: { status: 504, code: "upstream_timeout", origin: "gateway" },
};

/** Contract §5. */
export const IDEMPOTENCY: Steps = {
  "a repeat with the same key gets the first answer and is not sent": async (world) => {
    if (await isRefusedWithoutStore(world)) return;
    const key = newKey();
    const first = await send(world, key);
    const repeat = await send(world, key);
    assertEquals([first.status, repeat.status], [201, 201]);
    assertEquals(first.headers.has("idempotent-replayed"), false);
    assertEquals(repeat.headers.get("idempotent-replayed"), "true");
    assertEquals(repeat.headers.get("content-type"), first.headers.get("content-type"));
    assertEquals(await repeat.bytes(), await first.bytes());
    assertEquals(postsIn(world), 1);
  },

  "the quoted form of a key names the same key": async (world) => {
    if (!world.traits.hasStore) return;
    const key = newKey();
    const first = await send(world, key);
    const repeat = await send(world, `"${key}"`);
    assertEquals(await repeat.text(), await first.text());
    assertEquals(postsIn(world), 1);
  },

  "a repeat while the first is under way is 409 with Retry-After": async (world) => {
    if (!world.traits.hasStore) return;
    const key = newKey();
    const path = `${BATCHES}?sandbox_delay_ms=600`;
    const first = send(world, key, { path });
    // The sandbox records a request before the delay.
    for (let ms = 0; ms < 600 && postsIn(world) === 0; ms += 10) await delay(10);
    await assertError(await send(world, key, { path }), REFUSED.inUse!);
    const answer = await first;
    await answer.body?.cancel();
    assertEquals([answer.status, postsIn(world)], [201, 0]);
  },

  "a key with another body is 422": async (world) => {
    if (!world.traits.hasStore) return;
    const key = newKey();
    await (await send(world, key)).body?.cancel();
    await assertError(await send(world, key, { body: "Ho" }), REFUSED.reused!);
    assertEquals(postsIn(world), 1);
  },

  "a malformed key is 400, and nothing is sent": async (world) => {
    for (const key of ['"', '"a"b', "k".repeat(256), "\u00e9"]) {
      await assertError(await send(world, key), REFUSED.invalid!);
    }
    assertEquals(world.upstream.taken(), []);
  },

  "a request that was refused can be repeated with its key": async (world) => {
    if (!world.traits.hasStore) return;
    const key = newKey();
    const refused = await send(world, key, { path: `${BATCHES}?sandbox_status=503` });
    await assertError(refused, { status: 503 });
    const again = await send(world, key); // another query: the key was released
    await again.body?.cancel();
    assertEquals([again.status, again.headers.has("idempotent-replayed")], [201, false]);
  },

  "after a timeout a repeat is not sent; with a client_reference it finds the batch": async (
    world,
  ) => {
    if (!world.traits.hasStore) return;
    const path = `${BATCHES}?sandbox_delay_ms=4000`;
    const [plain, referenced] = [newKey(), newKey()];
    const message = { path, client_reference: newKey() };
    const first = await Promise.all([
      send(world, plain, { path }),
      send(world, referenced, message),
    ]);
    for (const response of first) await assertError(response, REFUSED.unknown!);
    assertEquals(postsIn(world), 2);
    await assertError(await send(world, plain, { path }), REFUSED.unknown!);
    const found = await send(world, referenced, message);
    assertEquals([found.status, found.headers.get("idempotent-replayed")], [201, "true"]);
    assertEquals((await found.json()).client_reference, message.client_reference);
    assertEquals(postsIn(world), 0);
  },

  "a POST without a key, and a GET with one, need no store": async (world) => {
    const headers = { "idempotency-key": "k" };
    const listed = await world.request(BATCHES, { headers });
    await listed.body?.cancel();
    const sent = await send(world, "", {}, { headers: { "content-type": "application/json" } });
    await sent.body?.cancel();
    assertEquals([listed.status, sent.status], [200, 201]);
    assert(!sent.headers.has("idempotent-replayed"));
  },

  "IDEMPOTENCY=required refuses a POST without a key": async (world) => {
    if (!world.traits.hasStore) return;
    await using gateway = await world.start({ IDEMPOTENCY: "required" });
    const headers = { "content-type": "application/json" };
    const response = await send(world, "", {}, { headers, url: gateway.url });
    await assertError(response, {
      status: 400,
      code: "idempotency_key_missing",
      origin: "gateway",
    });
    assertEquals(world.upstream.taken(), []);
  },
};
