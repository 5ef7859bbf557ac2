import type { Context } from "hono";
import type { Budgets } from "../budgets/budgets.ts";
import type { Config } from "../config.ts";
import type { GatewayEnv } from "../exchange.ts";
import type { Settlements } from "../idempotency/settlements.ts";
import type { BatchMemory } from "../middleware/batch_memory.ts";
import { BatchTurns } from "../middleware/batch_turns.ts";
import { budget } from "../middleware/budget.ts";
import type { Forwarder } from "../middleware/forward.ts";
import { idempotency } from "../middleware/idempotency.ts";
import { matchPolicy, PolicyJudge } from "../middleware/policy.ts";
import { PolicyLookups } from "../middleware/policy_lookups.ts";
import { outstanding, type OutstandingOptions } from "../middleware/outstanding.ts";
import { type Send, undoIfNotProcessed } from "../middleware/undo.ts";
import type { Policies } from "../policies/policies.ts";
import { BUFFERING_TIMEOUT_FACTOR } from "../upstream/transport.ts";

/** Margin of a lease for work that is not counted otherwise, in ms. */
const LEASE_MARGIN_MS = 2_000;

/**
 * Operations of the store within a lease: the turn to change a batch is taken and released, the
 * budget is reserved, and the outcome is written.
 */
const STORE_OPERATIONS = 4;

/** A policy may need a batch before its change, and groups; together they get one deadline more. */
const MAX_LOOKUPS_OF_A_POLICY = 2;

/** Answers a request to the SMS API that has passed the checks. */
export type SendHandler = (c: Context<GatewayEnv>) => Promise<Response>;

/** Options of {@linkcode sendHandler}. */
export interface SendHandlerOptions {
  limits: OutstandingOptions;
  forwarder: Forwarder;
  /** Absent where no store lasts. */
  settlements: Settlements | undefined;
  policies: Policies;
  budgets: Budgets;
  /** Absent where callbacks are not configured. */
  batchMemory: BatchMemory | undefined;
}

/**
 * Sends what has passed the checks: with an idempotency key once (contract.md §5), and only what the
 * policy of the caller allows (§7).
 */
export function sendHandler(config: Config, options: SendHandlerOptions): SendHandler {
  const { forwarder, policies, batchMemory } = options;
  const reserveBudget = budget(options.budgets);
  const acquireSlots = outstanding(options.limits); // last: only what is sent occupies a slot
  const judge = policyJudge(config, forwarder);
  const turns = new BatchTurns({ store: options.settlements?.store, leaseMs: leaseMsOf(config) });
  const judgeAndSend: Send = async (c) => {
    const judging = judge.judge(c);
    if (judging) await judging; // nothing to wait for without lookups
    const reserving = reserveBudget(c);
    if (reserving) await reserving; // nothing to wait for without a budget
    await acquireSlots(c);
    try {
      const reply = await forwarder.send(c);
      return batchMemory ? batchMemory.ofReply(c.get("exchange"), reply) : reply;
    } finally {
      judge.sent(c.get("exchange"));
    }
  };
  const sendInTurn = undoIfNotProcessed(judgeAndSend); // the next is judged by what is given back
  const send = undoIfNotProcessed((c) => {
    const exchange = c.get("exchange");
    return turns.isNeeded(exchange) ? turns.run(exchange, () => sendInTurn(c)) : judgeAndSend(c);
  });
  const sendOnce: SendHandler = config.idempotency.mode === "off"
    ? async (c) => forwarder.respond(c, await send(c))
    : onceHandler(config, { ...options, send });
  return function sendHandler(c) {
    matchPolicy(c.get("exchange"), policies);
    return sendOnce(c);
  };
}

function policyJudge({ upstream }: Config, forwarder: Forwarder): PolicyJudge {
  const timeoutMs = upstream.timeoutMs / MAX_LOOKUPS_OF_A_POLICY;
  return new PolicyJudge(new PolicyLookups({ forwarder, timeoutMs }));
}

/** Longest time from the first operation of the store to the answer of the API. */
function leaseMsOf({ upstream: { timeoutMs, idleTimeoutMs }, state }: Config): number {
  const policyMs = timeoutMs;
  return policyMs + timeoutMs + BUFFERING_TIMEOUT_FACTOR * idleTimeoutMs +
    STORE_OPERATIONS * state.timeoutMs + LEASE_MARGIN_MS;
}

function onceHandler(
  config: Config,
  { forwarder, settlements, batchMemory, send }: SendHandlerOptions & {
    send: Send;
  },
): SendHandler {
  const { idempotency: settings } = config;
  const leaseMs = leaseMsOf(config);
  return idempotency({
    ...settings,
    ttlMs: Math.max(settings.ttlMs, leaseMs), // else a key could be free while it is in use
    required: settings.mode === "required",
    settlements,
    leaseMs,
    lookupTimeoutMs: config.upstream.timeoutMs,
    forwarder,
    batchMemory,
    send,
  });
}
