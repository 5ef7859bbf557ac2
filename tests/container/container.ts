import { delay } from "@std/async/delay";
import type { Image, Service } from "./images.ts";

/** A service that runs like in a container engine. */
export interface Container extends AsyncDisposable {
  /** The process id, outside of the container, of its process 1. */
  readonly pid: number;
  /** Standard output and standard error so far. */
  output(): string;
  /** Runs another command in the container; returns its exit status. */
  exec(command: readonly string[], env?: Record<string, string>): Promise<number>;
  kill(signal: Deno.Signal): void;
  /** Waits for the end; the exit status. */
  readonly ended: Promise<number>;
}

/** The devices of a container. */
const DEVICES = ["null", "zero", "random", "urandom"];

/**
 * Runs a service of compose.yaml with its image's command and user, only its own environment, no
 * capabilities, and a root file system that is read-only if so configured. It uses the network of
 * this process.
 */
export async function run(
  { config, root }: Image,
  service: Service,
  hosts: readonly string[],
): Promise<Container> {
  await prepare(root, { readOnly: service.read_only, hosts });
  const env = {
    ...Object.fromEntries(config.Env.map((pair) => pair.split(/=(.*)/s) as [string, string])),
    ...Object.fromEntries(
      Object.entries(service.environment).map(([name, value]) => [name, value ?? ""]),
    ),
  };
  const inside = (command: readonly string[], extra: Record<string, string> = {}) =>
    new Deno.Command("setpriv", {
      args: [
        "--no-new-privs",
        "unshare",
        ...["--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"],
        ...[`--root=${root}`, `--wd=${config.WorkingDir}`],
        ...userFlags(config.User),
        ...command,
      ],
      clearEnv: true,
      env: { ...env, ...extra },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  const child = inside([...config.Entrypoint, ...(service.command ?? config.Cmd)]).spawn();
  let text = "";
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) text += part;
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  const pid = await firstChildOf(child.pid);
  const ended = child.status.then(({ code }) => code);
  return {
    pid,
    output: () => text,
    async exec(command, extra) {
      const { code, stderr } = await inside(command, extra).output();
      text += new TextDecoder().decode(stderr);
      return code;
    },
    kill: (signal) => Deno.kill(pid, signal),
    ended,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // The process has already ended.
      }
      await Promise.all([ended, reading]);
    },
  };
}

/** Services of one image share its root file system, as none can write to it. */
const prepared = new Set<string>();

async function prepare(
  root: string,
  { readOnly, hosts }: { readOnly: boolean; hosts: readonly string[] },
): Promise<void> {
  if (prepared.has(root) && readOnly) return;
  prepared.add(root);
  await Deno.writeTextFile(`${root}/etc/hosts`, `127.0.0.1 localhost ${hosts.join(" ")}\n`);
  await mount("--bind", root, root);
  await mount("-t", "tmpfs", "tmpfs", `${root}/dev`);
  for (const device of DEVICES) {
    await Deno.writeTextFile(`${root}/dev/${device}`, "");
    await mount("--bind", `/dev/${device}`, `${root}/dev/${device}`);
  }
  if (readOnly) await mount("-o", "remount,bind,ro", root);
}

async function mount(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("mount", { args }).output();
  if (!success) {
    throw new Error(`mount ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
}

/** `65532:65532` as flags of unshare. */
function userFlags(user: string): string[] {
  const [uid, gid = uid] = user.split(":");
  if (!uid || uid === "0") throw new Error("the image runs as root");
  return [`--setuid=${uid}`, `--setgid=${gid}`];
}

async function firstChildOf(pid: number): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`).catch(() => "");
    const [child] = children.trim().split(" ");
    if (child) return Number(child);
    await delay(20);
  }
  throw new Error("the container did not start");
}
