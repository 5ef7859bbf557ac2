/** Tests of the official Python SDK, unmodified, with a gateway and a sandbox. */

import { assert, assertEquals } from "@std/assert";
import { PLAN, type Stage, stage } from "../reference/kit.ts";
import { NEEDS_PYTHON, pythonSdk } from "./python_sdk.ts";

const PROGRAM = new URL("sandbox.py", import.meta.url).pathname;

const [ALICE, BOB, FAILING] = ["12025550121", "12025550122", "12025550105"];

/** Runs the program; returns the results of its SDK calls. */
async function runProgram(python: string, { gateway }: Stage): Promise<unknown> {
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: [PROGRAM],
    env: { SMS_GATEWAY: gateway.url, SERVICE_PLAN: PLAN, TOKEN: await gateway.token() },
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout).trim().split("\n").at(-1) ?? "");
}

Deno.test("the official Python SDK filters, pages and returns the documented members", async () => {
  const python = await pythonSdk();
  if (python === undefined) {
    assert(Deno.env.get("CI") !== "true", NEEDS_PYTHON);
    // deno-lint-ignore no-console -- reports the skipped test
    return console.log(`skipped, since this machine lacks ${NEEDS_PYTHON}`);
  }
  await using served = await stage({}, {
    dispatchAfterMs: 0,
    deliverAfterMs: 0,
    defaultCallbackUrls: { [PLAN]: "https://example.com/reports" },
  });
  assertEquals(await runProgram(python, served), {
    parameters: { name: { [`+${ALICE}`]: "Alice", default: "there" } },
    feedback_enabled: null,
    delivery_report: "full",
    callback_url: null,
    details: [ALICE],
    no_details: null,
    report: [["Delivered", [ALICE, BOB]]],
    delivered: [ALICE, BOB],
    failed: [FAILING],
    pages: [ALICE, BOB, FAILING],
    senders: true,
    other_senders: [],
    since: [true, true, true],
    until: [],
    inbounds: 4,
    child_groups: [[], []],
    size: 2,
  });
});
