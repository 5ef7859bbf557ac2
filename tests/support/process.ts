const ROOT = new URL("../../", import.meta.url);

/** A running program of this repository; killed at the end of the scope. */
export interface Program extends AsyncDisposable {
  /** Reads standard output until it matches; throws with the output if the program ends before. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: Deno.Signal): void;
  /** Waits for the end; the exit code and all output. */
  ended(): Promise<{ code: number; stdout: string; stderr: string }>;
}

/** Starts a module of this repository with this environment only, by default with all permissions. */
export function startProgram(
  module: string,
  env: Record<string, string>,
  permissions: readonly string[] = ["--allow-all"],
): Program {
  const { PATH = "", HOME = "", DENO_DIR, npm_config_registry } = Deno.env.toObject();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, module],
    cwd: ROOT,
    clearEnv: true,
    env: {
      PATH,
      HOME,
      ...(DENO_DIR && { DENO_DIR }),
      ...(npm_config_registry && { npm_config_registry }),
      NO_COLOR: "1",
      ...env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  const stdout = new Output(child.stdout);
  return {
    waitFor: (pattern) => stdout.find(pattern),
    kill: (signal) => child.kill(signal),
    async ended() {
      const { code } = await child.status;
      return { code, stdout: await stdout.rest(), stderr: await stderr };
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // The process has already ended.
      }
      await Promise.all([child.status, stdout.rest(), stderr]);
    },
  };
}

/** A stream of text that can be searched while it is read. */
class Output {
  #text = "";
  readonly #reader: ReadableStreamDefaultReader<string>;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  }

  async find(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#text);
      if (found) return found;
      if (!await this.#more()) throw new Error(`no output matched ${pattern}: ${this.#text}`);
    }
  }

  async rest(): Promise<string> {
    while (await this.#more());
    return this.#text;
  }

  async #more(): Promise<boolean> {
    const { done, value = "" } = await this.#reader.read();
    this.#text += value;
    return !done;
  }
}
