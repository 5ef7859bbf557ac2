/** Memory that the gateway stays under with its default settings, whatever it is sent, in MiB. */
export const MEMORY_LIMIT_MIB = 512;

/** A control group with {@linkcode MEMORY_LIMIT_MIB}, whose processes are killed beyond it. */
export interface MemoryGroup {
  /** A command that runs the one that follows it in the group. */
  readonly under: readonly string[];
  remove(): void;
}

/** Where a group is made, and the file of its limit: version 1 of control groups, and version 2. */
const HIERARCHIES = [
  { folder: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes" },
  { folder: "/sys/fs/cgroup", limit: "memory.max" },
];

let count = 0;

/** Makes a group; undefined where this process may not, for want of rights or of the controller. */
export function memoryGroup(): MemoryGroup | undefined {
  for (const { folder, limit } of HIERARCHIES) {
    const group = `${folder}/sms-gateway-drill-${Deno.pid}-${count++}`;
    try {
      Deno.mkdirSync(group);
      Deno.writeTextFileSync(`${group}/${limit}`, String(MEMORY_LIMIT_MIB * 1024 * 1024), {
        create: false,
      });
    } catch {
      remove(group);
      continue;
    }
    const script = `echo $$ > ${group}/cgroup.procs && exec "$@"`;
    return { under: ["sh", "-c", script, "sh"], remove: () => remove(group) };
  }
  return undefined;
}

function remove(group: string): void {
  try {
    Deno.removeSync(group);
  } catch {
    // it was not made, or its process has not ended yet
  }
}
