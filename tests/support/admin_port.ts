import { assert, assertEquals, assertMatch } from "@std/assert";

/** The paths of metrics and probes, and what their body matches. */
const ADMIN_PATHS: Readonly<Record<string, RegExp>> = {
  "/livez": /"status":"ok"/,
  "/readyz": /"status":"ok"/,
  "/metrics": /^sms_gateway_build_info\{/m,
};

/** The log line of a start with `ADMIN_PORT`: the port of the API and that of the metrics. */
export const LISTENING_ON_TWO_PORTS =
  /"message":"listening","url":"http:\/\/[^"]*:(\d+)","admin":"http:\/\/[^"]*:(\d+)"/;

/**
 * Checks that metrics and probes are served on the port `admin` and not on `main`, and that `admin`
 * serves nothing else.
 */
export async function assertOwnPort(main: number, admin: number): Promise<void> {
  assert(main !== admin);
  for (const [path, body] of Object.entries(ADMIN_PATHS)) {
    const served = await fetch(`http://127.0.0.1:${admin}${path}`);
    assertMatch(await served.text(), body);
    assertEquals([served.status, served.headers.has("x-request-id")], [200, true], path);
    assertEquals(await statusOf(main, path), 404);
  }
  for (const path of ["/", "/docs", "/xms/v1/plan-1/batches"]) {
    assertEquals(await statusOf(admin, path), 404, path);
  }
  assertEquals(await statusOf(main, "/xms/v1/plan-1/batches"), 401);
}

async function statusOf(port: number, path: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  await response.body?.cancel();
  return response.status;
}
