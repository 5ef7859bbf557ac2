import { assert, assertEquals } from "@std/assert";
import { PHONE, testPage } from "./kit.ts";

/** Slowdown of the processor. */
const CPU_FACTOR = 4;

/** "3G Fast" of WebPageTest: 150 ms for a round trip, 1.6 and 0.75 Mbit/s. */
const NETWORK = {
  offline: false,
  latency: 150,
  downloadThroughput: 1_600_000 / 8,
  uploadThroughput: 750_000 / 8,
};

/** Time until the first paint, in ms, the median of {@linkcode ROUNDS} visits with an empty cache. */
const MAX_FIRST_PAINT_MS = 1_000;

const ROUNDS = 5;

/** Compressed bytes that a first visit of a page loads, in all. */
const MAX_LOADED_BYTES = 40_000;

for (
  const path of [
    "/docs",
    "/docs/sendBatch",
    "/docs/errors",
    "/docs/guide",
    "/docs/guide/architecture",
  ]
) {
  testPage(
    `${path} shows its first paint within a second on a slow phone and network`,
    PHONE,
    async ({ page, url }) => {
      const devTools = await page.context().newCDPSession(page);
      await devTools.send("Network.enable");
      await devTools.send("Network.setCacheDisabled", { cacheDisabled: true });
      await devTools.send("Network.emulateNetworkConditions", NETWORK);
      await devTools.send("Emulation.setCPUThrottlingRate", { rate: CPU_FACTOR });
      const paints: number[] = [];
      let bytes = 0;
      devTools.on("Network.loadingFinished", ({ encodedDataLength }) => bytes += encodedDataLength);
      for (let round = 0; round < ROUNDS; round++) {
        bytes = 0;
        await page.goto(url + path, { waitUntil: "networkidle" });
        paints.push(
          await page.evaluate(
            "performance.getEntriesByName('first-contentful-paint')[0].startTime",
          ),
        );
      }
      const median = paints.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Infinity;
      const seen = `${path}: first paint after ${Math.round(median)} ms (${
        paints.map(Math.round).join(", ")
      }), ${bytes} bytes`;
      // deno-lint-ignore no-console -- a measurement
      console.log(seen);
      assertEquals(paints.length, ROUNDS);
      assert(median < MAX_FIRST_PAINT_MS && bytes < MAX_LOADED_BYTES, seen);
    },
  );
}
