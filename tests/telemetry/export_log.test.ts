import { type LogRecord } from "@logtape/logtape";
import { assertEquals } from "@std/assert";
import { ExportLog, type ExportProblem } from "../../telemetry/export_log.ts";
import { recordLogs } from "../support/log_records.ts";

const URL = "http://user:password@collector.test:4318/v1/traces?key=secret";

/** An export log and its records. */
async function kit(): Promise<{ log: ExportLog; records: LogRecord[] }> {
  const records = await recordLogs();
  return { log: new ExportLog("traces", URL), records };
}

const UNREACHABLE: ExportProblem = { message: "collector unreachable", reason: "refused" };
const refused = (status: number): ExportProblem => ({
  message: "collector refuses exports",
  status,
});

Deno.test("nothing is logged while exports succeed", async () => {
  const { log, records } = await kit();
  log.report(undefined);
  log.report(undefined);
  assertEquals(records, []);
});

Deno.test("every change of state is logged once, with the collector's URL without credentials or query", async () => {
  const { log, records } = await kit();
  const reports = [UNREACHABLE, UNREACHABLE, refused(302), refused(302), refused(401), undefined];
  for (const problem of [...reports, undefined, UNREACHABLE]) log.report(problem);
  const common = { signal: "traces", collector: "http://collector.test:4318/v1/traces" };
  assertEquals(
    records.map(({ level, rawMessage, properties }) => [level, rawMessage, properties]),
    [
      ["warning", "collector unreachable", { ...common, reason: "refused" }],
      ["warning", "collector refuses exports", { ...common, status: 302 }],
      ["warning", "collector refuses exports", { ...common, status: 401 }],
      ["info", "collector accepts exports again", common],
      ["warning", "collector unreachable", { ...common, reason: "refused" }],
    ],
  );
});

Deno.test("a reason is truncated, and control characters are removed", async () => {
  const { log, records } = await kit();
  const reason = `\x1b[31m\n\x9b${"😀".repeat(300)}`;
  log.report({ message: "collector rejects part of the exports", reason });
  const logged = String(records[0]?.properties.reason);
  assertEquals([logged.length, /\p{Cc}/u.test(logged), logged.isWellFormed()], [300, false, true]);
});
