import { getLogger } from "@logtape/logtape";
import type { Config } from "../config.ts";
import type { Gateway } from "../gateway.ts";
import type { SettingFiles } from "../setting_files.ts";

/**
 * Pause between two looks at the files, in ms. A change is taken over at the second look that sees
 * it, so within 2 s (contract.md §8). Files are compared by content: it is right for every way to
 * replace one, such as the symbolic links of Kubernetes, and costs 0.1 ms a file.
 */
const LOOK_INTERVAL_MS = 500;

/** Options of {@linkcode watchFiles}. */
export interface WatchFilesOptions {
  gateway: Gateway;
  /** Takes over a changed configuration; a rejection refuses the change. */
  apply: (config: Config) => Promise<void>;
  /** Adds a listener for SIGHUP; absent where there are no signals. */
  onHangup?: ((listener: () => void) => void) | undefined;
}

/**
 * Takes over changes of files with settings, without a restart. SIGHUP reads them at once.
 *
 * @returns a function that ends it
 */
export function watchFiles(
  files: SettingFiles,
  { gateway, apply, onHangup }: WatchFilesOptions,
): () => void {
  if (files.isEmpty) return () => {};
  const logger = getLogger("sms-gateway");
  const listener = {
    apply,
    taken(name: string) {
      gateway.settingFileRead(name, "taken");
      logger.info("changed file of a setting taken over", { setting: name });
    },
    refused(name: string, reason: string) {
      gateway.settingFileRead(name, "refused");
      logger.error("changed file of a setting refused; the last good one stays in use", {
        setting: name,
        reason,
      });
    },
  };
  const timer = setInterval(() => void files.look(listener), LOOK_INTERVAL_MS);
  onHangup?.(() => void files.look(listener, { atOnce: true }));
  return () => clearInterval(timer);
}
