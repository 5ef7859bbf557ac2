import { TextLineStream } from "../drills/kit/lines.ts";
import type { GatewayUnderTest } from "../contract/world.ts";

/** A program that serves a gateway. */
export interface GatewayCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Its environment, apart from PATH and HOME. */
  readonly env: Record<string, string>;
  /** Matches the port in a line of standard output. */
  readonly port: Pick<RegExp, "exec">;
}

/** Longest time until a program listens on a busy machine, in ms. */
const START_TIMEOUT_MS = 30_000;

/** The log line with the URL on which the gateway listens. */
export const LISTENING = /"message":"listening","url":"http:\/\/[^"]*:(\d+)"/;

/** The Deno that runs the gateways; it may differ from the one that runs the tests. */
export const DENO = Deno.env.get("GATEWAY_DENO") || Deno.execPath();

const ROOT = new URL("../../", import.meta.url);

/** Starts a command and waits until it listens; killed at the end of the scope. */
export async function startCommand(
  { command, args, env, port: pattern }: GatewayCommand,
): Promise<GatewayUnderTest & { readonly child: Deno.ChildProcess }> {
  const child = new Deno.Command(command, {
    args: [...args],
    cwd: ROOT,
    clearEnv: true,
    env: { ...inherited(), ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  const { promise: port, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error("it did not start")), START_TIMEOUT_MS);
  const read = (async () => {
    for await (const line of child.stdout.pipeThrough(new TextLineStream())) {
      const found = pattern.exec(line)?.[1];
      if (found) resolve(found);
    }
    reject(new Error(`${command} ended: ${await stderr}`));
  })();
  const end = async () => {
    clearTimeout(timer);
    await kill(child);
    await Promise.all([read, stderr]);
  };
  try {
    const url = `http://127.0.0.1:${await port}`;
    clearTimeout(timer);
    return { url, child, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** The variables of this environment that every program needs, without any settings. */
export function inherited(): Record<string, string> {
  const names = [
    "PATH",
    "HOME",
    "DENO_DIR",
    "DENO_TLS_CA_STORE",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
  ];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

async function kill(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGTERM");
  } catch {
    // The process has already ended.
  }
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await child.status;
  clearTimeout(timer);
}
