import { venv } from "../support/venv.ts";

/** The requirement of {@link pythonSdk}. */
export const NEEDS_PYTHON = "python3-venv, or a package index to install the SDK from";

let installed: Promise<string | undefined> | undefined;

/**
 * The path of a Python that has the official SDK, installed on the first call.
 *
 * @returns undefined if it cannot be installed; in CI (`CI=true`) a failed installation throws
 */
export function pythonSdk(): Promise<string | undefined> {
  return installed ??= install();
}

async function install(): Promise<string | undefined> {
  try {
    const made = await venv("python-sdk", new URL("requirements.txt", import.meta.url));
    return made?.program("python");
  } catch (error) {
    if (Deno.env.get("CI") === "true") throw error;
    return undefined;
  }
}
