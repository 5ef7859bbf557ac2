import { getLogger } from "@logtape/logtape";
import { type Config, ConfigError } from "../config.ts";
import { type State, StoreHealth } from "../state/health.ts";
import { openStore } from "../state/open.ts";
import { StateError } from "../state/store.ts";

/**
 * Opens the store of the settings; undefined if no feature needs one. A Redis that cannot be
 * reached does not stop the start.
 *
 * @throws {ConfigError} for a file that cannot be opened
 */
export async function openState(
  { state, idempotency, callbacks }: Config,
): Promise<State | undefined> {
  if (idempotency.mode === "off" && !callbacks) return undefined;
  const health = new StoreHealth();
  const { onOperation, onReachable } = health;
  try {
    const store = await openStore(state.url, {
      ...state,
      // Operations in memory take microseconds; their metrics would cost more.
      ...state.url !== "memory:" && { onOperation },
      onReachable,
      onWarning: (sentence) => getLogger("sms-gateway").warning(sentence),
    });
    return { store, health };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    throw new ConfigError([`STATE_URL cannot be opened: ${error.message}`]);
  }
}
