/**
 * Runs suites with the gateway on the oldest Deno of Deno Deploy and on the newest release, both
 * from npm. The tests themselves run on the current Deno.
 *
 *     deno run -A tests/deploy/compat.ts tests/deploy/deploy.suite.ts …
 */

import { installed } from "../runtimes/packages.ts";

/** The version in Deno Deploy's documentation, with its latest patch. */
const OLDEST = "2.5.7";

const failed: string[] = [];
for (const version of [OLDEST, await newest()]) {
  print(`the gateway on Deno ${version}`);
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", ...Deno.args],
    env: {
      GATEWAY_DENO: `${await installed(`deno@${version}`)}/deno`,
      DENO_TLS_CA_STORE: "mozilla,system", // older releases ignore SSL_CERT_FILE
    },
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  if (!success) failed.push(version);
}
if (failed.length > 0) print(`failed on Deno ${failed.join(" and ")}`);
Deno.exit(failed.length > 0 ? 1 : 0);

async function newest(): Promise<string> {
  const { stdout } = await new Deno.Command("npm", { args: ["view", "deno", "version"] }).output();
  return new TextDecoder().decode(stdout).trim();
}

function print(text: string): void {
  // deno-lint-ignore no-console -- the output of a command
  console.log(`\n== ${text}`);
}
