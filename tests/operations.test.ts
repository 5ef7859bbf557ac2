import { assertEquals, assertMatch } from "@std/assert";
import { OPERATIONS, SEGMENTS } from "../operations.ts";
import { allowedMethods } from "../route_table.ts";
import { findRoute } from "../routes/match_route.ts";

/** Contract.md §1, below `/xms/v1/{service_plan_id}`. */
const DOCUMENTED = [
  "POST /batches 201",
  "GET /batches 200",
  "POST /batches/dry_run 200",
  "GET /batches/{batch_id} 200",
  "POST /batches/{batch_id} 200",
  "PUT /batches/{batch_id} 200",
  "DELETE /batches/{batch_id} 200",
  "POST /batches/{batch_id}/delivery_feedback 202",
  "GET /batches/{batch_id}/delivery_report 200",
  "GET /batches/{batch_id}/delivery_report/{recipient_msisdn} 200",
  "GET /delivery_reports 200",
  "GET /inbounds 200",
  "GET /inbounds/{inbound_id} 200",
  "POST /groups 201",
  "GET /groups 200",
  "GET /groups/{group_id} 200",
  "POST /groups/{group_id} 200",
  "PUT /groups/{group_id} 200",
  "DELETE /groups/{group_id} 200",
  "GET /groups/{group_id}/members 200",
];

Deno.test("the operations are exactly those of the contract", () => {
  const rows = OPERATIONS.map(({ method, path, success }) =>
    `${method} ${path.slice("/xms/v1/{service_plan_id}".length)} ${success}`
  );
  assertEquals(rows.toSorted(), DOCUMENTED.toSorted());
});

Deno.test("every operation has a unique id and summary", () => {
  for (const field of ["id", "summary"] as const) {
    assertEquals(new Set(OPERATIONS.map((operation) => operation[field])).size, OPERATIONS.length);
  }
});

Deno.test("every parameter of every path has a pattern", () => {
  const parameters = OPERATIONS.flatMap(({ path }) => [...path.matchAll(/\{(\w+)\}/g)]);
  for (const [, name = ""] of parameters) {
    assertEquals(Object.hasOwn(SEGMENTS, name), true, name);
  }
});

Deno.test("no parameter matches a slash, a dot segment, a percent escape or an empty string", () => {
  for (const pattern of Object.values(SEGMENTS)) {
    const whole = new RegExp(`^${pattern}$`);
    for (const value of ["", "/", "a/b", ".", "..", "%2e%2e", "%2f", "a%00", "a b", "a?b", "ä"]) {
      assertEquals(whole.test(value), false, `${pattern} ${value}`);
    }
  }
});

Deno.test("an MSISDN is digits, with an optional leading plus, which may be encoded", () => {
  const msisdn = new RegExp(`^${SEGMENTS.recipient_msisdn}$`);
  for (const good of ["46701234567", "+46701234567", "%2B46701234567", "%2b46701234567"]) {
    assertMatch(good, msisdn);
  }
  assertMatch(`+${"1".repeat(127)}`, msisdn);
  assertEquals(new RegExp(`^${SEGMENTS.recipient_msisdn}$`).test(`%2B${"1".repeat(128)}`), false);
  for (const bad of ["++46", "46+70", "%2B", "+", "%252B46", "46-70", "abc"]) {
    assertEquals(msisdn.test(bad), false, bad);
  }
});

Deno.test("a path allows the methods of its operations, and HEAD where it allows GET", () => {
  const plan = "/xms/v1/{service_plan_id}";
  const rows: [string, string[]][] = [
    [`${plan}/batches`, ["GET", "HEAD", "POST"]],
    [`${plan}/batches/dry_run`, ["POST"]],
    [`${plan}/batches/{batch_id}`, ["DELETE", "GET", "HEAD", "POST", "PUT"]],
    [`${plan}/groups/{group_id}/members`, ["GET", "HEAD"]],
    ["/no/such/path", []],
  ];
  for (const [path, methods] of rows) assertEquals(allowedMethods(path).toSorted(), methods);
});

Deno.test("an identifier has at most 128 characters; a path with a longer one matches no operation", () => {
  for (const path of new Set(OPERATIONS.map(({ path }) => path))) {
    for (const [, long = ""] of path.matchAll(/\{(\w+)\}/g)) {
      const withLength = (length: number) =>
        path.replace(/\{(\w+)\}/g, (_, name) => "1".repeat(name === long ? length : 1));
      assertEquals(findRoute(withLength(128)) !== undefined, true, `${path} ${long}`);
      assertEquals(findRoute(withLength(129)), undefined, `${path} ${long}`);
    }
  }
});
