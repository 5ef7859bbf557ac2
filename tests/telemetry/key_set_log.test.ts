import { reset } from "@logtape/logtape";
import { assertEquals, assertNotMatch } from "@std/assert";
import { keySetLog } from "../../telemetry/key_set_log.ts";
import { recordLogs } from "../support/log_records.ts";

const URL_OF_KEYS = "https://issuer.example/realms/x/keys?api_key=SECRET";
const WHERE = { issuer: "issuer.example", url: "https://issuer.example/realms/x/keys" };

/** The lines that `write` causes: level, message, members. */
async function linesOf(write: (log: ReturnType<typeof keySetLog>) => void) {
  const records = await recordLogs();
  write(keySetLog(URL_OF_KEYS, () => "issuer.example"));
  await reset();
  return records.map(({ level, rawMessage, properties }) => [level, rawMessage, properties]);
}

const broken = "answered with status 502";

Deno.test("a failing key set is logged once, with its URL and the cause, and its recovery once", async () => {
  const lines = await linesOf((log) => {
    log.refreshed("ok");
    for (let i = 0; i < 5; i++) log.refreshed("failed", broken);
    for (let i = 0; i < 5; i++) log.refreshed("ok");
    log.refreshed("failed", "answer is not JSON");
  });
  assertEquals(lines, [
    ["warning", "key set not fetched", { ...WHERE, reason: "answered with status 502" }],
    ["info", "key set fetched again", { ...WHERE }],
    ["warning", "key set not fetched", { ...WHERE, reason: "answer is not JSON" }],
  ]);
  assertNotMatch(JSON.stringify(lines), /SECRET/);
});

Deno.test("a failed first fetch is logged, a successful one is not", async () => {
  assertEquals((await linesOf((log) => log.refreshed("failed", broken))).length, 1);
  assertEquals(await linesOf((log) => log.refreshed("ok")), []);
});

Deno.test("keys that cannot be used are logged in one line, at most ten of them, and only once", async () => {
  const faults = Array.from({ length: 25 }, (_, index) => {
    return `key ${index + 1} (kid "k${index}") is symmetric`;
  });
  const lines = await linesOf((log) => {
    log.faulty(faults.slice(0, 2));
    log.faulty(faults.slice(0, 2));
    log.faulty(faults);
  });
  assertEquals(lines[0], ["warning", "keys of the key set cannot be used", {
    ...WHERE,
    keys: 'key 1 (kid "k0") is symmetric; key 2 (kid "k1") is symmetric',
    count: 2,
  }]);
  assertEquals(lines.length, 2);
  assertEquals(JSON.stringify(lines[1]).match(/is symmetric/g)?.length, 10);
});
