import type { LogRecord } from "@logtape/logtape";
import { assertEquals, assertMatch } from "@std/assert";
import { demoLine } from "../../demo/request_line.ts";
import { accessLog } from "../../telemetry/access_log.ts";
import { jsonReply, testGateway } from "../support/gateway.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const format = demoLine((traceId) => `http://localhost/demo/traces/${traceId}`);

/** The lines of requests with these options. */
async function linesOf(
  requests: readonly Parameters<Awaited<ReturnType<typeof testGateway>>["request"]>[1][],
): Promise<string[]> {
  const lines: string[] = [];
  const { request } = await testGateway({
    upstream: ({ method }) =>
      method === "GET" ? jsonReply(200, {}) : jsonReply(403, { code: "unknown_group", text: "t" }),
    deps: { observers: [accessLog((record) => lines.push(format(record)))] },
  });
  for (const init of requests) await (await request(BATCHES, init)).body?.cancel();
  return lines;
}

Deno.test("a request is one line with method, route, status, code, fault, duration and the address of its trace", async () => {
  const json = { "content-type": "application/json" };
  const lines = await linesOf([
    {},
    { method: "POST", headers: json, body: "{}" },
    { method: "POST", headers: { ...json, "content-type": "text/plain" }, body: "{}" },
    { token: null },
  ]);
  const outcomes = lines.map((line) => {
    assertMatch(line, / \d+\.\d ms http:\/\/localhost\/demo\/traces\/[0-9a-f]{32}$/);
    assertMatch(line, /^\d\d:\d\d:\d\d\.\d{3} /);
    return line.slice(13).replace(/ \d+\.\d ms .*/, "");
  });
  const route = "/xms/v1/{service_plan_id}/batches";
  assertEquals(outcomes, [
    `GET ${route} 200 ok`,
    `POST ${route} 403 unknown_group (refused by upstream, fault: caller)`,
    `POST ${route} 415 unsupported_media_type (refused by gateway, fault: caller)`,
    `GET ${route} 401 unauthorized (refused by gateway, fault: caller)`,
  ]);
});

Deno.test("other records are formatted as without the demo", () => {
  const record: LogRecord = {
    category: ["sms-gateway"],
    timestamp: 0,
    level: "warning",
    message: ["something"],
    rawMessage: "something",
    properties: { reason: "why" },
  };
  assertEquals(format(record), "00:00:00.000 warning something reason=why");
});
