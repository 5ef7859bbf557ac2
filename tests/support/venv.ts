/** A Python environment with pinned packages, installed once in the user's cache. */
export interface Venv {
  /** Path of one of its programs, such as `python`. */
  program(name: string): string;
}

/**
 * Installs the environment of a requirements file, or returns the existing one. Its folder depends
 * on name and content, so that a changed pin makes a new one.
 *
 * @returns undefined if there is no Python with `venv`
 * @throws if the installation fails
 */
export async function venv(name: string, requirements: URL): Promise<Venv | undefined> {
  const content = await Deno.readFile(requirements);
  const folder = `${cacheFolder()}/sms-gateway/${name}-${await shortHash(content)}`;
  const program = (program: string) => `${folder}/bin/${program}`;
  if (await exists(`${folder}/complete`)) return { program };
  if (!await succeeds("python3", ["-c", "import ensurepip, venv"])) return undefined;
  await run("python3", ["-m", "venv", "--clear", folder]);
  await run(program("pip"), [
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--requirement",
    requirements.pathname,
  ]);
  await Deno.writeTextFile(`${folder}/complete`, "");
  return { program };
}

async function shortHash(content: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content), 0, 6);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function cacheFolder(): string {
  return Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function succeeds(command: string, args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, { args, stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}

async function run(command: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, stdout: "null" }).output();
  if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
}
