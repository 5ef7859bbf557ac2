/**
 * Runs the drills: each provokes a failure with real processes and sockets on this machine, and
 * compares what happens with what is promised. Arguments select drills by a part of their name;
 * `SOAK_MINUTES` (default 2) is the length of the soak, `DRILL_SENDS` (default 5,000) the number of
 * messages with random faults, `DRILL_SEED` the seed of the fuzzing and of those faults.
 */
import { endRedisServers } from "../support/redis_server.ts";
import { allDrills } from "./all.ts";
import { type Outcome, runDrill, table } from "./kit/drill.ts";
import { endLeftovers } from "./kit/gateway_process.ts";

async function main(selected: readonly string[]): Promise<boolean> {
  const outcomes: Outcome[] = [];
  for (const drill of await allDrills()) {
    if (selected.length > 0 && !selected.some((part) => drill.name.includes(part))) continue;
    const outcome = await runDrill(drill);
    outcomes.push(outcome);
    endLeftovers();
    endRedisServers();
    const seconds = (outcome.durationMs / 1_000).toFixed(1);
    print(`${outcome.ok ? "ok    " : "FAILED"} ${drill.name} (${seconds} s): ${outcome.seen}`);
  }
  const failed = outcomes.filter(({ ok }) => !ok).length;
  print(`\n${table(outcomes)}\n\n${outcomes.length - failed} passed, ${failed} failed`);
  return failed === 0 && outcomes.length > 0;
}

function print(text: string): void {
  // deno-lint-ignore no-console -- the output of a command
  console.log(text);
}

Deno.exit(await main(Deno.args) ? 0 : 1);
