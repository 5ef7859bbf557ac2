import { assertEquals } from "@std/assert";
import { startCommand } from "../drills/kit/gateway_process.ts";
import { testEnv } from "../support/gateway.ts";
import { testIssuer } from "../support/issuer.ts";
import { parseMetrics, total } from "./prometheus_text.ts";
import { until } from "./until.ts";

const ROOT = new URL("../../", import.meta.url);
const LISTENING = /"message":"listening","url":"http:\/\/[^"]*:(\d+)"/;

/** A gateway that writes its log to a named pipe. */
interface Piped extends AsyncDisposable {
  readonly port: number;
  /** Reads the log until a line matches, and closes it. */
  read(pattern: RegExp): Promise<RegExpExecArray>;
  /** The number of lost lines so far. */
  dropped(): Promise<number>;
}

/** Starts a gateway; the pipe's first reader closes it once the gateway listens. */
async function piped(): Promise<Piped> {
  const folder = await Deno.makeTempDir({ prefix: "sms-gateway-log-" });
  const pipe = `${folder}/log`;
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  const child = new Deno.Command("sh", {
    args: ["-c", 'exec "$@" > "$0"', pipe, Deno.execPath(), ...await startCommand()],
    cwd: ROOT,
    env: { ...testEnv(await testIssuer()), LOG_FORMAT: "json" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const read = async (pattern: RegExp) => {
    using file = await Deno.open(pipe);
    return await find(file, pattern);
  };
  const [, port = ""] = await read(LISTENING);
  return {
    port: Number(port),
    read,
    async dropped() {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`);
      const scrape = parseMetrics(await response.text());
      return total(scrape, "sms_gateway_telemetry_dropped_total", { signal: "logs" });
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function find(file: Deno.FsFile, pattern: RegExp): Promise<RegExpExecArray> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(64 * 1024);
  let text = "";
  for (;;) {
    const found = pattern.exec(text);
    if (found) return found;
    const size = await file.read(buffer);
    if (size === null) throw new Error(`the log ended: ${text}`);
    text += decoder.decode(buffer.subarray(0, size), { stream: true });
  }
}

/** Sends requests that are refused; each has a line in the log. */
async function request(port: number, path: string, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent++) {
    const response = await fetch(`http://127.0.0.1:${port}/xms/v1/plan-1/${path}`);
    assertEquals(response.status, 401);
    await response.body?.cancel();
  }
}

Deno.test("a log without a reader does not block the gateway, lost lines are counted, and a new reader gets new lines", async () => {
  await using gateway = await piped();
  await request(gateway.port, "batches", 25);
  // Requests for the metrics have no line in the log.
  await until("25 lost lines", async () => await gateway.dropped() === 25);
  await request(gateway.port, "groups", 5);
  await until("30 lost lines", async () => await gateway.dropped() === 30);
  const line = gateway.read(/"route":"[^"]*\/inbounds"/);
  await until("a line for the new reader", async () => {
    await request(gateway.port, "inbounds", 1);
    return await Promise.race([line, new Promise<void>((resolve) => setTimeout(resolve, 100))]);
  });
});
