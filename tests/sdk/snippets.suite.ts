/** Tests of the snippets of docs/sdk.md that need more than Deno. */

import { hasCurl } from "./curl.ts";
import { NEEDS_PYTHON, pythonSdk } from "./python_sdk.ts";
import { testSnippets } from "./snippets.ts";

testSnippets("sh", {
  command: async (file) => await hasCurl() ? ["bash", "-euo", "pipefail", file] : undefined,
  needs: "curl",
});

testSnippets("python", {
  async command(file) {
    const python = await pythonSdk();
    return python === undefined ? undefined : [python, file];
  },
  needs: NEEDS_PYTHON,
});
