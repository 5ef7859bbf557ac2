import { sum } from "./statistics.ts";

/** A program to run. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** CPU time and memory of a process and its descendants. */
export interface Usage {
  readonly cpuS: number;
  readonly rssMiB: number;
}

export interface StartOptions {
  /** File for the program's output; default: discarded. */
  readonly logFile?: string;
  /** The core to pin it to; default: none. */
  readonly core?: number | undefined;
}

/** Linux reports CPU time in hundredths of a second on every architecture that Deno runs on. */
const TICKS_PER_S = 100;

/** Time from SIGTERM to SIGKILL, in ms. */
const STOP_GRACE_MS = 6_000;

/** Ids of running child processes, which an interrupt has to stop. */
const running = new Set<number>();

/** A running program; it is stopped with its descendants when its scope is left. */
export class Server implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  #ended = false;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    track(child);
    child.status.then(() => this.#ended = true);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The usage of the program and its descendants so far. */
  async usage(): Promise<Usage> {
    const tree = await processTree(this.#child.pid);
    return {
      cpuS: sum(tree.map(({ ticks }) => ticks)) / TICKS_PER_S,
      rssMiB: sum(await Promise.all(tree.map(({ pid }) => residentMiB(pid)))),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    const tree = await processTree(this.#child.pid);
    signal(this.#child.pid, "SIGTERM");
    const killer = setTimeout(
      () => tree.forEach(({ pid }) => signal(pid, "SIGKILL")),
      STOP_GRACE_MS,
    );
    await this.#child.status;
    clearTimeout(killer);
  }
}

/** Starts a program that runs until its scope is left. */
export function start(command: Command, options: StartOptions = {}): Server {
  const { logFile = "/dev/null", core } = options;
  const [program = "", ...args] = [...pinning(core), ...toFile(logFile), ...words(command)];
  return new Server(
    new Deno.Command(program, { args, env: { ...command.env }, stdin: "null" }).spawn(),
  );
}

/**
 * Runs a program to completion and returns its stdout.
 *
 * @throws {Error} when it fails or takes longer than `timeoutMs`
 */
export async function run(
  command: Command,
  options: { timeoutMs: number; core?: number | undefined; cwd?: string; stdin?: string },
): Promise<string> {
  const [program = "", ...args] = [...pinning(options.core), ...words(command)];
  const child = new Deno.Command(program, {
    args,
    env: { ...command.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  track(child);
  const killer = setTimeout(() => signal(child.pid, "SIGKILL"), options.timeoutMs);
  const input = new Response(options.stdin ?? "").body?.pipeTo(child.stdin).catch(() => {});
  const [{ success, stdout, stderr }] = await Promise.all([child.output(), input]);
  clearTimeout(killer);
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`${command.program} failed: ${new TextDecoder().decode(stderr).slice(-2_000)}`);
}

/** On SIGINT and SIGTERM, which run no disposers, stops all children and removes `folder`. */
export function endOnInterrupt(folder: string): void {
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      for (const pid of running) signal(pid, "SIGTERM");
      Deno.removeSync(folder, { recursive: true });
      Deno.exit(130);
    });
  }
}

/** Whether a program is on `PATH`. */
export async function isInstalled(program: string): Promise<boolean> {
  const path = (Deno.env.get("PATH") ?? "").split(":");
  const found = await Promise.all(path.map((folder) => exists(`${folder}/${program}`)));
  return found.includes(true);
}

export async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Pins this process to a core, so that it does not use the core of the candidate. */
export async function pinSelf(core: number | undefined): Promise<void> {
  if (core === undefined) return;
  await run({ program: "taskset", args: ["-acp", String(core), String(Deno.pid)] }, {
    timeoutMs: 5_000,
  });
}

/** An unused TCP port of the loopback interface. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function track(child: Deno.ChildProcess): void {
  running.add(child.pid);
  child.status.then(() => running.delete(child.pid));
}

function words(command: Command): string[] {
  return [command.program, ...command.args];
}

function pinning(core: number | undefined): string[] {
  return core === undefined ? [] : ["taskset", "-c", String(core)];
}

/** Redirects output with a shell that replaces itself (exec), so that the process id is kept. */
function toFile(path: string): string[] {
  return ["sh", "-c", 'exec "$@" >"$0" 2>&1', path];
}

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

async function processTree(pid: number): Promise<ProcessRow[]> {
  const rows = await processTable();
  const tree = new Set([pid]);
  // Children almost always have a higher pid than their parents; the second pass finds the others.
  for (const { pid, parent } of [...rows, ...rows]) if (tree.has(parent)) tree.add(pid);
  return rows.filter((row) => tree.has(row.pid));
}

async function processTable(): Promise<ProcessRow[]> {
  const rows: ProcessRow[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    // The fields after the name, which may contain any character (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
    const [, parent = 0] = fields;
    rows.push({ pid: Number(name), parent, ticks: (fields[11] ?? 0) + (fields[12] ?? 0) });
  }
  return rows.sort((a, b) => a.pid - b.pid);
}

async function residentMiB(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024;
}

function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch {
    // The process has already ended.
  }
}
