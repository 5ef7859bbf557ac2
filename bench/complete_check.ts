import type { Candidate } from "./candidate.ts";
import type { Load } from "./load.ts";
import type { RunningCandidate } from "./test_bed.ts";

/** Time for a log line to be written, in ms. */
const LOG_TIMEOUT_MS = 3_000;

const LOG_POLL_MS = 50;

/**
 * Checks that a candidate does what its row says, since a proxy whose check of tokens or whose log is
 * off is cheaper.
 *
 * @param target a service plan and a valid token
 * @throws {Error} naming what is missing
 */
export async function checkWork(
  candidate: Candidate,
  running: RunningCandidate,
  { plan, token, load }: { plan: string; token: string; load: Load },
): Promise<void> {
  const post = async (bearer: string) => {
    const response = await fetch(`http://127.0.0.1:${running.port}/xms/v1/${plan}/batches`, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      body: await Deno.readFile(load.bodyFile),
    });
    await response.body?.cancel();
    return response.status;
  };
  if (candidate.refusesTokens) {
    for (const [what, bearer] of Object.entries(invalid(token))) {
      const status = await post(bearer);
      if (status !== 401) throw new Error(`${what} gets ${status}, not 401`);
    }
  }
  if (candidate.logsRequests) {
    await post(token);
    await untilLogged(running, load.expect);
  }
}

function invalid(token: string): Record<string, string> {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const first = signature.startsWith("A") ? "B" : "A";
  const none = btoa('{"alg":"none"}').replaceAll("=", "");
  return {
    "a token with another signature": `${header}.${payload}.${first}${signature.slice(1)}`,
    "a token without a signature": `${none}.${payload}.`,
    "no token": "x",
  };
}

/** @throws {Error} if no line of JSON with the status is written in time */
async function untilLogged(running: RunningCandidate, status: number): Promise<void> {
  const deadline = performance.now() + LOG_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if ((await running.log()).split("\n").some((line) => hasStatus(line, status))) return;
    await new Promise((resolve) => setTimeout(resolve, LOG_POLL_MS));
  }
  throw new Error(`no line of JSON with the status ${status} is logged`);
}

function hasStatus(line: string, status: number): boolean {
  if (!line.startsWith("{")) return false;
  try {
    return Object.values(JSON.parse(line)).some((value) => String(value) === String(status));
  } catch {
    return false;
  }
}
