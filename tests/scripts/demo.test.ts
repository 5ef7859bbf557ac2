import { assert, assertEquals, assertMatch } from "@std/assert";
import { startProgram } from "../support/process.ts";

/** The request of a curl command; supports only the options that the demo prints. */
function parseCurl(command: string, variables: string): [url: string, init: RequestInit] {
  const values = Object.fromEntries(
    variables.split(" ").slice(1).map((pair) => pair.split(/=(.*)/s, 2)),
  );
  const words = [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)]
    .map(([, single, double, bare]) =>
      single ?? (double ?? bare ?? "").replace(/\$(\w+)/g, (_, name) => values[name] ?? "")
    );
  const headers = new Headers();
  let body: string | undefined;
  let url = "";
  for (let i = 1; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "-H") {
      const [name = "", value = ""] = words[++i]?.split(/: (.*)/s) ?? [];
      headers.set(name, value);
    } else if (word === "-u") headers.set("authorization", `Basic ${btoa(words[++i] ?? "")}`);
    else if (word === "-d") body = words[++i];
    else if (word.startsWith("http")) url = word;
  }
  if (body !== undefined && !headers.has("content-type")) {
    headers.set("content-type", "application/x-www-form-urlencoded"); // as curl does
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

  const lines = introduction.split("\n");
  const variables = lines.find((line) => line.startsWith("export ")) ?? "";
  const seen: unknown[] = [];
  let batches: { client_reference?: string }[] = [];
  for (const command of lines.filter((line) => line.startsWith("curl "))) {
    const ids = new Set<string>();
    for (let times = 0; times < (command.includes("Idempotency-Key") ? 2 : 1); times++) {
      const response = await fetch(...parseCurl(command, variables));
      const { code, id, batches: list } = await response.json();
      if (id) ids.add(id);
      batches = list;
      seen.push([response.status, code, response.headers.get("idempotent-replayed")]);
    }
    assert(ids.size <= 1, command);
  }
  assertEquals(seen, [
    [201, undefined, null],
    [201, undefined, "true"],
    [201, undefined, null],
    [403, "unknown_group", null],
    [403, "destination_not_allowed", null],
    [415, "unsupported_media_type", null],
    [503, "service_unavailable", null],
    [504, "upstream_timeout", null],
    [201, undefined, "true"],
    [200, undefined, null],
    [200, undefined, null],
  ]);
  assertEquals(batches.map((batch) => batch.client_reference), ["order-2", undefined, "order-1"]);
  await program.waitFor(/the demo's service: message \w+ is Delivered/);
  const [url = ""] = /http:\/\/localhost:\d+/.exec(introduction) ?? [];
  const start = await fetch(url, { redirect: "manual" });
  const [page, fragment = ""] = start.headers.get("location")?.split("#") ?? [];
  const { service_plan_id: plan, token = "" } = Object.fromEntries(new URLSearchParams(fragment));
  assertEquals([start.status, page, plan], [303, "/docs", "demo-plan"]);
  assert(variables.endsWith(` TOKEN=${token}`));
  const [line] = await program.waitFor(/^.*unknown_group \(.*$/m);
  assertMatch(line, /403 .*upstream.* ms http:.*[0-9a-f]{32}$/);
  program.kill("SIGINT");
  const { code, stdout } = await program.ended();
  const requests = stdout.slice(stdout.indexOf("Ctrl-C"));
  assertEquals([code, requests.includes("unknown_group"), requests.includes(token)], [
    0,
    true,
    false,
  ]);
});
