import { FAULT_SHAPES } from "../../sandbox/fault_shapes.ts";
import { assertError } from "./errors.ts";
import type { Steps } from "./suite.ts";
import { assert, assertEquals } from "@std/assert";

const BATCHES = "/xms/v1/plan-1/batches";

/** Status of the upstream → status of the answer. */
const STATUSES: readonly [number, number][] = [
  [301, 502],
  [307, 502],
  [400, 400],
  [402, 402],
  [408, 503],
  [418, 418],
  [422, 422],
  [425, 503],
  [499, 502],
  [500, 500],
  [501, 502],
  [502, 502],
  [503, 503],
  [504, 502],
  [520, 502],
  [599, 502],
];

/** Contract §3. */
export const REPLIES: Steps = {
  ...Object.fromEntries(FAULT_SHAPES.map((shape) =>
    [
      `an error of the shape ${shape} becomes code and text`,
      async ({ request }) => {
        const response = await request(`${BATCHES}?sandbox_status=400&sandbox_shape=${shape}`);
        await assertError(response, { status: 400, origin: "upstream" });
      },
    ] as const satisfies [string, Steps[string]]
  )),

  "every error status of the upstream is answered with the documented status": async (
    { request },
  ) => {
    for (const [sent, status] of STATUSES) {
      await assertError(await request(`${BATCHES}?sandbox_status=${sent}`), { status });
    }
  },

  "a redirect is not followed": async ({ request, upstream }) => {
    await assertError(await request(`${BATCHES}?reply=redirect`), {
      status: 502,
      code: "upstream_failed",
    });
    assertEquals(upstream.taken().length, 1);
  },

  "a 404 is answered without a body": async ({ request }) => {
    const response = await request(`${BATCHES}?reply=missing`);
    await assertError(response, { status: 404, origin: "upstream" });
  },

  "an upstream 401 is 503 upstream_credentials_rejected": async ({ request }) => {
    const response = await request(`${BATCHES}?reply=unauthorized`);
    await assertError(response, { status: 503, code: "upstream_credentials_rejected" });
    assertEquals(response.headers.has("www-authenticate"), false);
  },

  "a slow answer is streamed, not held until it is complete": async ({ request }) => {
    const response = await request(`${BATCHES}?reply=slow_body`);
    const answeredAt = performance.now();
    assertEquals([response.status, typeof await response.json()], [200, "string"]);
    assert(performance.now() - answeredAt > 200, "the answer was not streamed");
  },

  "an unknown code and Retry-After of the upstream reach the caller": async ({ request }) => {
    const unknown = await request(`${BATCHES}?reply=unknown_code`);
    assertEquals(await assertError(unknown, { status: 409, code: "brand_new" }), "New.");
    const busy = await request(`${BATCHES}?reply=busy`);
    await assertError(busy, { status: 429, code: "limit_exceeded", origin: "upstream" });
    assertEquals(busy.headers.get("retry-after"), "7");
  },
};
