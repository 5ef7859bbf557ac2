import { assert, assertEquals } from "@std/assert";
import { GrowingBytes } from "../../middleware/growing_bytes.ts";

Deno.test("chunks of any size are joined to the whole body", () => {
  for (const pieceBytes of [1, 3, 4_096, 5_000, 100_000]) {
    const bytes = new GrowingBytes({ maxBytes: 100_000 });
    const sent = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
    for (let at = 0; at < sent.length; at += pieceBytes) {
      assert(bytes.append(sent.subarray(at, at + pieceBytes)));
      assert(bytes.capacity <= Math.max(2 * bytes.size, 4_096), `${bytes.capacity}`);
    }
    assertEquals(bytes.whole(), sent);
  }
});

Deno.test("no memory is allocated for an announced length before its bytes arrive", () => {
  const bytes = new GrowingBytes({ maxBytes: 1e9, expectedBytes: 1e9 });
  assertEquals(bytes.capacity, 0);
  bytes.append(new Uint8Array(10));
  assertEquals(bytes.capacity, 4_096);
});

Deno.test("a body of the announced length takes no more memory than its length", () => {
  const bytes = new GrowingBytes({ maxBytes: 1e6, expectedBytes: 5_000 });
  for (let at = 0; at < 5_000; at += 1_000) bytes.append(new Uint8Array(1_000));
  assertEquals([bytes.size, bytes.capacity], [5_000, 5_000]);
});

Deno.test("a chunk over the limit is refused and not copied", () => {
  const bytes = new GrowingBytes({ maxBytes: 10, expectedBytes: 3 });
  assertEquals(bytes.append(new Uint8Array(9)), true);
  assertEquals(bytes.append(new Uint8Array(2)), false);
  assertEquals([bytes.size, bytes.append(new Uint8Array(1)), bytes.size], [9, true, 10]);
});

Deno.test("a chunk is copied, so its buffer may be overwritten or released", () => {
  const bytes = new GrowingBytes({ maxBytes: 10 });
  const piece = new Uint8Array([1, 2]);
  bytes.append(piece);
  piece.fill(0);
  assertEquals(bytes.whole(), new Uint8Array([1, 2]));
});

Deno.test("a body that is read into the buffer takes its length and a byte to find the end", () => {
  const bytes = new GrowingBytes({ maxBytes: 1e6, expectedBytes: 100_000 });
  const capacities = new Set<number>();
  while (bytes.size < 100_000) {
    const { buffer, byteOffset, byteLength } = bytes.space();
    capacities.add(bytes.capacity);
    const read = new Uint8Array(buffer.transfer(), byteOffset, Math.min(30_000, byteLength)); // as a read does
    read.fill(bytes.size % 251);
    assert(bytes.filled(read.subarray(0, 100_000 - bytes.size)));
  }
  assertEquals([...capacities], [65_536, 100_001]);
  assertEquals([bytes.whole().byteLength, bytes.space().byteLength], [100_000, 1]);
  assertEquals([bytes.whole()[0], bytes.whole()[99_999]], [0, 95_536 % 251]);
});

Deno.test("what is read into the buffer beyond the limit is refused", () => {
  const bytes = new GrowingBytes({ maxBytes: 10, expectedBytes: 3 });
  assertEquals([bytes.space().byteLength, bytes.filled(bytes.space())], [4, true]);
  assertEquals([bytes.space().byteLength, bytes.filled(bytes.space())], [7, false]);
});
