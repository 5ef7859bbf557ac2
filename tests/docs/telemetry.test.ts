import { assertEquals } from "@std/assert";
import { parseConfig } from "../../config.ts";
import { exportJson } from "../../telemetry/collector.ts";
import { testEnv } from "../support/gateway.ts";
import { testIssuer } from "../support/issuer.ts";

const PAGE = await Deno.readTextFile(new URL("../../docs/telemetry.md", import.meta.url));

/** The environment of each recipe, in the order of the page. */
const RECIPES = [...PAGE.matchAll(/^```sh env\n(.*?)^```$/gms)].map(([, block = ""]) =>
  Object.fromEntries(
    block.trim().split("\n").map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  )
);

/** What each recipe makes the gateway send: the URL of spans, of metrics, and a header. */
const REQUESTS:
  readonly (readonly [traces: string, metrics: string | undefined, header?: string])[] = [
    [
      "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/traces",
      "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/metrics",
      "authorization: Basic BASE64",
    ],
    ["https://api.honeycomb.io/v1/traces", undefined, "x-honeycomb-team: KEY"],
    ["http://localhost:4318/v1/traces", "http://localhost:4318/v1/metrics"],
    [
      "http://otel-collector.monitoring:4318/v1/traces",
      "http://otel-collector.monitoring:4318/v1/metrics",
    ],
    ["http://localhost:4318/v1/traces", undefined],
    ["https://tempo.example.internal/v1/traces", undefined, "x-scope-orgid: sms"],
  ];

for (const [index, [traces, metrics, header]] of REQUESTS.entries()) {
  Deno.test(`recipe ${index + 1} of docs/telemetry.md sends spans to ${traces}`, async () => {
    const recipe = RECIPES[index];
    const { telemetry } = parseConfig({ ...testEnv(await testIssuer()), ...recipe });
    const sent: Request[] = [];
    const fetch = (url: string | URL | Request, init?: RequestInit) => {
      sent.push(new Request(url, init));
      return Promise.resolve(new Response("{}"));
    };
    const body = new TextEncoder().encode("{}");
    for (const target of [telemetry.traces, telemetry.metrics]) {
      if (target) await exportJson({ target, body, fetch });
    }
    assertEquals(sent.map(({ url }) => url), [traces, ...metrics ? [metrics] : []]);
    for (const { headers } of header ? sent : []) {
      const [name = "", value = ""] = header?.split(": ") ?? [];
      assertEquals(headers.get(name), value);
    }
  });
}

Deno.test("every recipe of docs/telemetry.md is checked", () => {
  assertEquals(RECIPES.length, REQUESTS.length);
});
