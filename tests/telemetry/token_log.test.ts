import { reset } from "@logtape/logtape";
import { assertEquals, assertNotMatch } from "@std/assert";
import { tokenLog } from "../../telemetry/token_log.ts";
import { recordLogs } from "../support/log_records.ts";

Deno.test("failing tokens are logged once per access key, named by its service plans only", async () => {
  const records = await recordLogs();
  const log = tokenLog("https://auth.test/oauth2/token?key=SECRET");
  const one = { keyId: "KEY-1", servicePlans: ["plan-1", "plan-2"] };
  const two = { keyId: "KEY-2", servicePlans: Array.from({ length: 25 }, (_, n) => `p${n}`) };
  const error = new Error("token endpoint answered 401");
  for (let n = 0; n < 3; n++) {
    log({ ...one, error });
    log(two);
  }
  log({ ...two, error });
  log(one);
  await reset();
  const plans = "plan-1, plan-2";
  const ten = "p0, p1, p2, p3, p4, p5, p6, p7, p8, p9";
  assertEquals(
    records.map(({ level, properties }) => [level, properties.service_plan_ids]),
    [["error", plans], ["error", ten], ["info", plans]],
  );
  assertNotMatch(JSON.stringify(records), /SECRET|KEY-/);
});
