import { assert } from "@std/assert";
import { type Program, startProgram } from "../support/process.ts";

/** A running demo; killed at the end of the scope. */
export interface Demo extends AsyncDisposable {
  readonly program: Program;
  /** Base URL of its gateway. */
  readonly url: string;
  /** The variables that its first command sets. */
  readonly variables: { readonly SMS: string; readonly TOKEN: string };
  /** Sends a request for its service plan, with its token; resolves with the status. */
  send(path: string, init?: RequestInit): Promise<number>;
}

/** Starts the demo on a free port, with the permissions of `deno task demo`. */
export async function startDemo(env: Record<string, string> = {}): Promise<Demo> {
  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  const permissions = tasks.demo.command.match(/--allow-\S+/g);
  const settings = { PORT: "0", HOST: "127.0.0.1", ...env };
  const program = startProgram("scripts/demo.ts", settings, permissions);
  const [, port, sms, token] = await program.waitFor(
    /^SMS gateway +http:\/\/localhost:(\d+) [^]*SMS=(\S+) TOKEN=(\S+)[^]*Ctrl-C/m,
  );
  assert(port && sms && token);
  const url = `http://127.0.0.1:${port}`;
  const plan = new URL(sms).pathname;
  return {
    program,
    url,
    variables: { SMS: url + plan, TOKEN: token },
    async send(path, init) {
      const headers = new Headers(init?.headers);
      headers.set("authorization", `Bearer ${token}`);
      const response = await fetch(url + plan + path, { ...init, headers });
      await response.body?.cancel();
      return response.status;
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

/** A message, to be sent once. */
export const MESSAGE: RequestInit = {
  method: "POST",
  headers: { "content-type": "application/json", "idempotency-key": "a-key" },
  body: JSON.stringify({ from: "12345", to: ["+46701234567"], body: "PRIVATE" }),
};
