import { getLogger, type LogRecord } from "@logtape/logtape";
import { assert, assertEquals } from "@std/assert";
import { MAX_WAITING_LINE_BYTES } from "../../telemetry/line_writer.ts";
import { droppedLines, type LogOptions, setupLogs } from "../../telemetry/log_output.ts";
import { jsonLine } from "../../telemetry/log_format.ts";

const record = (level: LogRecord["level"] = "info", properties = {}): LogRecord => ({
  category: ["sms-gateway", "access"],
  level,
  message: ["request"],
  rawMessage: "request",
  timestamp: 0,
  properties,
});

/** An output that keeps its lines; a write ends when `gate` resolves. */
function output(gate: Promise<void> = Promise.resolve()) {
  const decoder = new TextDecoder();
  const written: string[] = [];
  const write: LogOptions["write"] = async (bytes) => {
    await gate;
    written.push(decoder.decode(bytes));
  };
  return { write, written };
}

Deno.test("lines are written in order, several per write, and the last ones when the log is closed", async () => {
  const { write, written } = output();
  const { sink, close } = await setupLogs({ level: "info", format: "json", write });
  for (let index = 0; index < 1_000; index++) sink(record("info", { index }));
  await close();
  const lines = written.join("").trimEnd().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line).index), [...Array(1_000).keys()]);
  assert(written.length < 10, `${written.length} writes`);
});

Deno.test("a single line is written without waiting for others", async () => {
  const { write, written } = output();
  const { sink, close } = await setupLogs({ level: "info", format: "json", write });
  sink(record());
  while (written.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await close();
  assertEquals(written[0]?.split("\n").length, 2);
});

const LEVELS = ["debug", "info", "warning", "error"] as const;

for (const [index, level] of LEVELS.entries()) {
  Deno.test(`with the level ${level} no line below it is written, whatever its source`, async () => {
    const { write, written } = output();
    const { sink, close } = await setupLogs({ level, format: "json", write });
    for (const one of LEVELS) {
      sink(record(one));
      getLogger("sms-gateway")[one]("message");
    }
    await close();
    const levels = written.join("").trimEnd().split("\n").map((line) => JSON.parse(line).level);
    assertEquals(levels, LEVELS.slice(index).flatMap((one) => [one, one]));
  });
}

Deno.test("for a blocked output at most 8 MiB of lines are held, and every lost line is counted", async () => {
  const { promise: never } = Promise.withResolvers<void>();
  const { write } = output(never);
  const { sink, close } = await setupLogs({ level: "info", format: "json", write });
  const before = droppedLines;
  const kibibyte = record("info", { filling: "x".repeat(1024) });
  for (let mebibytes = 0; mebibytes < 20; mebibytes++) {
    for (let lines = 0; lines < 1024; lines++) sink(kibibyte);
  }
  const waiting = 20 * 1024 - (droppedLines - before);
  const lineBytes = jsonLine(kibibyte).length + 1;
  assert(waiting * lineBytes > MAX_WAITING_LINE_BYTES - 2 * lineBytes, `${waiting} lines wait`);
  assert(waiting * lineBytes < MAX_WAITING_LINE_BYTES + 2 * lineBytes, `${waiting} lines wait`);
  const startedAt = performance.now();
  await close();
  assert(performance.now() - startedAt < 2_000);
  assertEquals(droppedLines - before, 20 * 1024);
});

Deno.test("a line that is written late is not counted twice", async () => {
  const gate = Promise.withResolvers<void>();
  const { write, written } = output(gate.promise);
  const { sink, close } = await setupLogs({ level: "info", format: "json", write });
  const before = droppedLines;
  sink(record());
  await close();
  assertEquals(droppedLines - before, 1);
  gate.resolve();
  await until(() => written.length === 1);
  sink(record());
  await until(() => written.length === 2);
  assertEquals(droppedLines - before, 1);
});

Deno.test("every line of a failing output is counted as lost, and logging does not throw", async () => {
  const write = () => Promise.reject(new Error("closed"));
  const { sink, close } = await setupLogs({ level: "info", format: "json", write });
  const before = droppedLines;
  for (let lines = 0; lines < 1_000; lines++) sink(record("info", { filling: "x".repeat(1024) }));
  await until(() => droppedLines - before === 1_000);
  sink(record());
  await close();
  assertEquals(droppedLines - before, 1_001);
});

Deno.test("an output that recovers gets the following lines", async () => {
  let works = false;
  const { write, written } = output();
  const { sink, close } = await setupLogs({
    level: "info",
    format: "json",
    write: (bytes) => works ? write(bytes) : Promise.reject(new Error("closed")),
  });
  const before = droppedLines;
  sink(record("info", { n: 1 }));
  await until(() => droppedLines > before);
  works = true;
  sink(record("info", { n: 2 }));
  await close();
  assertEquals(written.map((line) => JSON.parse(line).n), [2]);
  assertEquals(droppedLines - before, 1);
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
