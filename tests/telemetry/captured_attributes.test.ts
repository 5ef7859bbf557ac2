import { SpanKind } from "@opentelemetry/api";
import { assertEquals } from "@std/assert";
import { testGateway } from "../support/gateway.ts";

const BATCHES = "/xms/v1/plan-1/batches";

const LISTED = {
  TRACE_BAGGAGE: "team,order_id",
  TRACE_REQUEST_HEADERS: "X-Team, x-job",
};

/** The attributes of the SERVER span that do not belong to every request. */
async function captured(
  env: Record<string, string>,
  headers: Record<string, string>,
): Promise<Record<string, unknown>> {
  const gateway = await testGateway({ env });
  const plain = await testGateway();
  await gateway.request(BATCHES, { headers });
  await plain.request(BATCHES);
  const [own, usual] = [gateway, plain].map(({ spans }) =>
    spans.find(({ kind }) => kind === SpanKind.SERVER)?.attributes ?? {}
  );
  return Object.fromEntries(Object.entries(own!).filter(([name]) => !(name in usual!)));
}

/** What is tried, headers of the request → the attributes that they add. */
const CASES: readonly [
  name: string,
  headers: Record<string, string>,
  attributes: Record<string, unknown>,
][] = [
  ["nothing without the headers", {}, {}],
  [
    "listed members, decoded, and nothing that is not listed",
    { baggage: "team=checkout;ttl=1, order_id=A%20b%C3%BC , token=PRIVATE" },
    { team: "checkout", order_id: "A bü" },
  ],
  [
    "listed headers by their conventional name, as a list",
    { "x-team": "billing", "x-job": "nightly", "x-other": "PRIVATE" },
    { "http.request.header.x-team": ["billing"], "http.request.header.x-job": ["nightly"] },
  ],
  [
    "at most 256 characters of a value",
    { baggage: `team=${"b".repeat(3_000)}`, "x-team": "h".repeat(5_000) },
    { team: "b".repeat(256), "http.request.header.x-team": ["h".repeat(256)] },
  ],
  ["nothing of baggage that cannot be parsed", { baggage: "team; =;;%,order_id=%E0%A4%A" }, {}],
];

for (const [name, headers, attributes] of CASES) {
  Deno.test(`a SERVER span gets ${name}`, async () => {
    assertEquals(await captured(LISTED, headers), attributes);
  });
}

Deno.test("without lists neither baggage nor headers reach a span", async () => {
  assertEquals(await captured({}, { baggage: "team=checkout", "x-team": "billing" }), {});
});
