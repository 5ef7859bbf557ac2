import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { startCommand } from "./drills/kit/gateway_process.ts";
import { testEnv } from "./support/gateway.ts";
import { testIssuer } from "./support/issuer.ts";
import { startProgram } from "./support/process.ts";
import { type RawConnection, rawReply, rawUpstream } from "./support/raw_upstream.ts";

const MARKER = "SECRET-MARKER";

Deno.test("an invalid environment ends the process with 1 and prints every fault by name, no value, no stack", async () => {
  await using program = startProgram("main.ts", {
    PORT: MARKER,
    SERVICE_PLANS: `{"plan-1":"${MARKER}"`,
    AUTH_JWKS: `{"keys":[{"kty":"oct","k":"${MARKER}"}]}`,
    AUTH_ALGORITHMS: "HS256",
    UPSTREAM_TIMEOUT_MS: "soon",
  });
  const { code, stdout, stderr } = await program.ended();
  assertEquals(code, 1);
  const lines = stderr.trimEnd().split("\n").slice(1).map((line) => line.trim().split(" ")[0]);
  assertEquals(lines.toSorted(), [
    "AUTH_ALGORITHMS",
    "AUTH_AUDIENCE",
    "AUTH_ISSUER",
    "AUTH_JWKS",
    "PORT",
    "SERVICE_PLANS",
    "UPSTREAM_TIMEOUT_MS",
  ]);
  assertNotMatch(stderr + stdout, new RegExp(`${MARKER}|    at `));
});

Deno.test("a public key that cannot be imported ends the process with 1 and its kid, before it listens", async () => {
  const { jwks, ...issuer } = await testIssuer("ES256", "off-curve");
  const keys = jwks.keys.map((key) => ({ ...key, y: key.x ?? "" }));
  await using program = startProgram("main.ts", testEnv({ ...issuer, jwks: { keys } }));
  const { code, stdout, stderr } = await program.ended();
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /^ {2}AUTH_JWKS: key 1 \(kid "off-curve"\) cannot be imported: .+$/m);
  assertNotMatch(stderr, / {4}at /);
});

Deno.test("a port in use ends the process with 1 and one line", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const env = { ...testEnv(await testIssuer()), PORT: `${taken.addr.port}` };
  await using program = startProgram("main.ts", env);
  const { code, stderr } = await program.ended();
  assertEquals(code, 1);
  assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
});

const COMMANDS: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  "the start task": async () =>
    (await startCommand()).filter((arg) => /^--(allow|v8-flags)/.test(arg)),
  "all permissions": () => Promise.resolve(["--allow-all"]),
};

for (const [command, permissions] of Object.entries(COMMANDS)) {
  Deno.test(`with ${command} a warning after the start names a misspelt variable, without its value`, async () => {
    const unknown = {
      AUTH_ALGORITMS: MARKER,
      UPSTREAM_TIMEOUT: MARKER,
      LOG_DIR: MARKER,
      SMS_GATEWAY_PORT_8080_TCP: MARKER,
    };
    const env = { ...testEnv(await testIssuer()), ...unknown };
    await using program = startProgram("main.ts", env, await permissions());
    for (const name of Object.keys(unknown).slice(0, 2)) {
      await program.waitFor(new RegExp(`"unknown variable".*"${name}".*\n`));
    }
    program.kill("SIGTERM");
    const { stdout } = await program.ended();
    const warnings = stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
      .filter(({ level }) => level === "warning")
      .map(({ message, name, did_you_mean }) => [message, name, did_you_mean]);
    assertEquals(warnings.toSorted(), [
      ["unknown variable", "AUTH_ALGORITMS", "AUTH_ALGORITHMS"],
      ["unknown variable", "UPSTREAM_TIMEOUT", "UPSTREAM_TIMEOUT_MS"],
    ]);
    assertNotMatch(stdout, new RegExp(MARKER));
  });

  Deno.test(`with ${command} a start that fails names a misspelt variable, without its value`, async () => {
    const env = { ...testEnv(await testIssuer()), AUTH_ISSUER: "", AUTH_ISUER: MARKER };
    await using program = startProgram("main.ts", env, await permissions());
    const { code, stderr } = await program.ended();
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      "AUTH_ISUER is set, but is not a setting; did you mean AUTH_ISSUER?",
    );
    assertNotMatch(stderr, new RegExp(MARKER));
  });
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`on ${signal} no new connection is accepted, requests in flight are answered, and the process ends with 0`, async () => {
    const reached = Promise.withResolvers<RawConnection>();
    await using upstream = await rawUpstream(async (connection) => {
      if (await connection.readRequest()) reached.resolve(connection);
      await connection.closed;
    });
    const issuer = await testIssuer();
    const env = { ...testEnv(issuer), SMS_API_URL: upstream.url, SHUTDOWN_GRACE_MS: "20000" };
    await using program = startProgram("main.ts", env);
    const [, port = ""] = await program.waitFor(/127\.0\.0\.1:(\d+)/);
    const token = await issuer.token();
    const answered = fetch(`http://127.0.0.1:${port}/xms/v1/plan-1/batches`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: '{"to":["46701234567"],"body":"PRIVATE"}',
    });
    const connection = await reached.promise;
    program.kill(signal);
    await refused(Number(port));
    await connection.write(rawReply(201, '{"id":"x"}'));
    const response = await answered;
    assertEquals([response.status, await response.json()], [201, { id: "x" }]);
    const { code, stdout, stderr } = await program.ended();
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /"status":201/);
    for (const secret of [token, "PRIVATE", "46701234567", "credential-of-plan-1"]) {
      assert(!stdout.includes(secret), secret);
    }
  });
}

/** Waits until connections to a port are refused. */
async function refused(port: number): Promise<void> {
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return;
      // A connection that was still in the listener's queue is reset when it closes.
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
  }
}
