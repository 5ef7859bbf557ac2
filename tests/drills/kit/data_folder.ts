/** A working folder for gateways of one drill, with a `data` below it. */
export interface DataFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes a folder of its own for each run, so that runs at the same time do not share a file. */
export async function dataFolder(): Promise<DataFolder> {
  const path = await Deno.makeTempDir({ prefix: "sms-gateway-drill-" });
  await Deno.mkdir(`${path}/data`);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
