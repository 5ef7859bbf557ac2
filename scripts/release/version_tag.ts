import { run } from "./run.ts";

/**
 * Tags the commit as a version; one that has the tag already is left alone.
 *
 * @throws if files have changed since the commit, or another commit has the tag
 */
export async function tagVersion(version: string, revision: string): Promise<void> {
  const changed = await run("git", ["status", "--porcelain"]);
  if (changed) throw new Error(`commit these changes first:\n${changed}`);
  const tag = `v${version}`;
  if (await run("git", ["tag", "--list", tag]) === "") {
    await run("git", ["tag", "--annotate", tag, "--message", `Version ${version}`]);
    return;
  }
  const tagged = await run("git", ["rev-parse", `${tag}^{commit}`]);
  if (tagged !== revision) {
    throw new Error(`${tag} is the tag of another commit, ${tagged}: raise version in deno.json`);
  }
}
