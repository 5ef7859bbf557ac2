/** Tests of the samples of the reference, in every language, on every operation. */

import { hasCurl } from "./curl.ts";
import { NEEDS_PYTHON, pythonSdk } from "./python_sdk.ts";
import { testSamples } from "./samples.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Runs a file with a type check, whose configuration is that of the project. */
const deno = (file: string) =>
  Promise.resolve([
    Deno.execPath(),
    "run",
    "--quiet",
    "--check",
    "--allow-all",
    "--config",
    CONFIG,
    file,
  ]);

async function python(file: string): Promise<string[] | undefined> {
  const program = await pythonSdk();
  return program === undefined ? undefined : [program, file];
}

testSamples("curl", {
  command: async (file) => await hasCurl() ? ["bash", "-euo", "pipefail", file] : undefined,
  extension: "sh",
  needs: "curl",
  printsStatus: true,
});
testSamples("typescript", { command: deno, extension: "ts", printsStatus: true });
testSamples("node-sdk", { command: deno, extension: "ts", printsStatus: false });
testSamples("python", {
  command: python,
  extension: "py",
  needs: NEEDS_PYTHON,
  printsStatus: true,
});
testSamples("python-sdk", {
  command: python,
  extension: "py",
  needs: NEEDS_PYTHON,
  printsStatus: false,
});
