/**
 * Writes all of it to Deno's standard output. Not `Deno.stdout.writable`: after the first failure
 * that is closed for good.
 *
 * @throws {Deno.errors.BrokenPipe} where nobody reads it
 */
export async function writeToStdout(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let written = 0; written < bytes.byteLength;) {
    written += await Deno.stdout.write(bytes.subarray(written));
  }
}
