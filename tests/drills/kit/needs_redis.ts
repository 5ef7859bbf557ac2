/**
 * A drill that needs `redis-server`. Where it is not installed, the drill says so and does nothing;
 * with `CI` set, it fails.
 */
export function needsRedis(run: () => Promise<string>): () => Promise<string> {
  return async function needsRedis() {
    if (await isInstalled("redis-server") && await isInstalled("redis-cli")) return await run();
    if (Deno.env.get("CI")) {
      throw new Error("redis-server is not installed: apt-get install redis-server");
    }
    return "not tried: redis-server is not installed";
  };
}

async function isInstalled(program: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, { args: ["--version"] }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
