import { assert, assertEquals, assertMatch } from "@std/assert";
import { startProgram } from "../support/process.ts";

/** The request of a curl command; supports only the options that the demo prints. */
function parseCurl(command: string): [url: string, init: RequestInit] {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) =>
    quoted ?? bare ?? ""
  );
  const headers = new Headers();
  let body: string | undefined;
  let url = "";
  for (let i = 1; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "-H") {
      const [name = "", value = ""] = words[++i]?.split(/: (.*)/s) ?? [];
      headers.set(name, value);
    } else if (word === "-d") body = words[++i];
    else if (word.startsWith("http")) url = word;
  }
  return [url, { headers, ...(body !== undefined && { method: "POST", body }) }];
}

Deno.test("the demo prints its URL, the endpoint of traces and working curl commands, and opens the reference with plan and token filled in", async () => {
  await using program = startProgram("scripts/demo.ts", { PORT: "0", HOST: "127.0.0.1" });
  const [introduction] = await program.waitFor(/[^]*curl[^]*Ctrl-C[^]*?\n/);
  const listens = introduction.indexOf("http://localhost:");
  const traces = introduction.indexOf("Traces");
  const curl = introduction.indexOf("curl ");
  assert(0 <= listens && listens < traces && traces < curl, introduction);

  const commands = introduction.split("\n").filter((line) => line.startsWith("curl "));
  const seen: [number, string | undefined][] = [];
  for (const command of commands) {
    const [url, init] = parseCurl(command);
    const response = await fetch(url, init);
    const body = await response.text();
    seen.push([response.status, body ? JSON.parse(body).code : undefined]);
  }
  assertEquals(seen, [
    [201, undefined],
    [201, undefined],
    [200, undefined],
    [403, "unknown_group"],
    [404, undefined],
    [415, "unsupported_media_type"],
  ]);
  const keyed = parseCurl(commands.find((command) => command.includes("Idempotency-Key")) ?? "");
  const repeat = await fetch(...keyed);
  assertEquals([repeat.status, repeat.headers.get("idempotent-replayed")], [201, "true"]);
  await repeat.body?.cancel();
  const [url = ""] = /http:\/\/localhost:\d+/.exec(introduction) ?? [];
  const start = await fetch(url, { redirect: "manual" });
  const [page, fragment = ""] = start.headers.get("location")?.split("#") ?? [];
  const { service_plan_id: plan, token = "" } = Object.fromEntries(new URLSearchParams(fragment));
  assertEquals([start.status, page, plan], [303, "/docs", "demo-plan"]);
  assert(introduction.includes(`export TOKEN=${token}\n`));
  const [line] = await program.waitFor(/^.*unknown_group \(.*$/m);
  assertMatch(line, /403 .*upstream.* ms.*trace [0-9a-f]{32}/);
  program.kill("SIGINT");
  const { code, stdout } = await program.ended();
  const requests = stdout.slice(stdout.indexOf("Ctrl-C"));
  assertEquals([code, requests.includes("unknown_group"), requests.includes(token)], [
    0,
    true,
    false,
  ]);
});
