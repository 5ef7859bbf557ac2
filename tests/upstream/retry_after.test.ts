import { assertEquals } from "@std/assert";
import { retryAfterMs } from "../../upstream/retry_after.ts";

const NOW = Date.parse("2026-10-21T07:28:00Z");

const VALUES: readonly [value: string, ms: number | undefined][] = [
  ["0", 0],
  ["7", 7_000],
  ["Wed, 21 Oct 2026 07:28:30 GMT", 30_000],
  ["Wednesday, 21-Oct-26 07:28:30 GMT", 30_000],
  ["Wed Oct 21 07:28:30 2026", 30_000],
  ["Wed, 21 Oct 2026 07:00:00 GMT", 0],
  ["Zebra 1", undefined],
  ["2026-10-21T07:28:30Z", undefined],
  ["Wed, 99 Oct 2026 07:28:30 GMT", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["12345678901", undefined],
  ["soon", undefined],
  ["", undefined],
];

for (const [value, ms] of VALUES) {
  Deno.test(`Retry-After: ${JSON.stringify(value)} asks for ${ms} ms`, () => {
    assertEquals(retryAfterMs(value, NOW), ms);
  });
}
