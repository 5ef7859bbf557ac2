import { assertEquals, assertStringIncludes } from "@std/assert";

const ARGUMENTS = ["run", "--allow-net", "--allow-env", "sandbox/main.ts"];

// Starting a process needs a permission that the other tests of the sandbox do not need.
const ignore = Deno.permissions.querySync({ name: "run" }).state !== "granted";

function start(env: Record<string, string>): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ARGUMENTS,
    env,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test("the sandbox command prints its URL and stops on a signal", { ignore }, async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using child = start({
      SANDBOX_PORT: "0",
      SERVICE_PLANS: '{"my-plan":"my-token"}',
      SANDBOX_CALLBACK_URLS: '{"my-plan":"https://example.com/reports"}',
    });
    let text = "";
    for await (const bytes of child.stdout.values({ preventCancel: true })) {
      text += new TextDecoder().decode(bytes);
      if (text.includes("curl")) break;
    }
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
    assertStringIncludes(text, `curl -i ${url}/xms/v1/my-plan/batches`);
    const headers = { authorization: "Bearer my-token" };
    const response = await fetch(`${url}/xms/v1/my-plan/batches`, { headers });
    assertEquals((await response.json()).count, 0);
    const sent = await fetch(`${url}/xms/v1/my-plan/batches`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ to: ["12025550121"], body: "Hi", delivery_report: "full" }),
    });
    assertEquals([sent.status, (await sent.json()).delivery_report], [201, "full"]);
    child.kill(signal);
    await child.stdout.cancel();
    await child.stderr.cancel();
    assertEquals((await child.status).code, 0, signal);
  }
});

Deno.test("a failed start of the sandbox prints the reason in one line", { ignore }, async () => {
  const taken = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const rows: [env: Record<string, string>, expected: string[]][] = [
    [{ SANDBOX_PORT: "many" }, ["SANDBOX_PORT: expected a port, 0 to 65535"]],
    [{ SANDBOX_PORT: "65536" }, ["SANDBOX_PORT: expected a port, 0 to 65535"]],
    [{ SERVICE_PLANS: "{" }, ["SERVICE_PLANS: expected a JSON object"]],
    [{ SERVICE_PLANS: "{}" }, ["SERVICE_PLANS: expected a JSON object"]],
    [{ SANDBOX_CALLBACK_URLS: '{"demo-plan":"no URL"}' }, [
      "SANDBOX_CALLBACK_URLS: expected a JSON",
    ]],
    [{ SANDBOX_CALLBACK_URLS: '{"other":"https://a.example/"}' }, ["only plans of SERVICE_PLANS"]],
    [{ SERVICE_PLANS: '{"a b":"c"}', SANDBOX_HOST: "" }, ["SERVICE_PLANS", "SANDBOX_HOST"]],
    [{ SANDBOX_PORT: String(taken.addr.port) }, ["cannot listen", "EADDRINUSE"]],
  ];
  for (const [env, expected] of rows) {
    const { code, stderr, stdout } = await start(env).output();
    const text = new TextDecoder().decode(stderr);
    assertEquals([code, stdout.length, text.trimEnd().split("\n").length], [1, 0, 1], text);
    for (const part of expected) assertStringIncludes(text, part);
  }
  taken.close();
});
