/** The path of Debian's libfaketime; undefined if it is not installed. */
export async function libfaketime(): Promise<string | undefined> {
  for (const folder of ["x86_64-linux-gnu", "aarch64-linux-gnu"]) {
    const path = `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`;
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  if (Deno.env.get("CI")) throw new Error("libfaketime is not installed: apt-get install faketime");
  return undefined;
}

export const NO_FAKETIME = "not tried: libfaketime is not installed";

/** The wall clock of other processes. */
export interface FakeClock extends AsyncDisposable {
  /** The environment of a process that has this clock. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets it so many seconds after the real time. */
  set(offsetS: number): Promise<void>;
}

/** Controls the wall clock of other processes; their monotonic clock is not affected. */
export async function fakeClock(library: string): Promise<FakeClock> {
  const folder = await Deno.makeTempDir({ prefix: "sms-gateway-clock-" });
  const file = `${folder}/offset`;
  // Renamed, since the processes read it all the time and must not find it empty.
  const set = async (offsetS: number) => {
    await Deno.writeTextFile(`${folder}/next`, `${offsetS < 0 ? "" : "+"}${offsetS}`);
    await Deno.rename(`${folder}/next`, file);
  };
  await set(0);
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    set,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
