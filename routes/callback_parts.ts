import type { Tracer } from "@opentelemetry/api";
import type { CallbackSettings } from "../callback_settings.ts";
import { doneWork } from "../callbacks/claims.ts";
import { Relay } from "../callbacks/relay.ts";
import { SentBatches } from "../callbacks/sent_batches.ts";
import type { Config } from "../config.ts";
import { ByteBudget } from "../limits/byte_budget.ts";
import { BatchMemory } from "../middleware/batch_memory.ts";
import { callback, type CallbackHandler } from "../middleware/callback.ts";
import { CallbackRelaying } from "../middleware/callback_relaying.ts";
import { requestBody, type RequestBodyOptions } from "../middleware/request_body.ts";
import type { StateStore } from "../state/store.ts";
import type { Transport } from "../upstream/transport.ts";

/** What the parts for callbacks need. */
export interface CallbackDependencies
  extends Pick<RequestBodyOptions, "isStopping" | "onUnreadBody" | "onBody" | "isCuttingOff"> {
  store: StateStore;
  /** Sends to the services. */
  transport: Transport;
  tracer: Tracer;
  now: () => number;
  bodyDeadlines?: RequestBodyOptions["deadlines"];
}

/** What receives callbacks, and remembers for them who sent what. */
export interface CallbackParts {
  readonly handle: CallbackHandler;
  readonly batchMemory: BatchMemory;
  /** Has these settings count from the next callback, and the next send, on. */
  replaceSettings(settings: CallbackSettings): void;
  /** Batches that could not be remembered so far. */
  batchesLost(): number;
  /** Resolves when nothing is written to the store any more. */
  settled(): Promise<void>;
}

/**
 * Largest callback: a full report on 1,000 recipients, which is what a batch can have, has 20 KB.
 * The smaller it is, the more connections strangers need to use up the memory.
 */
export const MAX_CALLBACK_BYTES = 256 * 1024;

/** Memory for the bodies of all callbacks, apart from those of callers: strangers can send them. */
export const MAX_HELD_CALLBACK_BYTES = 8 * 1024 * 1024;

/** Composes the parts for callbacks; `initial` are the settings until they are replaced. */
export function callbackParts(
  config: Config,
  initial: CallbackSettings,
  deps: CallbackDependencies,
): CallbackParts {
  let current = initial;
  const settings = () => current;
  const done = doneWork(deps.store);
  const batches = new SentBatches(deps);
  const readBody = requestBody({
    ...deps,
    maxBytes: Math.min(config.maxBodyBytes, MAX_CALLBACK_BYTES),
    held: new ByteBudget(MAX_HELD_CALLBACK_BYTES),
    requireType: () => {}, // the API would give up after a 415
    timeoutMs: config.requestBodyTimeoutMs,
    deadlines: deps.bodyDeadlines,
  });
  const relaying = new CallbackRelaying({
    ...deps,
    done,
    batches,
    stateTimeoutMs: config.state.timeoutMs,
    relay: new Relay(deps),
    maxBytes: MAX_HELD_CALLBACK_BYTES,
  });
  return {
    handle: callback({ ...deps, settings, readBody, relaying }),
    batchMemory: new BatchMemory({ ...deps, settings, batches }),
    replaceSettings: (settings) => void (current = settings),
    batchesLost: () => batches.lost,
    settled: async () => void await Promise.all([done.close(), batches.close()]),
  };
}
