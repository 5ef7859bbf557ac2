import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { startRedis } from "../support/redis_server.ts";
import { dataFolder } from "./kit/data_folder.ts";
import type { Drill } from "./kit/drill.ts";
import { startGateway } from "./kit/gateway_process.ts";
import { type CallerAnswer, Sender } from "./kit/keyed_callers.ts";
import { needsRedis } from "./kit/needs_redis.ts";
import { rawUpstream } from "./kit/raw_upstream.ts";
import { timesSent } from "./kit/sent_once.ts";

const CALLERS = 500;

/** The API answers when so many repeats were refused, so that they came while it was sending. */
const REFUSED_BEFORE_ANSWER = 200;

/** If fewer are refused, the API answers after so long, and the drill fails. */
const ANSWER_WITHIN_MS = 8_000;

/** A repeat is refused until the API has answered. */
const MAX_REPEATS = 20;

const MESSAGE = "message-1";

const ENV = {
  MAX_OUTSTANDING_PER_CALLER: "1000",
  MAX_OUTSTANDING_PER_ROUTE: "1000",
  // So many requests at once can keep a slow machine busy for longer than the default.
  STATE_TIMEOUT_MS: "5000",
};

/** Sends one message {@linkcode CALLERS} times at once, over as many gateways as are given. */
async function repeatAtOnce(gateways: number, env: Record<string, string>, cwd?: string) {
  let refused = 0;
  await using upstream = await rawUpstream({
    async onRequest(_, wire) {
      const deadline = performance.now() + ANSWER_WITHIN_MS;
      while (refused < REFUSED_BEFORE_ANSWER && performance.now() < deadline) await delay(10);
      wire.reply(201, { id: crypto.randomUUID().replaceAll("-", "") });
    },
  });
  await using processes = new AsyncDisposableStack();
  const options = { upstream: upstream.url, env: { ...ENV, ...env }, ...cwd && { cwd } };
  const started = await Promise.all(
    Array.from({ length: gateways }, async () => processes.use(await startGateway(options))),
  );
  const ports = started.map(({ port }) => port);
  await using sender = new Sender({ ports, token: started[0]?.token ?? "" });

  async function untilAnswered(caller: number): Promise<CallerAnswer> {
    for (let repeats = 0;; repeats++) {
      const answer = await sender.post(MESSAGE, caller + repeats);
      if (answer.status !== 409 || repeats === MAX_REPEATS) return answer;
      assertEquals([answer.code, answer.retryAfter], ["idempotency_key_in_use", true]);
      refused++;
      await delay(250);
    }
  }

  const answers = await Promise.all(Array.from({ length: CALLERS }, (_, n) => untilAnswered(n)));
  assertEquals(timesSent(upstream), new Map([[MESSAGE, 1]]), "POSTs that reached the API");
  assert(refused >= REFUSED_BEFORE_ANSWER, `only ${refused} repeats while the first was under way`);
  const different = new Set(answers.map(({ status, code, text }) => `${status} ${code} ${text}`));
  assertEquals(different.size, 1, [...different].join("; "));
  assertEquals(answers[0]?.status, 201);
  assertEquals(answers.filter(({ replayed }) => !replayed).length, 1, "first answers");
  return `${CALLERS} callers at ${
    gateways === 1 ? "one gateway" : `${gateways} gateways`
  }: 1 POST; ${refused} times 409 with ` +
    `Retry-After, then everyone got 201 with the same bytes`;
}

async function redis(): Promise<string> {
  await using server = await startRedis();
  return await repeatAtOnce(3, { STATE_URL: `redis://127.0.0.1:${server.port}` });
}

async function sqlite(): Promise<string> {
  await using folder = await dataFolder();
  const seen = await repeatAtOnce(1, { STATE_URL: "sqlite:data/state.db" }, folder.path);
  const { size } = await Deno.stat(`${folder.path}/data/state.db`);
  assert(size > 0, "nothing was written to the file");
  return seen;
}

export default [
  {
    name: "idempotency: 500 repeats at once, Redis",
    did: "one send with one Idempotency-Key by 500 callers at once, over three gateways",
    promised: "it reaches the API once; every caller gets its answer, or 409 until there is one",
    run: needsRedis(redis),
  },
  {
    name: "idempotency: 500 repeats at once, SQLite",
    did: "one send with one Idempotency-Key by 500 callers at once, on a gateway with a file",
    promised: "it reaches the API once; every caller gets its answer, or 409 until there is one",
    run: sqlite,
  },
] satisfies Drill[];
