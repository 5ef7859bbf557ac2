import { assertEquals } from "@std/assert";
import { readIdOf } from "../../idempotency/resource_id.ts";

const encoder = new TextEncoder();

/** Reads a whole stream of a text in chunks; the ids told, and the text that came through. */
async function read(text: string, chunkBytes: number, breaks = false) {
  const bytes = encoder.encode(text);
  let at = 0;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(stream) {
      if (at < bytes.length) return stream.enqueue(bytes.slice(at, at += chunkBytes));
      if (breaks) stream.error(new Error("reset"));
      else stream.close();
    },
  });
  const ids: (string | undefined)[] = [];
  const through = await new Response(readIdOf(source, (id) => ids.push(id))).text()
    .catch(() => "broken");
  return { ids, through };
}

const JSONS: readonly [text: string, id: string | undefined][] = [
  ['{"id":"01ABC","to":["1"]}', "01ABC"],
  ['{"to":["id","1"],"x":{"id":"no"},"body":"\\"id\\":\\"no\\"","id" : "01ABC"}', "01ABC"],
  ['{"to":[{"id":"no"}]}', undefined],
  ['{"id":{"id":"no"}}', undefined],
  ['{"id":7}', undefined],
  ['{"id":"../admin"}', undefined],
  ['[{"id":"no"}]', undefined],
  ['{"body":"id","from":":","x":"no"}', undefined],
  ["<html>", undefined],
  ["", undefined],
];

Deno.test("readIdOf tells the id of the outermost object once, and changes nothing", async () => {
  for (const [text, id] of JSONS) {
    for (const chunkBytes of [1, 3, 1_000]) {
      assertEquals(await read(text, chunkBytes), { ids: [id], through: text }, text);
    }
  }
});

Deno.test("readIdOf tells of a stream that breaks or is given up", async () => {
  assertEquals(await read('{"to":["1"', 4, true), { ids: [undefined], through: "broken" });
  assertEquals(await read('{"id":"01ABC","to":["1"', 4, true), {
    ids: ["01ABC"],
    through: "broken",
  });
  const ids: unknown[] = [];
  await readIdOf(new ReadableStream({}), (id) => ids.push(id)).cancel();
  assertEquals(ids, [undefined]);
});
