import { getLogger, type LogRecord } from "@logtape/logtape";
import { assert, assertEquals } from "@std/assert";
import { droppedLines, type LogOptions, setupLogs } from "../../telemetry/log_output.ts";

const record = (level: LogRecord["level"] = "info", properties = {}): LogRecord => ({
  category: ["sms-gateway", "access"],
  level,
  message: ["request"],
  rawMessage: "request",
  timestamp: 0,
  properties,
});

/** An output that keeps what it gets; a write ends when `gate` does. */
function output(gate: Promise<void> = Promise.resolve()) {
  const decoder = new TextDecoder();
  const written: string[] = [];
  const stream: LogOptions["output"] = new WritableStream({
    async write(bytes) {
      await gate;
      written.push(decoder.decode(bytes));
    },
  });
  return { stream, written };
}

Deno.test("lines are written in order, many at once, and the last ones when the log is closed", async () => {
  const { stream, written } = output();
  const { sink, close } = await setupLogs({ level: "info", format: "json", output: stream });
  for (let index = 0; index < 1_000; index++) sink(record("info", { index }));
  await close();
  const lines = written.join("").trimEnd().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line).index), [...Array(1_000).keys()]);
  assert(written.length < 10, `${written.length} writes`);
});

Deno.test("a line does not wait for others", async () => {
  const { stream, written } = output();
  const { sink, close } = await setupLogs({ level: "info", format: "json", output: stream });
  sink(record());
  while (written.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await close();
  assertEquals(written[0]?.split("\n").length, 2);
});

const LEVELS = ["debug", "info", "warning", "error"] as const;

for (const [index, level] of LEVELS.entries()) {
  Deno.test(`with the level ${level} nothing below it is written, by whatever way it comes`, async () => {
    const { stream, written } = output();
    const { sink, close } = await setupLogs({ level, format: "json", output: stream });
    for (const one of LEVELS) {
      sink(record(one));
      getLogger("sms-gateway")[one]("said");
    }
    await close();
    const said = written.join("").trimEnd().split("\n").map((line) => JSON.parse(line).level);
    assertEquals(said, LEVELS.slice(index).flatMap((one) => [one, one]));
  });
}

Deno.test("an output that takes nothing costs 16 MiB at most, and what is lost is counted", async () => {
  const { promise: never } = Promise.withResolvers<void>();
  const { stream } = output(never);
  const { sink, close } = await setupLogs({ level: "info", format: "json", output: stream });
  const before = droppedLines;
  const kibibyte = record("info", { filling: "x".repeat(1024) });
  for (let mebibytes = 0; mebibytes < 20; mebibytes++) {
    for (let lines = 0; lines < 1024; lines++) sink(kibibyte);
  }
  const dropped = droppedLines - before;
  assert(dropped > 3 * 1024 && dropped < 6 * 1024, `${dropped} lines dropped`);
  const startedAt = performance.now();
  await close();
  assert(performance.now() - startedAt < 2_000);
});

Deno.test("an output that fails does not disturb whoever logs", async () => {
  const stream: LogOptions["output"] = new WritableStream({
    write: () => Promise.reject(new Error("closed")),
  });
  const { sink, close } = await setupLogs({ level: "info", format: "json", output: stream });
  sink(record());
  await close();
  sink(record());
  await close();
});
