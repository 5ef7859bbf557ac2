/**
 * Checks the OpenAPI document from outside: the linter finds nothing to say against it, and
 * gateway and sandbox do what it says when schemathesis makes requests of it.
 *
 * Usage: `deno task test:openapi [options of schemathesis]`, such as `--seed 7`
 */
import { PLAN, stage } from "../kit.ts";
import { venv } from "../../support/venv.ts";

const REDOCLY = "@redocly/cli@2.77.0";

/** Requests made up per operation and phase: as many as take one minute or two in all. */
const MAX_EXAMPLES = "40";

/** The same requests every time, so that a change is judged and not luck. */
const SEED = "20260301";

const here = new URL("./", import.meta.url).pathname;

async function main(): Promise<boolean> {
  await using served = await stage();
  const { gateway } = served;
  const folder = await Deno.makeTempDir();
  try {
    const document = `${folder}/openapi.json`;
    const response = await fetch(`${gateway.url}/openapi.json`);
    await Deno.writeTextFile(document, await response.text());
    const clean = await run("npx", [
      "-y",
      REDOCLY,
      "lint",
      "--config",
      `${here}redocly.yaml`,
      document,
    ], { env: { REDOCLY_TELEMETRY: "off" } });
    const python = await venv("schemathesis", new URL("requirements.txt", import.meta.url));
    if (!python) return clean && withoutPython();
    const conforms = await run(python.program("schemathesis"), [
      "--config-file",
      `${here}schemathesis.toml`,
      "run",
      document,
      "--url",
      gateway.url,
      "--checks",
      "all",
      "--max-examples",
      MAX_EXAMPLES,
      "--seed",
      SEED,
      ...Deno.args,
    ], {
      env: {
        GATEWAY_PLAN: PLAN,
        GATEWAY_TOKEN: await gateway.token({ servicePlans: [PLAN], expiresInS: 3_600 }),
        PYTHONPATH: here,
        PYTHONDONTWRITEBYTECODE: "1",
      },
      cwd: folder,
    });
    return clean && conforms;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Whether that is no failure: a developer may lack Python, the gate may not. */
function withoutPython(): boolean {
  // deno-lint-ignore no-console -- a program for a person at a terminal
  console.log(
    "schemathesis: skipped, since there is no Python with venv (apt-get install python3-venv)",
  );
  return Deno.env.get("CI") !== "true";
}

async function run(
  command: string,
  args: string[],
  options: Deno.CommandOptions,
): Promise<boolean> {
  const { success } = await new Deno.Command(command, { args, stdin: "null", ...options }).spawn()
    .status;
  return success;
}

Deno.exit(await main() ? 0 : 1);
