/** The resident memory of a process, in MiB. */
export async function residentMebibytes(pid: number): Promise<number> {
  return valueOf("VmRSS", await Deno.readTextFile(`/proc/${pid}/status`));
}

/** The most memory that a process has had resident, in MiB; undefined once it has ended. */
export function peakMebibytes(pid: number): number | undefined {
  try {
    return Math.round(valueOf("VmHWM", Deno.readTextFileSync(`/proc/${pid}/status`)));
  } catch {
    return undefined;
  }
}

/** A value of `/proc/{pid}/status`, which has KiB, in MiB. */
function valueOf(name: string, status: string): number {
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024;
}
