import { HEADERS } from "./headers.ts";
import { OPERATIONS } from "./operations.ts";
import { REPLIES } from "./replies.ts";
import { STATUSES } from "./statuses.ts";
import { TELEMETRY } from "./telemetry.ts";
import { createWorld, type StartGateway, type Traits, type World } from "./world.ts";

/** What is promised → how it is seen from outside. Steps do not depend on each other. */
export type Steps = Readonly<Record<string, (world: World) => Promise<void>>>;

/** The promises by chapter. */
const CHAPTERS: Readonly<Record<string, Steps>> = {
  operations: OPERATIONS,
  statuses: STATUSES,
  replies: REPLIES,
  headers: HEADERS,
  telemetry: TELEMETRY,
};

/**
 * Holds a gateway to what it promises its callers, over HTTP and from outside: the same
 * promises on every runtime, whatever it is made of there.
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
