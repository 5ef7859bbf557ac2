import { assertEquals } from "@std/assert";
import { ALL_PATHS } from "../../reference/paths.ts";
import { testEnv } from "../support/gateway.ts";
import { testIssuer } from "../support/issuer.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("the start task's permissions are sufficient for the reference", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const [, ...args] = tasks.start.command.split(" ");
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: testEnv(await testIssuer()),
    stdout: "piped",
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value = "" } = await output.read();
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(value)?.[0] ?? "";
    for (const path of ALL_PATHS) {
      const response = await fetch(url + path);
      await response.body?.cancel();
      assertEquals(response.status, 200, path);
    }
  } finally {
    child.kill("SIGTERM");
    await output.cancel();
    await child.status;
  }
});
