import { assertEquals } from "@std/assert";
import { number, START, testSandbox } from "./kit.ts";

/** A batch with one delivered and one failed message, and the path to its report. */
async function reportedBatch() {
  const test = testSandbox();
  const { call, tick } = test;
  const { body: { id } } = await call("POST", "/batches", {
    to: [number(1), "12025550105"],
    from: "Sinch",
    body: "Hi",
  });
  tick(10_000);
  return { ...test, report: `/batches/${id}/delivery_report` };
}

Deno.test("a boolean in a query may be written in any case", async () => {
  const { call } = testSandbox();
  const cases: [written: string, isTrue: boolean][] = [
    ["true", true],
    ["True", true], // Python's str(True), as its SDK sends it
    ["TRUE", true],
    ["false", false],
    ["False", false],
  ];
  for (const [written, isTrue] of cases) {
    const path = `/batches/dry_run?per_recipient=${written}`;
    const { status, body } = await call("POST", path, { to: [number(1)], body: "Hi" });
    assertEquals([status, "per_recipient" in body], [200, isTrue], written);
  }
  for (const written of ["1", "yes", "trueish", ""]) {
    const path = `/batches/dry_run?per_recipient=${written}`;
    const { status, body } = await call("POST", path, { to: [number(1)], body: "Hi" });
    assertEquals([status, body.code], [400, "syntax_invalid_parameter_format"], written);
  }
});

Deno.test("a delivery status in a query may be written in any case, and is answered in the documented one", async () => {
  const { call, report } = await reportedBatch();
  for (const status of ["Delivered", "DELIVERED", "delivered", "QUEUED,DELIVERED"]) {
    const { body } = await call("GET", `${report}?status=${status}`);
    assertEquals(body.statuses, [{ code: 0, status: "Delivered", count: 1 }], status);
    const list = await call("GET", `/delivery_reports?status=${status}`);
    const reports = list.body.delivery_reports;
    assertEquals([list.body.count, reports[0].status], [1, "Delivered"], status);
  }
});

Deno.test("a list in a query may be joined by commas, with or without spaces, or repeated", async () => {
  const { call, report } = await reportedBatch();
  for (
    const lists of [
      "status=DELIVERED,FAILED",
      "status=Delivered, Failed",
      "status=Delivered%2CFailed",
    ]
  ) {
    assertEquals((await call("GET", `${report}?${lists}`)).body.statuses.length, 2, lists);
  }
  const cases: [path: string, count: number][] = [
    ["/delivery_reports?status=Delivered&status=Failed", 2],
    ["/delivery_reports?status=Failed&status=Expired", 1],
    ["/delivery_reports?code=0&code=1", 2],
    ["/delivery_reports?code=0,1&code=27", 2],
    [`/batches?to=${number(9)}&to=%2B${number(1)}`, 1],
    ["/batches?from=Sinch&from=54321", 1],
    ["/batches?from=54321&from=99999", 0],
    ["/inbounds?to=54321&to=%2B12025550199", 4],
    ["/inbounds?to=99999&to=54321", 2],
  ];
  for (const [path, count] of cases) {
    assertEquals((await call("GET", path)).body.count, count, path);
  }
});

Deno.test("a timestamp in a query may be a date, have fractional seconds, and have any offset or none", async () => {
  const { call } = testSandbox();
  await call("POST", "/batches", { to: [number(1)], body: "Hi" });
  assertEquals(START, "2026-03-01T12:00:00.000Z");
  const cases: [moment: string, isBefore: boolean][] = [
    ["2026-03-01", true],
    ["2026-03-01T12:00:00.000Z", true], // the Node SDK: Date.toISOString
    ["2026-03-01T12:00:00Z", true], // the Python SDK, of a time in UTC
    ["2026-03-01T12:00:00", true], // the Python SDK, of a time without a zone
    ["2026-03-01T12:00:00.000001", true], // has microseconds, while the API has milliseconds
    ["2026-03-01T12:00:00.001000", false],
    ["2026-03-01T12:00:00.0000000Z", true],
    ["2026-03-01T13:00:00%2B01:00", true],
    ["2026-03-01T12:00:00-01:00", false],
    ["2026-03-01T12:00Z", true],
  ];
  for (const [moment, isBefore] of cases) {
    const { status, body } = await call("GET", `/batches?start_date=${moment}`);
    assertEquals([status, body.count], [200, isBefore ? 1 : 0], moment);
  }
});
