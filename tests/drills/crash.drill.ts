import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import type { Drill } from "./kit/drill.ts";
import { PLAN, startGateway } from "./kit/gateway_process.ts";
import { startLoad } from "./kit/load.ts";
import { answerWell, closedPort, rawUpstream } from "./kit/raw_upstream.ts";

const BATCHES = `/xms/v1/${PLAN}/batches`;
const CRASHES = 4;

async function crash(): Promise<string> {
  await using upstream = await rawUpstream({
    onRequest: (request, wire) => void setTimeout(() => answerWell(request, wire), 10),
  });
  const port = closedPort();
  const start = () =>
    startGateway({ upstream: upstream.url, env: { PORT: String(port), RETRY_ATTEMPTS: "5" } });
  let gateway = await start();
  const load = startLoad({ port, path: BATCHES, token: gateway.token, callers: 20, prefix: "c" });
  let answered = 0;
  for (let crashes = 0; crashes < CRASHES; crashes++) {
    await delay(600);
    gateway.abandon();
    gateway.signal("SIGKILL");
    await gateway.exited();
    const before = answered;
    answered = load.sent.filter(({ status }) => status === 201).length;
    assert(answered > before, "no request was answered after a restart");
    gateway = await start();
  }
  await delay(600);
  const sent = await load.end();
  await gateway[Symbol.asyncDispose]();

  const counts = new Map<string, number>();
  for (const { body } of upstream.seen) counts.set(body, (counts.get(body) ?? 0) + 1);
  assertEquals([...counts].filter(([, times]) => times > 1), [], "read twice by the upstream");
  const wrongAnswers = sent.filter(({ id, status }) =>
    status === 201 && !counts.has(JSON.stringify({ body: id }))
  );
  assertEquals(wrongAnswers, [], "answered 201, but not read by the upstream");
  const cut = sent.filter(({ status }) => status === undefined).length;
  return `${CRASHES} kill -9 and restarts during ${sent.length} POSTs: ${counts.size} reached the ` +
    `upstream, none twice; ${cut} callers lost their connection`;
}

export default [
  {
    name: "crash: kill -9 under load",
    did: "the process is killed and restarted repeatedly while 20 callers send",
    promised: "no POST reaches the upstream twice; a POST answered 201 has reached it",
    run: crash,
  },
] satisfies Drill[];
