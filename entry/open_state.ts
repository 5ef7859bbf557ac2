import { getLogger } from "@logtape/logtape";
import { type Config, ConfigError } from "../config.ts";
import { type State, StoreHealth } from "../state/health.ts";
import { openStateAt, type StoreAndCounters } from "../state/open.ts";
import { ReplaceableCounters, ReplaceableStore } from "../state/replaceable.ts";
import { StateError } from "../state/store.ts";

/** A store that follows the setting. */
export interface OpenedState extends State {
  /**
   * Opens the store of a changed setting and uses it from now on.
   *
   * @throws {ConfigError} for a file that cannot be opened; the store before stays in use
   */
  reopen(config: Config): Promise<void>;
}

/** A store closes after twice the deadline of its operations. */
const CLOSE_DELAY_FACTOR = 2;

/**
 * Opens the store of the settings; undefined if no feature needs one. A Redis that cannot be
 * reached does not stop the start.
 *
 * @throws {ConfigError} for a file that cannot be opened
 */
export async function openState(config: Config): Promise<OpenedState | undefined> {
  const { idempotency, policies, callbacks } = config;
  if (idempotency.mode === "off" && policies.length === 0 && !callbacks) return undefined;
  const health = new StoreHealth();
  let { url } = config.state;
  let current = await open(config, health);
  const store = new ReplaceableStore(current.store, {
    closeDelayMs: CLOSE_DELAY_FACTOR * config.state.timeoutMs,
  });
  const counters = new ReplaceableCounters(current.counters);
  return {
    store,
    counters,
    health,
    async reopen(changed) {
      if (changed.state.url === url) return;
      const next = await open(changed, health);
      current.ignore(); // its connection may break because of the change
      store.replace(next.store);
      counters.replace(next.counters);
      [current, url] = [next, changed.state.url];
    },
  };
}

async function open(
  { state }: Config,
  health: StoreHealth,
): Promise<StoreAndCounters & { ignore(): void }> {
  let isIgnored = false;
  try {
    const opened = await openStateAt(state.url, {
      ...state,
      // Operations in memory take microseconds; their metrics would cost more.
      ...state.url !== "memory:" && { onOperation: health.onOperation },
      onReachable: (reachable) => void (isIgnored || health.onReachable(reachable)),
      onWarning: (sentence) => getLogger("sms-gateway").warning(sentence),
    });
    return { ...opened, ignore: () => void (isIgnored = true) };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    throw new ConfigError([`STATE_URL cannot be opened: ${error.message}`]);
  }
}
