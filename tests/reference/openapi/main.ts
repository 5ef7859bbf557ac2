/**
 * Checks the OpenAPI document from outside: the linter reports nothing, and the answers of gateway
 * and sandbox match it when schemathesis sends requests.
 *
 * Usage: `deno task test:openapi [options of schemathesis]`, such as `--seed 7`
 */
import { PLAN, stage } from "../kit.ts";
import { venv } from "../../support/venv.ts";

const REDOCLY = "@redocly/cli@2.77.0";

/** Requests per operation and phase; all of them take one or two minutes. */
const MAX_EXAMPLES = "40";

/** A fixed seed, so that every run sends the same requests. */
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

/** Reports that schemathesis is skipped; returns whether this is acceptable: in CI it is not. */
function withoutPython(): boolean {
  // deno-lint-ignore no-console -- the output of a command
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
