import { assertEquals, assertStringIncludes } from "@std/assert";
import { testEnv } from "../support/gateway.ts";
import { assertOwnPort, LISTENING_ON_TWO_PORTS } from "../support/admin_port.ts";
import { testIssuer } from "../support/issuer.ts";
import { startProgram } from "../support/process.ts";

const env = { ...testEnv(await testIssuer()), SHUTDOWN_GRACE_MS: "1500" };

Deno.test("with ADMIN_PORT metrics and probes are served there alone, also while the gateway stops", async () => {
  await using gateway = startProgram("main.ts", { ...env, ADMIN_PORT: "0" });
  const [, main, admin] = await gateway.waitFor(LISTENING_ON_TWO_PORTS);
  await assertOwnPort(Number(main), Number(admin));
  gateway.kill("SIGTERM");
  const readiness = async () => {
    const response = await fetch(`http://127.0.0.1:${admin}/readyz`);
    await response.body?.cancel();
    return response.status;
  };
  while (await readiness() === 200);
  assertEquals(await readiness(), 503);
  const { code, stderr } = await gateway.ended();
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("a start with an ADMIN_PORT in use ends with a message that names it", async () => {
  using taken = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const ADMIN_PORT = String(taken.addr.port);
  await using gateway = startProgram("main.ts", { ...env, ADMIN_PORT });
  const { code, stderr } = await gateway.ended();
  assertEquals(code, 1);
  assertStringIncludes(stderr, `HOST 127.0.0.1, ADMIN_PORT ${ADMIN_PORT}`);
  assertStringIncludes(stderr, "Choose another with HOST or ADMIN_PORT.");
});

Deno.test("without ADMIN_PORT the port of the API serves metrics and probes", async () => {
  await using gateway = startProgram("main.ts", env);
  const [, port] = await gateway.waitFor(/"message":"listening","url":"http:\/\/[^"]*:(\d+)"/);
  for (const path of ["/livez", "/readyz", "/metrics"]) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    await response.body?.cancel();
    assertEquals(response.status, 200, path);
  }
});
