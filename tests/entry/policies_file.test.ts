import { assertEquals } from "@std/assert";
import { createSandbox } from "../../sandbox/app.ts";
import { serveSandbox } from "../../sandbox/serve.ts";
import { testEnv } from "../support/gateway.ts";
import { testIssuer } from "../support/issuer.ts";
import { startProgram } from "../support/process.ts";

const TOKEN = "credential-of-plan-1";

/** The flags of the start task, which may read the folder of the file as well. */
async function startFlags(folder: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));
  const command: string = JSON.parse(text).tasks.start.command;
  return command.split(" ").filter((word) => word.startsWith("--allow-"))
    .map((flag) => flag.startsWith("--allow-read") ? `${flag},${folder}` : flag);
}

Deno.test("POLICIES_FILE is taken over while the gateway runs; one with faults is reported, and the last good one stays", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/policies.json`;
  const sandbox = await serveSandbox(createSandbox({ servicePlans: { "plan-1": TOKEN } }));
  const issuer = await testIssuer();
  const policy = { name: "nordic", callers: ["*"], countries: ["SE"] };
  await Deno.writeTextFile(file, "[]");
  try {
    const env = {
      ...testEnv(issuer),
      SMS_API_URL: sandbox.url,
      SERVICE_PLANS: JSON.stringify({ "plan-1": TOKEN }),
      POLICIES_FILE: file,
      LOG_FORMAT: "json",
    };
    await using gateway = startProgram("main.ts", env, await startFlags(folder));
    const [, url] = await gateway.waitFor(/(http:\/\/127\.0\.0\.1:\d+)/);
    const authorization = `Bearer ${await issuer.token()}`;
    const send = async (to: string) => {
      const response = await fetch(`${url}/xms/v1/plan-1/batches`, {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify({ to: [to], body: "Hi" }),
      });
      await response.body?.cancel();
      return response.status;
    };
    assertEquals(await send("+4915112345678"), 201);
    await Deno.writeTextFile(file, JSON.stringify([policy]));
    await gateway.waitFor(/taken over.*POLICIES_FILE/);
    assertEquals([await send("+4915112345678"), await send("+46701234567")], [403, 201]);
    await Deno.writeTextFile(file, JSON.stringify([policy, { ...policy, countries: ["XX"] }]));
    await gateway.waitFor(/refused.*POLICIES_FILE\[1\]\.countries\[0\] must be/);
    assertEquals([await send("+4915112345678"), await send("+46701234567")], [403, 201]);
    await Deno.writeTextFile(file, JSON.stringify([{ ...policy, mode: "test" }]));
    await gateway.waitFor(/refused.*needs TEST_API_URL/);
    assertEquals(await send("+4915112345678"), 403);
  } finally {
    await sandbox.close();
    await Deno.remove(folder, { recursive: true });
  }
});
