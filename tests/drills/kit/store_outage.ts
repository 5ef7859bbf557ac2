import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { type GatewayProcess, startGateway } from "./gateway_process.ts";
import { type CallerAnswer, type Callers, Sender, startCallers } from "./keyed_callers.ts";
import { assertSentOnce, countingUpstream, timesSent } from "./sent_once.ts";
import { until } from "./until.ts";

/** How a store is taken away from gateways under load, and given back. */
export interface StoreOutage {
  stateUrl: string;
  begin(): void | Promise<void>;
  end(): void | Promise<void>;
}

const STATE_TIMEOUT_MS = 250;

/** For all work but that of the store, on a busy machine. */
const MARGIN_MS = 750;

/** Longer than a silent connection is kept. */
const OUTAGE_MS = 2_500;

/** Callers with a key, and as many without. */
const CALLERS = 8;

/** The client waits up to 2.5 s between its attempts to connect. */
const BACK_WITHIN_MS = 15_000;

/** Within it, the outcomes that could not be written during the outage are written. */
const REMEMBERED_WITHIN_MS = 20_000;

/** Takes the store away from two gateways under load, and compares what callers see. */
export async function rehearseOutage(outage: StoreOutage): Promise<string> {
  await using upstream = await countingUpstream();
  const env = { STATE_URL: outage.stateUrl, STATE_TIMEOUT_MS: String(STATE_TIMEOUT_MS) };
  await using first = await startGateway({ upstream: upstream.url, env });
  await using second = await startGateway({ upstream: upstream.url, env });
  const target = { ports: [first.port, second.port], token: first.token };
  const keyed = startCallers({ ...target, callers: CALLERS, prefix: "keyed" });
  const unkeyed = startCallers({ ...target, callers: CALLERS, prefix: "unkeyed", keyed: false });
  await keyedSendsWork(keyed);

  await outage.begin();
  const from = performance.now();
  await delay(OUTAGE_MS);
  await assertDegraded([first, second]);
  const to = performance.now();
  await outage.end();
  await keyedSendsWork(keyed);
  const backMs = performance.now() - to;

  const answers = await keyed.end();
  const others = await unkeyed.end();
  assertSentOnce(answers, upstream);
  assertUnaffected(others);
  const during = answers.filter(({ startedAt, ms }) => startedAt > from && startedAt + ms < to);
  assertUnavailable(during);
  const slowest = assertInTime(answers);
  assertEquals(await first.degradation(), [], "degraded after the outage");
  await using sender = new Sender(target);
  const sent = new Set(answers.map(({ id }) => id));
  await assertReplayed(sender, answers.filter(({ status }) => status === 201));
  assertEquals([...sent].filter((id) => timesSent(upstream).get(id) !== 1), [], "sent again");
  return `${sent.size} keyed sends, each 1 POST, also after one more repeat of each; ` +
    `${during.length} times 503 in ${OUTAGE_MS} ms, the slowest answer after ${slowest} ms; ` +
    `${others.length} sends without a key, all 201, the slowest after ${longest(others)} ms; ` +
    `keyed sends again ${Math.round(backMs)} ms after the end`;
}

/** Waits until both gateways have answered 50 more messages with a key. */
async function keyedSendsWork({ answers }: Callers): Promise<void> {
  const before = answers.length;
  await until("keyed sends work", () => {
    const created = answers.slice(before).filter(({ status }) => status === 201);
    const ofFirst = created.filter(({ gateway }) => gateway === 0).length;
    return Math.min(ofFirst, created.length - ofFirst) >= 50;
  }, BACK_WITHIN_MS);
}

async function assertDegraded(gateways: readonly GatewayProcess[]): Promise<void> {
  for (const gateway of gateways) {
    assert((await gateway.degradation()).length > 0, "/readyz does not say degraded");
  }
}

function assertUnavailable(during: readonly CallerAnswer[]): void {
  assert(during.length > CALLERS, `only ${during.length} keyed sends during the outage`);
  const seen = during.map(({ status, code, retryAfter }) => `${status} ${code} ${retryAfter}`);
  assertEquals([...new Set(seen)], ["503 idempotency_unavailable true"]);
}

/** The longest time of an answer with a key, in ms. */
function assertInTime(answers: readonly CallerAnswer[]): number {
  const slowest = longest(answers);
  assert(slowest <= STATE_TIMEOUT_MS + MARGIN_MS, `an answer with a key took ${slowest} ms`);
  return slowest;
}

function assertUnaffected(answers: readonly CallerAnswer[]): void {
  assert(answers.length > 100, `only ${answers.length} sends without a key`);
  assertEquals([...new Set(answers.map(({ status, code }) => `${status}${code}`))], ["201"]);
  const slowest = longest(answers);
  assert(slowest <= STATE_TIMEOUT_MS + MARGIN_MS, `an answer without a key took ${slowest} ms`);
}

/** Repeats messages until the answers that they got are replayed, byte for byte. */
async function assertReplayed(sender: Sender, answers: readonly CallerAnswer[]): Promise<void> {
  const deadline = performance.now() + REMEMBERED_WITHIN_MS;
  const waiting = [...answers];
  async function repeatNext(): Promise<void> {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      for (let nth = 0;; nth++) {
        const { status, code, text, replayed } = await sender.post(next.id, nth);
        if (status === 201) {
          assertEquals([text, replayed], [next.text, true], next.id);
          break;
        }
        assert(performance.now() < deadline, `${next.id} is still ${status} ${code}`);
        await delay(250);
      }
    }
  }
  await Promise.all(Array.from({ length: 2 * CALLERS }, repeatNext));
}

function longest(answers: readonly CallerAnswer[]): number {
  return Math.round(Math.max(...answers.map(({ ms }) => ms)));
}
