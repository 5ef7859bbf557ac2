import { assert, assertEquals } from "@std/assert";
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { decodeBody } from "../../upstream/decode.ts";
import { MAX_BUFFERED_BYTES } from "../../upstream/transport.ts";

const TEXT = '{"code":"unknown_group","text":"No such group."}';

const plain = new TextEncoder().encode(TEXT);

async function decoded(body: Uint8Array, encoding?: string): Promise<string> {
  return new TextDecoder().decode(await decodeBody(new Uint8Array(body), encoding));
}

const CODINGS: readonly [encoding: string | undefined, body: Uint8Array][] = [
  [undefined, plain],
  ["", plain],
  ["identity", plain],
  ["IDENTITY", plain],
  ["gzip", gzipSync(plain)],
  ["GZip", gzipSync(plain)],
  ["x-gzip", gzipSync(plain)],
  [" gzip ", gzipSync(plain)],
  ["deflate", deflateSync(plain)],
  ["br", brotliCompressSync(plain)],
];

for (const [encoding, body] of CODINGS) {
  Deno.test(`an error body with Content-Encoding ${encoding} is decoded`, async () => {
    assertEquals(await decoded(body, encoding), TEXT);
  });
}

const UNREADABLE: readonly [name: string, encoding: string, body: Uint8Array][] = [
  ["an unknown coding", "sdch", plain],
  ["two codings", "gzip, br", brotliCompressSync(gzipSync(plain))],
  ["zstd, which not every runtime supports", "zstd", zstdCompressSync(plain)],
  ["a coding named like a member of Object", "constructor", plain],
  ["invalid gzip", "gzip", plain],
  ["deflate without its header", "deflate", deflateRawSync(plain)],
  ["invalid brotli", "br", new Uint8Array([0xff, 0xff, 0xff, 0xff])],
  ["an empty gzip", "gzip", new Uint8Array()],
];

for (const [name, encoding, body] of UNREADABLE) {
  Deno.test(`${name} is decoded as empty, not as garbage`, async () => {
    assertEquals(await decoded(body, encoding), "");
  });
}

Deno.test("a truncated compressed body is decoded up to the cut, or as empty", async () => {
  const whole = gzipSync(plain);
  for (let length = 0; length < whole.length; length++) {
    assert(TEXT.startsWith(await decoded(whole.subarray(0, length), "gzip")), `${length}`);
  }
});

const MIB = 1024 * 1024;

/** At most a few hundred KiB that decompress to 128 MiB. */
const BOMBS: Readonly<Record<string, () => Uint8Array>> = {
  gzip: () => gzipSync(new Uint8Array(128 * MIB), { level: 1 }),
  deflate: () => deflateSync(new Uint8Array(128 * MIB), { level: 1 }),
  br: () =>
    brotliCompressSync(new Uint8Array(128 * MIB), {
      params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 24 },
    }),
};

for (const [encoding, bomb] of Object.entries(BOMBS)) {
  Deno.test(`a ${encoding} bomb is decompressed only up to the limit`, async () => {
    const body = new Uint8Array(bomb());
    const before = Deno.memoryUsage().rss;
    const read = await decodeBody(body, encoding);
    const grownMiB = (Deno.memoryUsage().rss - before) / MIB;
    assert(grownMiB < 100, `${grownMiB} MiB`); // the whole body would take over 128
    assertEquals(read.byteLength, MAX_BUFFERED_BYTES);
  });
}
