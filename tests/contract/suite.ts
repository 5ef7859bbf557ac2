import { CREDENTIALS_CHAPTER } from "./credentials.ts";
import { HEADERS } from "./headers.ts";
import { IDEMPOTENCY } from "./idempotency.ts";
import { OPERATIONS } from "./operations.ts";
import { REPLIES } from "./replies.ts";
import { STATUSES } from "./statuses.ts";
import { TELEMETRY } from "./telemetry.ts";
import { TOKEN_ENDPOINT } from "./token_endpoint.ts";
import { createWorld, type StartGateway, type Traits, type World } from "./world.ts";

/** Guarantee → its test from outside. Steps do not depend on each other. */
export type Steps = Readonly<Record<string, (world: World) => Promise<void>>>;

/** The guarantees by chapter. */
const CHAPTERS: Readonly<Record<string, Steps>> = {
  operations: OPERATIONS,
  statuses: STATUSES,
  replies: REPLIES,
  headers: HEADERS,
  credentials: CREDENTIALS_CHAPTER,
  idempotency: IDEMPOTENCY,
  tokens: TOKEN_ENDPOINT,
  telemetry: TELEMETRY,
};

/**
 * Tests what a gateway guarantees its callers, over HTTP and from outside, in the same way on every
 * runtime.
 */
export function contractSuite(name: string, start: StartGateway, traits: Traits): void {
  Deno.test(`${name} keeps the contract`, async (t) => {
    await using world = await createWorld(start, traits);
    for (const [chapter, steps] of Object.entries(CHAPTERS)) {
      for (const [promise, see] of Object.entries(steps)) {
        await t.step(`${chapter}: ${promise}`, async () => {
          world.upstream.taken();
          await see(world);
        });
      }
    }
  });
}
