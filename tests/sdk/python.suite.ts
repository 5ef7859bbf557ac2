/** Tests of the official Python SDK, unmodified, with a gateway and a sandbox. */

import { assert, assertEquals } from "@std/assert";
import { PLAN, type Stage, stage } from "../reference/kit.ts";
import { commonIssuer } from "../support/served.ts";
import { CLIENT, tokenIssuer } from "../support/token_issuer.ts";
import { NEEDS_PYTHON, pythonSdk } from "./python_sdk.ts";

const OAUTH_PROGRAM = new URL("oauth.py", import.meta.url).pathname;
const PROGRAM = new URL("sandbox.py", import.meta.url).pathname;

const [ALICE, BOB, FAILING] = ["12025550121", "12025550122", "12025550105"];

/** Runs a program; returns the results of its SDK calls. */
async function runProgram(
  python: string,
  { gateway }: Stage,
  { program = PROGRAM, env = {} }: { program?: string; env?: Record<string, string> } = {},
): Promise<unknown> {
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: [program],
    env: { SMS_GATEWAY: gateway.url, SERVICE_PLAN: PLAN, TOKEN: await gateway.token(), ...env },
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout).trim().split("\n").at(-1) ?? "");
}

/** The Python that has the SDK; without one, the test reports that it is skipped. */
async function requirePython(): Promise<string | undefined> {
  const python = await pythonSdk();
  if (python !== undefined) return python;
  assert(Deno.env.get("CI") !== "true", NEEDS_PYTHON);
  // deno-lint-ignore no-console -- reports the skipped test
  console.log(`skipped, since this machine lacks ${NEEDS_PYTHON}`);
  return undefined;
}

Deno.test("the official Python SDK filters, pages and returns the documented members", async () => {
  const python = await requirePython();
  if (python === undefined) return;
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

/** Lifetimes of the first tokens, and the secret of the client → what the SDK's user gets. */
const OAUTH: readonly [
  name: string,
  lifetimesS: readonly number[],
  secret: string,
  results: readonly string[],
  tokens: number,
][] = [
  ["gets one token for all requests", [], CLIENT.secret, ["one", "two"], 1],
  ["renews a token that has expired by itself", [-60], CLIENT.secret, ["one", "two"], 2],
  ["is told if its secret is wrong", [], "wrong", Array(2).fill("401 invalid_client"), 0],
];

for (const [name, lifetimesS, secret, results, tokens] of OAUTH) {
  Deno.test(`the official Python SDK in OAuth mode ${name}`, async () => {
    const python = await requirePython();
    if (python === undefined) return;
    await using issuer = tokenIssuer(await commonIssuer(), lifetimesS);
    await using served = await stage({ AUTH_TOKEN_URL: issuer.url });
    const env = { CLIENT_ID: CLIENT.id, CLIENT_SECRET: secret };
    assertEquals(await runProgram(python, served, { program: OAUTH_PROGRAM, env }), results);
    assertEquals(issuer.issued(), tokens);
    assertEquals(served.sandbox.requests().length, secret === "wrong" ? 0 : 2);
  });
}
