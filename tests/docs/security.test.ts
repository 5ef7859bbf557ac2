import { assert, assertEquals } from "@std/assert";
import { MAX_TOKEN_REPLY_BYTES } from "../../auth/token_endpoint.ts";
import { MAX_ISSUERS } from "../../issuer_settings.ts";
import { MAX_RATE_KEY_LENGTH, MAX_RATE_KEYS } from "../../limits/rate.ts";
import { MAX_TOKEN_CACHE_BYTES } from "../../auth/verified_token_cache.ts";
import { MAX_RESIDENT_BYTES, MAX_UNREAD_BODIES } from "../../limits/connection_buffers.ts";
import { MAX_UNTRACKED_BYTES } from "../../middleware/chunks.ts";
import { MAX_RESPONSES_WITHOUT_SLOT } from "../../middleware/response_slots.ts";
import { MAX_PAGE_BYTES } from "../../idempotency/find_out.ts";
import { MAX_WAITING_BYTES } from "../../idempotency/settlements.ts";
import { MAX_LOOKUP_BYTES, MAX_POLICY_LOOKUPS } from "../../middleware/bounded_lookups.ts";
import { MAX_LOOKUPS } from "../../middleware/repeats.ts";
import { MAX_GROUP_CACHE_BYTES } from "../../policies/group_sizes.ts";
import { SETTINGS } from "../../settings.ts";
import { MAX_MEMORY_STORE_BYTES } from "../../state/memory.ts";
import { MAX_WAITING_LINE_BYTES } from "../../telemetry/line_writer.ts";
import { MAX_WAITING_RECORD_BYTES } from "../../telemetry/log_exporter.ts";
import { MAX_REQUEST_SPAN_BYTES } from "../../telemetry/request_spans.ts";
import { MAX_WAITING_SPAN_BYTES } from "../../telemetry/span_exporter.ts";
import { MAX_BUFFERED_BYTES } from "../../upstream/transport.ts";
import { allDrills } from "../drills/all.ts";
import { MEMORY_LIMIT_MIB } from "../drills/kit/memory_limit.ts";

const SECURITY = await Deno.readTextFile(new URL("../../SECURITY.md", import.meta.url));

