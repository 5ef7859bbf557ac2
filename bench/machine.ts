import { isInstalled } from "./process.ts";

/** The core that each group of processes is pinned to; undefined: not pinned. */
export interface Cores {
  readonly candidate: number | undefined;
  readonly load: number | undefined;
}

/** One core for the candidate and one for all other processes, if two cores and `taskset` exist. */
export async function assignCores(): Promise<Cores> {
  const canPin = navigator.hardwareConcurrency >= 2 && await isInstalled("taskset");
  return canPin ? { candidate: 0, load: 1 } : { candidate: undefined, load: undefined };
}

/** Times of a core since boot, in hundredths of a second. */
export interface CoreTime {
  readonly total: number;
  /** Not idle. */
  readonly busy: number;
  /** In user and kernel mode, without interrupts. */
  readonly programs: number;
}

const NO_TIME: CoreTime = { total: 0, busy: 0, programs: 0 };

/** Reads the times of a core from /proc/stat (proc(5)); zeros if no core is pinned. */
export async function coreTime(core: number | undefined): Promise<CoreTime> {
  if (core === undefined) return NO_TIME;
  const stat = await Deno.readTextFile("/proc/stat");
  const line = stat.split("\n").find((line) => line.startsWith(`cpu${core} `)) ?? "";
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/).slice(1).map(Number);
  const programs = user + nice + system;
  const busy = programs + irq + softirq + steal;
  return { programs, busy, total: busy + idle + wait };
}

/** The programs in use → the argument that prints their version. */
const VERSIONS = {
  node: "--version",
  wrk: "-v",
  haproxy: "-v",
  nginx: "-v",
  caddy: "version",
  go: "version",
} as const;

/** Describes the machine and program versions, one line each, for a report. */
export async function describeMachine(): Promise<string[]> {
  const [cpu, memory, system, commit, ...versions] = await Promise.all([
    field("/proc/cpuinfo", /^model name\s*:\s*(.*)$/m),
    field("/proc/meminfo", /^MemTotal:\s*(\d+) kB$/m),
    field("/etc/os-release", /^PRETTY_NAME="(.*)"$/m),
    firstLine("git", ["describe", "--always", "--dirty"]),
    ...Object.entries(VERSIONS).map(async ([program, flag]) => {
      return `${program} ${version(await firstLine(program, [flag]))}`;
    }),
  ]);
  const gib = (Number(memory) / 1_048_576).toFixed(0);
  return [
    `- Machine: ${cpu}, ${navigator.hardwareConcurrency} cores, ${gib} GiB`,
    `- System: ${system}, Linux ${Deno.osRelease()}`,
    `- Programs: deno ${Deno.version.deno}, ${versions.join(", ")}`,
    `- Gateway: commit ${commit || "unknown"}`,
    `- Date: ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`,
  ];
}

async function field(path: string, pattern: RegExp): Promise<string> {
  const text = await Deno.readTextFile(path).catch(() => "");
  return pattern.exec(text)?.[1] ?? "unknown";
}

/** The first line of a program's output on stdout or stderr; empty if it is not installed. */
async function firstLine(program: string, args: string[]): Promise<string> {
  if (!await isInstalled(program)) return "";
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return (out || (success ? err : ""))?.split("\n")[0] ?? "";
}

function version(line: string): string {
  return /\d+\.\d+(\.\d+)?/.exec(line)?.[0] ?? "absent";
}
