import { assertEquals } from "@std/assert";
import { chunked, MAX_UNTRACKED_BYTES } from "../../middleware/chunks.ts";

for (const size of [0, 1, 2, 16_384, 16_385, 16_386, 100_000]) {
  Deno.test(`${size} bytes are split into views without a copy, the last byte of a long body apart`, async () => {
    const bytes = new Uint8Array(size).map((_, index) => index % 251);
    const pieces: Uint8Array[] = await Array.fromAsync(chunked(bytes));
    assertEquals(await new Response(chunked(bytes)).bytes(), bytes);
    assertEquals(pieces.every(({ buffer }) => buffer === bytes.buffer), true);
    if (size > MAX_UNTRACKED_BYTES) assertEquals(pieces.at(-1)?.byteLength, 1);
  });
}
