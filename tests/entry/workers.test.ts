import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../config.ts";
import workers from "../../entry/workers.ts";
import { testEnv } from "../support/gateway.ts";
import { testIssuer } from "../support/issuer.ts";

/** Answers one request with the entry for Workers; returns the logged lines. */
async function logOf(env: Record<string, string>): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const { log } = console;
  // deno-lint-ignore no-console -- the console is the log of a Workers runtime
  console.log = (line: string) => void lines.push(line);
  try {
    const work: Promise<unknown>[] = [];
    const context = { waitUntil: (promise: Promise<unknown>) => void work.push(promise) };
    const request = new Request("http://gateway.test/nothing");
    await (await workers.fetch(request, env, context)).body?.cancel();
    for (let done = 0; done < work.length; done++) await work[done];
  } finally {
    // deno-lint-ignore no-console -- as above
    console.log = log;
  }
  return lines.map((line) => JSON.parse(line));
}

for (
  const [name, value, sentence] of [
    ["STATE_URL", "memory:", "STATE_URL: there is no store on Workers"],
    ["STATE_URL", "redis://secret@127.0.0.1", "Redis needs sockets"],
    ["ADMIN_PORT", "9090", "ADMIN_PORT: on Workers the platform listens"],
    ["IDEMPOTENCY", "required", "IDEMPOTENCY is required, which needs a store"],
    [
      "POLICIES",
      '[{"name":"shop","callers":["*"],"messages":{"per_day":1}}]',
      "POLICIES has budgets (messages), which need a store",
    ],
    ["LOGS_EXPORT", "otlp", "LOGS_EXPORT is otlp, which Workers cannot do"],
  ] as const
) {
  Deno.test(`on Workers ${name}=${value.split(/:|"/)[0]} stops the start with a sentence that says why`, async () => {
    const OTLP_ENDPOINT = "http://collector.test";
    const env = { ...testEnv(await testIssuer()), OTLP_ENDPOINT, [name]: value };
    const error = await assertRejects(() => logOf(env), ConfigError, sentence);
    assert(!error.message.includes("secret"));
  });
}

Deno.test("on Workers a misspelt binding and a redirecting collector are logged", async () => {
  await using collector = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(null, { status: 307, headers: { location: "http://other.test/" } }),
  );
  const lines = await logOf({
    ...testEnv(await testIssuer()),
    AUTH_AUDIENC: "PRIVATE",
    OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
  });
  const own = lines.filter(({ request_id }) => request_id === undefined);
  assertEquals(
    own.map(({ level, message, name, status }) => [level, message, name ?? status]),
    [
      ["warning", "unknown variable", "AUTH_AUDIENC"],
      ["warning", "collector refuses exports", 307],
    ],
  );
  assertEquals(lines.length - own.length, 1);
});
