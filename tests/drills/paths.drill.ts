import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { sendRaw } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { CREDENTIAL, type GatewayProcess, PLAN, startGateway } from "./kit/gateway_process.ts";
import { type RawUpstream, rawUpstream } from "./kit/raw_upstream.ts";
import { seed } from "./kit/seed.ts";

const BASE = `/xms/v1/${PLAN}`;

/** Encodings of a dot segment or a slash that a later decoder might accept. */
const ESCAPES = [
  "..",
  "%2e%2e",
  "%2E.",
  ".%2e",
  "%252e%252e",
  "..%2f",
  "..%5c",
  "..\\",
  "\\..\\",
  "..;",
  "..;/",
  ";/..",
  "%2f",
  "%2f..%2f",
  "%252f",
  "%c0%ae%c0%ae",
  "%e0%80%ae",
  "%c0%af",
  "%uff0e%uff0e",
  "\u00ef\u00bc\u008e\u00ef\u00bc\u008e", // fullwidth full stops, as UTF-8 bytes
  "\u00ef\u00bc\u008f", // fullwidth solidus
  "%00",
  "\0",
  "%0d%0aHost:%20evil",
  "..%00/",
  "%20",
  "..%23",
  "#",
  "..?",
  "//",
  "/",
  "",
  ".",
  "@evil.test",
  "%40evil.test",
  "plan-2",
] as const;

/** Request targets that may be forwarded. */
const FORWARDABLE = new RegExp(
  `^${BASE}/(batches(/[A-Za-z0-9_-]+(/delivery_feedback|/delivery_report(/(\\+|%2[Bb])?\\d+)?)?)?` +
    `|delivery_reports|inbounds(/[A-Za-z0-9_-]+)?|groups(/[A-Za-z0-9_-]+(/members)?)?)(\\?.*)?$`,
);

async function assertContained(
  target: string,
  { gateway, upstream }: { gateway: GatewayProcess; upstream: RawUpstream },
): Promise<void> {
  const before = upstream.seen.length;
  const request = `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n` +
    `Authorization: Bearer ${gateway.token}\r\n\r\n`;
  const answer = await sendRaw(gateway.port, request, { timeoutMs: 3_000 });
  const forwarded = upstream.seen.slice(before);
  assert(answer.status !== 500, `${JSON.stringify(target)}: 500`);
  assert(forwarded.length <= 1, `${JSON.stringify(target)}: ${forwarded.length} requests`);
  for (const { target: sent, headers } of forwarded) {
    assert(FORWARDABLE.test(sent), `${JSON.stringify(target)} went upstream as ${sent}`);
    assertEquals(headers.authorization, `Bearer ${CREDENTIAL}`);
  }
}

async function corpus(): Promise<string> {
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({ upstream: upstream.url });
  const targets = ESCAPES.flatMap((escape) => [
    `${BASE}/batches/${escape}`,
    `${BASE}/batches/${escape}/plan-2/batches`,
    `${BASE}/batches/01FC/${escape}`,
    `${BASE}/${escape}/batches`,
    `/xms/v1/${escape}/batches`,
    `/${escape}${BASE}/batches`,
    `${BASE}${escape}/batches`,
    `${BASE}/batches${escape}`,
    `${BASE}/batches/01FC/delivery_report/${escape}`,
    `http://a${BASE}/batches/${escape}`,
    `${BASE}/batches?page=${escape}`,
  ]);
  for (const target of targets) await assertContained(target, { gateway, upstream });
  return `${targets.length} targets, ${upstream.seen.length} forwarded, all below ${BASE}/`;
}

const RUNS = 1_500;

async function property(): Promise<string> {
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({ upstream: upstream.url });
  const segment = fc.oneof(
    fc.constantFrom(
      ...ESCAPES,
      "xms",
      "v1",
      PLAN,
      "batches",
      "groups",
      "delivery_report",
      "dry_run",
    ),
    fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/),
    fc.string({
      unit: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)),
      maxLength: 6,
    })
      .map((text) => text.replace(/[\r\n ]/g, "")),
  );
  const target = fc.tuple(
    fc.constantFrom("", "/xms/v1/", `${BASE}/`, `${BASE}/batches/`),
    fc.array(segment, { maxLength: 6 }),
  ).map(([start, segments]) => `${start}${segments.join("/")}`.replace(/^(?!\/)/, "/"));
  await fc.assert(
    fc.asyncProperty(target, (path) => assertContained(path, { gateway, upstream })),
    { numRuns: RUNS, seed: seed() },
  );
  return `${RUNS} arbitrary paths (seed ${seed()}), ${upstream.seen.length} forwarded, all below ${BASE}/`;
}

export default [
  {
    name: "paths: corpus",
    did: "encoded slashes, dot segments, overlong UTF-8, ;, \\, NUL, fullwidth, at every position",
    promised: "only paths below the service plan are forwarded",
    run: corpus,
  },
  {
    name: "paths: property",
    did: "arbitrary paths by raw socket",
    promised: "only paths below the service plan are forwarded",
    run: property,
  },
] satisfies Drill[];
