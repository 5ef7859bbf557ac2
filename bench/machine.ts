import { isInstalled } from "./process.ts";

/** Which core does what; undefined: not pinned. */
export interface Cores {
  readonly contestant: number | undefined;
  readonly load: number | undefined;
}

/** One core for the contestant, another for all else, where there are two and `taskset`. */
export async function assignCores(): Promise<Cores> {
  const canPin = navigator.hardwareConcurrency >= 2 && await isInstalled("taskset");
  return canPin ? { contestant: 0, load: 1 } : { contestant: undefined, load: undefined };
}

/** Time that a core has spent since the machine started, in hundredths of a second. */
export interface CoreTime {
  readonly total: number;
  /** Not idle. */
  readonly busy: number;
  /** In programs and in the kernel on their behalf, interrupts left out. */
  readonly programs: number;
}

const NO_TIME: CoreTime = { total: 0, busy: 0, programs: 0 };

/** What a core has done so far (proc(5), /proc/stat); nothing where nothing is pinned. */
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

/** Programs that matter to the numbers, and how each tells its version. */
const VERSIONS = {
  node: "--version",
  wrk: "-v",
  haproxy: "-v",
  nginx: "-v",
  caddy: "version",
  go: "version",
} as const;

/** The machine and its programs, a line each, for the head of a report. */
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

/** The first line of what a program says, on whichever output; empty if it is not there. */
async function firstLine(program: string, args: string[]): Promise<string> {
  if (!await isInstalled(program)) return "";
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const [said, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return (said || (success ? complained : ""))?.split("\n")[0] ?? "";
}

function version(line: string): string {
  return /\d+\.\d+(\.\d+)?/.exec(line)?.[0] ?? "absent";
}
