import { assertEquals } from "@std/assert";
import {
  ConnectionBuffers,
  MAX_RESIDENT_BYTES,
  MAX_UNREAD_BODIES,
} from "../../limits/connection_buffers.ts";

const MIB = 1024 * 1024;

/** Buffers of a process with this memory, which a test changes. */
function buffersAt(memory: { bytes: number; reads: number }) {
  const buffers = new ConnectionBuffers(() => (memory.reads++, memory.bytes));
  let closed = 0;
  buffers.onLimit = () => void closed++;
  return { buffers, closed: () => closed };
}

Deno.test("idle connections are closed after every 128 refused bodies", () => {
  const { buffers, closed } = buffersAt({ bytes: 0, reads: 0 });
  for (let i = 1; i < MAX_UNREAD_BODIES; i++) buffers.refused();
  assertEquals(closed(), 0);
  buffers.refused();
  assertEquals(closed(), 1);
});

Deno.test("bodies close no connection while the memory is in its bound, however many they are", () => {
  const memory = { bytes: MAX_RESIDENT_BYTES, reads: 0 };
  const { buffers, closed } = buffersAt(memory);
  for (let i = 0; i < 10_000; i++) buffers.received(100_000);
  assertEquals([closed(), memory.reads], [0, 59]); // once in 16 MiB
});

Deno.test("beyond it idle connections are closed, and again only if the memory grows on", () => {
  const memory = { bytes: MAX_RESIDENT_BYTES + 1, reads: 0 };
  const { buffers, closed } = buffersAt(memory);
  const receive = () => buffers.received(16 * MIB);
  receive();
  assertEquals(closed(), 1);
  for (let i = 0; i < 10; i++) receive(); // what was freed is still resident
  assertEquals(closed(), 1);
  memory.bytes += 33 * MIB;
  receive();
  assertEquals(closed(), 2);
  memory.bytes = 500 * MIB; // near the limit of the container: closed each time
  receive();
  receive();
  assertEquals(closed(), 4);
});
