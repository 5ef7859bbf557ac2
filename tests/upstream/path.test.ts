import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Operation, OPERATIONS, SEGMENTS } from "../../operations.ts";
import { upstreamPath } from "../../upstream/path.ts";

const getBatch = operation("getBatch");
const recipientReport = operation("getRecipientDeliveryReport");

function operation(id: string): Operation {
  const found = OPERATIONS.find((candidate) => candidate.id === id);
  assert(found, id);
  return found;
}

/** A template as a regular expression that a whole path must match. */
function shapeOf(template: string): RegExp {
  const source = template.replace(
    /\{(\w+)\}/g,
    (_, name: keyof typeof SEGMENTS) => SEGMENTS[name],
  );
  return new RegExp(`^${source}$`);
}

Deno.test("a path of the operation is forwarded unchanged", () => {
  for (
    const [of, path] of [
      [getBatch, "/xms/v1/plan-1/batches/01ABC_x-y"],
      [recipientReport, "/xms/v1/p/batches/b/delivery_report/%2B46701234567"],
      [recipientReport, "/xms/v1/p/batches/b/delivery_report/+46701234567"],
    ] as const
  ) assertEquals(upstreamPath(of, path, ""), path);
});

const FOREIGN = [
  "",
  "/",
  "/xms/v1/plan-1/batches",
  "/xms/v1/plan-1/batches/",
  "/xms/v1/plan-1/batches//",
  "/xms/v1//batches/b",
  "/xms/v1/plan-1/batches/b/",
  "/xms/v1/plan-1/batches/..",
  "/xms/v1/plan-1/batches/%2e%2e",
  "/xms/v1/plan-1/batches/b%2f..%2f..%2fplan-2",
  "/xms/v1/plan-1/batches/b;x",
  "/xms/v1/plan-1/batches/b\\..",
  "/xms/v1/plan-1/batches/b?x",
  "/xms/v1/plan-1/batches/b#x",
  "/xms/v1/plan-1/batches/b\n",
  "/xms/v1/plan-1/batches/b\r\nX: y",
  "/xms/v1/plan-1/batches/%00",
  "/xms/v1/plan-1/batches/\u00e9",
  "/xms/v1/plan-1/groups/b",
  "/xms/v2/plan-1/batches/b",
  "xms/v1/plan-1/batches/b",
  "//evil.test/v1/plan-1/batches/b",
  "http://evil.test/xms/v1/plan-1/batches/b",
];

for (const path of FOREIGN) {
  Deno.test(`the path ${JSON.stringify(path)} is not forwarded as getBatch`, () => {
    assertThrows(() => upstreamPath(getBatch, path, ""), Error, "does not match the operation");
  });
}

const QUERIES: readonly [raw: string, sent: string][] = [
  ["page=1&page_size=2", "page=1&page_size=2"],
  ["to=%2B46701234567&to=a%20b+c", "to=%2B46701234567&to=a%20b+c"],
  ["a=b?c=/d", "a=b?c=/d"],
  ["a=%zz&&=&a", "a=%zz&&=&a"],
  ["a='\"<>`{}|\\^", "a='\"<>`{}|\\^"],
  ["a=\u00e9", "a=%C3%A9"],
  ["a=b c", "a=b%20c"],
  ["a=b\r\nX-Injected: y", "a=b%0D%0AX-Injected:%20y"],
  ["a=b#fragment", "a=b"],
];

for (const [raw, sent] of QUERIES) {
  Deno.test(`the query ${JSON.stringify(raw)} is forwarded as ${sent}`, () => {
    const path = "/xms/v1/plan-1/batches/b";
    assertEquals(upstreamPath(getBatch, path, raw), `${path}?${sent}`);
  });
}

Deno.test("only paths that match the operation's template are forwarded", () => {
  const segment = fc.oneof(
    fc.constantFrom("xms", "v1", "plan-1", "batches", "groups", "dry_run", "delivery_report"),
    fc.constantFrom("..", ".", "", "%2e%2e", "%2f", "..%2f", "\\", ";", "%00", "%c0%af", "//"),
    fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  const path = fc.array(segment, { maxLength: 9 }).map((segments) => `/${segments.join("/")}`);
  const anyPath = fc.oneof(path, fc.string({ unit: "binary" }), mutated(path));
  fc.assert(
    fc.property(fc.constantFrom(...OPERATIONS), anyPath, fc.string(), (of, raw, query) => {
      const sent = sentOrRefused(of, raw, query);
      if (sent === undefined) return;
      const [sentPath = "", ...rest] = sent.split("?");
      assert(shapeOf(of.path).test(sentPath), sentPath);
      assertEquals(sentPath, raw);
      assert(/^[\x21-\x7e]*$/.test(rest.join("?")));
      // A parser that resolves dot segments leaves the path unchanged.
      assertEquals(new URL(`http://upstream.test${sent}`).pathname, sentPath);
    }),
    { numRuns: 1_000 },
  );
});

/** Valid paths with one character replaced by any other. */
function mutated(path: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const good = fc.constantFrom(...OPERATIONS).map((of) =>
    of.path.replace(/\{recipient_msisdn\}/, "%2B46701234567").replace(/\{\w+\}/g, "id-1")
  );
  return fc.tuple(fc.oneof(good, path), fc.nat(), fc.string({ unit: "binary", maxLength: 3 }))
    .map(([base, at, text]) => {
      const index = at % (base.length + 1);
      return base.slice(0, index) + text + base.slice(index + text.length);
    });
}

function sentOrRefused(of: Operation, raw: string, query: string): string | undefined {
  try {
    return upstreamPath(of, raw, query);
  } catch {
    return undefined;
  }
}
