import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseConfig } from "../../config.ts";
import { countDescriptors } from "../../entry/deno_server.ts";
import { type DescriptorShortage, limitToDescriptors } from "../../entry/descriptors.ts";
import { countDescriptors as countOnNode } from "../../entry/node_server.ts";
import { testEnv } from "../support/gateway.ts";
import { testIssuer } from "../support/issuer.ts";

const config = parseConfig({ ...testEnv(await testIssuer()), MAX_IN_FLIGHT: "1000" });

/** Available file descriptors → the limit of requests in flight. */
const CASES: readonly [available: number | undefined, inFlight: number][] = [
  [undefined, 1000],
  [2064, 1000],
  [2063, 999],
  [231, 87],
  [39, 15],
  [0, 1],
];

for (const [available, inFlight] of CASES) {
  Deno.test(`with ${available ?? "an unknown number of"} descriptors the limit of 1000 requests in flight becomes ${inFlight}`, () => {
    const shortages: DescriptorShortage[] = [];
    const fitting = limitToDescriptors(config, () => available, (found) => shortages.push(found));
    assertEquals(fitting.limits.inFlight, inFlight);
    assertEquals(shortages.length, inFlight === 1000 ? 0 : 1);
    if (shortages[0]) assertStringIncludes(shortages[0].advice, `MAX_IN_FLIGHT to ${inFlight} `);
  });
}

Deno.test("descriptors are counted by opening and closing them", () => {
  for (let round = 0; round < 3; round++) assertEquals(countDescriptors(100), 100);
});

Deno.test({
  name: "on Node descriptors are counted as the limit less the open ones",
  ignore: Deno.build.os !== "linux",
  fn: () => assertEquals((countOnNode() ?? 0) > 100, true),
});
