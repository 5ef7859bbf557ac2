/**
 * Runs the drills: each provokes a failure with real processes and sockets on this machine, and
 * compares what happens with what is promised. Drills depend on real time, so that other load on the
 * machine can fail one: one that fails is tried once more at the end, and counts as failed if it
 * fails again. Arguments select drills by a part of their name;
 * `SOAK_MINUTES` (default 2) is the length of the soak, `DRILL_SENDS` (default 5,000) the number of
 * messages with random faults, `DRILL_SEED` the seed of the fuzzing and of those faults;
 * `DRILL_PART=1/2` runs every second drill, from the first on.
 */
import { endRedisServers } from "../support/redis_server.ts";
import { allDrills } from "./all.ts";
import { type Drill, type Outcome, runDrill, table } from "./kit/drill.ts";
import { endLeftovers } from "./kit/gateway_process.ts";

async function main(selected: readonly string[]): Promise<boolean> {
  const [part = 1, parts = 1] = (Deno.env.get("DRILL_PART") ?? "1/1").split("/").map(Number);
  const drills = (await allDrills()).filter(({ name }, index) =>
    index % parts === part - 1 &&
    (selected.length === 0 || selected.some((words) => name.includes(words)))
  );
  const outcomes = new Map<Drill, Outcome>();
  for (const drill of drills) outcomes.set(drill, await run(drill));
  const failed = () => [...outcomes.values()].filter(({ ok }) => !ok);
  const tried = failed();
  if (tried.length > 0) print(`\n${tried.length} failed, and are tried once more\n`);
  for (const { drill } of tried) outcomes.set(drill, await run(drill));
  print(`\n${table([...outcomes.values()])}`);
  print(`\n${outcomes.size - failed().length} passed, ${failed().length} failed`);
  return failed().length === 0 && outcomes.size > 0;
}

async function run(drill: Drill): Promise<Outcome> {
  const outcome = await runDrill(drill);
  endLeftovers();
  endRedisServers();
  const seconds = (outcome.durationMs / 1_000).toFixed(1);
  print(`${outcome.ok ? "ok    " : "FAILED"} ${drill.name} (${seconds} s): ${outcome.seen}`);
  return outcome;
}

function print(text: string): void {
  // deno-lint-ignore no-console -- the output of a command
  console.log(text);
}

Deno.exit(await main(Deno.args) ? 0 : 1);