Deno.test("SECURITY.md names only existing drills, and every area of drills", async () => {
  const names = (await allDrills()).map(({ name }) => name);
  const cited = [...SECURITY.matchAll(/`((?:[a-z]+: [^`]+)|soak)`/g)].map(([, name = ""]) => name);
  for (const name of cited) {
    assert(names.some((drill) => drill.startsWith(name.replace(/…$/, ""))), `no drill: ${name}`);
  }
  const areaOf = (name: string) => name.split(":", 1)[0];
  assertEquals(new Set(cited.map(areaOf)), new Set(names.map(areaOf)));
});

const KIB = 1024;
const MIB = 1024 * KIB;

/** The value of a constant that its file keeps to itself. */
async function constantIn(file: string, name: string): Promise<number> {
  const text = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
  const [, product = ""] = new RegExp(`const ${name} = ([\\d_* ]+);`).exec(text) ?? [];
  return product.replaceAll("_", "").split("*").reduce(
    (value, factor) => value * Number(factor),
    1,
  );
}

Deno.test("the bounds in SECURITY.md are those of the code, and so is their sum", async () => {
  const inFlight = Number(SETTINGS.MAX_IN_FLIGHT.default);
  const tokenLength = await constantIn("auth/issuers.ts", "MAX_TOKEN_LENGTH");
  const unreadMiB = MAX_UNREAD_BODIES * 280 * KIB / MIB;
  const responsesMiB = inFlight * MAX_BUFFERED_BYTES / MIB;
  const docs = await constantIn("routes/docs.ts", "MAX_UNREAD_RESPONSES");
  const metrics = await constantIn("routes/metrics.ts", "MAX_UNREAD_RESPONSES");
  const keySetMiB = await constantIn("auth/key_set_download.ts", "MAX_LENGTH") / MIB;
  const keySetsMiB = MAX_ISSUERS * keySetMiB;
  const tokenBodiesMiB = await constantIn("routes/oauth.ts", "MAX_HELD_TOKEN_REQUEST_BYTES") / MIB;
  const tokenRequests = await constantIn("routes/oauth.ts", "MAX_TOKEN_REQUESTS");
  const tokenRepliesMiB = tokenRequests * MAX_TOKEN_REPLY_BYTES / MIB;
  const clientIdsMiB = MAX_RATE_KEYS * 2 * MAX_RATE_KEY_LENGTH / MIB;
  const waitingMiB = inFlight / 10 * tokenLength / MIB;
  const lookupsMiB = MAX_LOOKUPS * MAX_PAGE_BYTES / MIB;
  const policyLookupsMiB = MAX_POLICY_LOOKUPS * MAX_LOOKUP_BYTES / MIB;
  const bodiesMiB = Number(SETTINGS.MAX_HELD_BODY_BYTES.default) / MIB;
  const table = SECURITY.split("## Bounds")[1]?.split("## Dependencies")[0] ?? "";
  const bounds = [...table.matchAll(/^\| [A-Z][^|]*\| ([^|]*?) +\|/gm)].map(([, bound]) => bound);
  assertEquals(bounds.slice(1), [
    `${bodiesMiB} MiB`,
    `${MAX_UNREAD_BODIES} × 280 KiB = ${unreadMiB} MiB`,
    `1,000 × ${MAX_BUFFERED_BYTES / KIB} KiB = ${responsesMiB} MiB`,
    `${docs} of \`/docs\`, ${metrics} of \`/metrics\`, ${MAX_RESPONSES_WITHOUT_SLOT} others over ${
      MAX_UNTRACKED_BYTES / KIB
    } KiB`,
    `${MAX_TOKEN_CACHE_BYTES / MIB} MiB`,
    `${MAX_REQUEST_SPAN_BYTES / MIB} MiB`,
    `${MAX_WAITING_SPAN_BYTES / MIB} MiB`,
    `${MAX_WAITING_LINE_BYTES / MIB} MiB`,
    `${MAX_WAITING_RECORD_BYTES / MIB} MiB`,
    `100 × ${tokenLength / KIB} KiB = ${waitingMiB.toFixed(1)} MiB`,
    `${MAX_ISSUERS} × ${keySetMiB} MiB = ${keySetsMiB} MiB`,
    `${tokenBodiesMiB} MiB`,
    `${tokenRequests} × ${MAX_TOKEN_REPLY_BYTES / KIB} KiB = ${tokenRepliesMiB} MiB`,
    `1,000 × ${2 * MAX_RATE_KEY_LENGTH / KIB} KiB = ${clientIdsMiB.toFixed(1)} MiB`,
    `${MAX_MEMORY_STORE_BYTES / MIB} MiB`,
    `${MAX_WAITING_BYTES / MIB} MiB`,
    `${MAX_LOOKUPS} × ${MAX_PAGE_BYTES / MIB} MiB = ${lookupsMiB} MiB`,
    `${MAX_POLICY_LOOKUPS} × ${MAX_LOOKUP_BYTES / MIB} MiB = ${policyLookupsMiB} MiB`,
    `${MAX_GROUP_CACHE_BYTES / MIB} MiB`,
  ]);
  const sum = bodiesMiB + unreadMiB + responsesMiB + waitingMiB + keySetsMiB + tokenBodiesMiB +
    tokenRepliesMiB + clientIdsMiB + lookupsMiB + policyLookupsMiB + MAX_GROUP_CACHE_BYTES / MIB +
    (MAX_MEMORY_STORE_BYTES + MAX_WAITING_BYTES +
        MAX_TOKEN_CACHE_BYTES + MAX_REQUEST_SPAN_BYTES + MAX_WAITING_SPAN_BYTES +
        MAX_WAITING_LINE_BYTES + MAX_WAITING_RECORD_BYTES) / MIB;
  assert(table.includes(`The sum is ${Math.round(sum)} MiB`), `the sum is ${sum}`);
  assert(table.includes(`up to ${MEMORY_LIMIT_MIB} MiB`));
  assert(SECURITY.includes(`When the process has more than ${MAX_RESIDENT_BYTES / MIB} MiB`));
});

Deno.test("compose.yaml limits the gateway to the memory that SECURITY.md states", async () => {
  const compose = await Deno.readTextFile(new URL("../../compose.yaml", import.meta.url));
  assert(compose.includes(`mem_limit: ${MEMORY_LIMIT_MIB}m`));
});
