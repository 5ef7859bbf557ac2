/**
 * Writes all bytes to Deno's standard output. Does not use `Deno.stdout.writable`, which stays
 * closed after the first failure.
 *
 * @throws {Deno.errors.BrokenPipe} when the reader has closed the pipe
 */
export async function writeToStdout(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let written = 0; written < bytes.byteLength;) {
    written += await Deno.stdout.write(bytes.subarray(written));
  }
}
