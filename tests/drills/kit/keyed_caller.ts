import { delay } from "@std/async/delay";
import type { Pool } from "undici";
import { PLAN } from "./gateway_process.ts";
import { messageOf } from "./held_batches.ts";
import { chance, type Parts } from "./random.ts";

/** What one request came to. */
interface Reply {
  readonly kind: "created" | "unknown" | "refused" | "in use" | "no answer";
  /** Of a batch that was created. */
  readonly id?: string;
  readonly replayed?: boolean;
}

/** What a caller knows of its message when it has stopped to repeat it. */
export interface CallerView {
  readonly text: string;
  /** `refused`: every answer said that it was not processed. */
  readonly ending: "created" | "unknown" | "refused";
  /** The ids of all answers 201. */
  readonly ids: ReadonlySet<string>;
  /** Whether every 201 was one of a repeat. */
  readonly onlyReplayed: boolean;
  readonly requests: number;
}

/** Options of {@linkcode sendWithRepeats}. */
export interface CallerOptions {
  gateways: readonly Pool[];
  token: string;
  seed: number;
}

/** Answers of a request that was not processed (contract.md §2). */
const REFUSALS: ReadonlySet<number> = new Set([400, 429, 500, 503]);

/** After so many refusals, or unknown outcomes, a caller gives up. */
const MAX_REFUSALS = 8;
const MAX_UNKNOWN = 4;

/** More than any lease, and any restart of a gateway. */
const GIVE_UP_AFTER_MS = 40_000;

/** Share of the rounds with two requests at once, and of the callers that repeat after a 201. */
const TWO_AT_ONCE = 0.1;
const REPEAT_AFTER_201 = 0.3;
const WITHOUT_REFERENCE = 0.25;

/** Sends a message with a key of its own and repeats it, as a caller would that must know. */
export async function sendWithRepeats(text: string, options: CallerOptions): Promise<CallerView> {
  const { gateways, token, seed } = options;
  const draw = (...parts: Parts) => chance([seed, text, ...parts]);
  const body = JSON.stringify(
    messageOf(text, { reference: draw("reference") > WITHOUT_REFERENCE }),
  );
  const replies: Reply[] = [];
  const count = (kind: Reply["kind"]) => replies.filter((reply) => reply.kind === kind).length;
  const deadline = performance.now() + GIVE_UP_AFTER_MS;
  let leaveAfter201 = draw("after 201") > REPEAT_AFTER_201;

  for (let round = 0;; round++) {
    const atOnce = draw("at once", round) < TWO_AT_ONCE ? 2 : 1;
    const requests = Array.from({ length: atOnce }, (_, n) => {
      const gateway = gateways[Math.floor(draw("gateway", round, n) * gateways.length)];
      return gateway ? request(gateway, { key: text, body, token }) : noAnswer;
    });
    replies.push(...await Promise.all(requests));
    if (count("created") > 0) {
      if (leaveAfter201) break;
      leaveAfter201 = true;
    } else if (count("unknown") >= MAX_UNKNOWN || count("refused") >= MAX_REFUSALS) break;
    if (performance.now() > deadline) throw new Error(`${text}: neither known nor unknown`);
    await delay(20 + 100 * draw("pause", round));
  }

  const created = replies.filter(({ kind }) => kind === "created");
  return {
    text,
    ending: created.length > 0 ? "created" : count("unknown") > 0 ? "unknown" : "refused",
    ids: new Set(created.map(({ id = "" }) => id)),
    onlyReplayed: created.every(({ replayed }) => replayed),
    requests: replies.length,
  };
}

const noAnswer: Reply = { kind: "no answer" };

async function request(
  gateway: Pool,
  { key, body, token }: { key: string; body: string; token: string },
): Promise<Reply> {
  let status, headers, answer;
  try {
    const response = await gateway.request({
      path: `/xms/v1/${PLAN}/batches`,
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "idempotency-key": key,
      },
      body,
    });
    ({ statusCode: status, headers } = response);
    answer = JSON.parse(await response.body.text());
  } catch {
    return noAnswer; // its gateway was killed
  }
  const replayed = headers["idempotent-replayed"] === "true";
  if (status === 201) return { kind: "created", id: answer.id, replayed };
  if (status === 409 && answer.code === "idempotency_key_in_use") return { kind: "in use" };
  if (status === 502 || status === 504) return { kind: "unknown" };
  if (REFUSALS.has(status)) return { kind: "refused" };
  throw new Error(`${key}: an unexpected ${status} ${answer.code}`);
}
