const chosen = Number(Deno.env.get("DRILL_SEED") ?? Date.now() % 0x7fff_ffff);

/** The seed of this run's fuzzing: `DRILL_SEED` repeats what another run did. */
export function seed(): number {
  return chosen;
}
