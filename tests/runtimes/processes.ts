import { TextLineStream } from "../drills/kit/lines.ts";
import type { GatewayUnderTest } from "../contract/world.ts";

/** A program that serves a gateway. */
export interface GatewayCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** All of its environment beside PATH and HOME. */
  readonly env: Record<string, string>;
  /** Finds the port in a line of standard output. */
  readonly port: RegExp;
}

/** Longest time for a program to listen on a busy machine, in ms. */
const START_TIMEOUT_MS = 30_000;

/** The line in which the gateway says where it listens. */
export const LISTENING = /"message":"listening","url":"http:\/\/[^"]*:(\d+)"/;

/** The Deno that gateways run on; not always the one that tests them. */
export const DENO = Deno.env.get("GATEWAY_DENO") || Deno.execPath();

const ROOT = new URL("../../", import.meta.url);

/** Starts it, waits until it listens, and ends it with the scope. */
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

/** What every program needs of this one's environment: no settings. */
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
    // It has ended.
  }
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await child.status;
  clearTimeout(timer);
}
