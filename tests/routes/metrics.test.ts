import { assertEquals } from "@std/assert";
import { testGateway } from "../support/gateway.ts";

/** `Accept` → whether the answer is OpenMetrics. */
const ACCEPTED: readonly [accept: string | undefined, isOpen: boolean][] = [
  [undefined, false],
  ["*/*", false],
  ["text/plain", false],
  ["application/openmetrics-text", true],
  [
    "Application/OpenMetrics-Text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    true,
  ],
  ["application/openmetrics-text;q=0.5,text/plain;q=0.9", false],
  ["application/openmetrics-text;q=0", false],
  ["application/openmetrics-text;q=0,*/*", false],
];

for (const [accept, isOpen] of ACCEPTED) {
  Deno.test(`/metrics with Accept: ${accept} is ${isOpen ? "OpenMetrics" : "the Prometheus format"}`, async () => {
    const { request } = await testGateway();
    const response = await request("/metrics", { headers: accept === undefined ? {} : { accept } });
    await response.body?.cancel();
    const type = response.headers.get("content-type")?.split(";", 1)[0];
    assertEquals(type, isOpen ? "application/openmetrics-text" : "text/plain");
  });
}
