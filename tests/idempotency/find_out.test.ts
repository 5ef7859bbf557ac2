import { assertEquals } from "@std/assert";
import { findBatch } from "../../idempotency/find_out.ts";
import { readMessage, type SentMessage } from "../../idempotency/message.ts";
import type { UpstreamReply } from "../../upstream/transport.ts";

const SENT = {
  from: "+1 (202) 555-0199",
  to: ["+12025550123", "0012025550124", "01FC66621VHDBN119Z8PMV1QPU"],
  body: "Hi ${name}",
  client_reference: "order-1",
};

/** As the API lists the batch that it made of `SENT`. */
const LISTED = {
  id: "01ABC",
  from: "12025550199",
  to: ["12025550124", "12025550123", "01FC66621VHDBN119Z8PMV1QPU"],
  type: "mt_text",
  body: "Hi ${name}",
  client_reference: "order-1",
  created_at: "2026-05-01T12:00:00.500Z",
  flash_message: false,
};

/** The clock of the API when it answers: 9.5 seconds after the batch was created. */
const DATE = "Fri, 01 May 2026 12:00:10 GMT";

type Batch = Record<string, unknown>;

function messageOf(body: unknown): SentMessage {
  const message = readMessage(new TextEncoder().encode(JSON.stringify(body)));
  if (!message) throw new Error("not a message");
  return message;
}

function listing(batches: readonly Batch[], count = batches.length, date = DATE): UpstreamReply {
  const body = new TextEncoder().encode(JSON.stringify({ count, page: 0, page_size: 30, batches }));
  return { status: 200, headers: [["date", date]], body };
}

/** The id that is found in listings of one page; the first attempt began 10 seconds ago. */
async function find(batches: readonly Batch[], sent: unknown = SENT): Promise<string | undefined> {
  const list = () => Promise.resolve(listing(batches));
  return (await findBatch(messageOf(sent), { list, ageMs: 10_000, timeoutMs: 1_000 }))?.id;
}

const UNLIKE: Readonly<Record<string, Batch>> = {
  "another text": { body: "Hi" },
  "another recipient": { to: ["12025550123", "12025550125", "01FC66621VHDBN119Z8PMV1QPU"] },
  "a recipient less": { to: ["12025550123", "12025550124"] },
  "a recipient more": { to: [...LISTED.to, "12025550126"] },
  "another sender": { from: "12025550198" },
  "another type": { type: "mt_binary" },
  "another reference": { client_reference: "order-2" },
  "other parameters": { parameters: { name: { default: "Bob" } } },
  "an earlier time": { created_at: "2026-05-01T11:59:59.999Z" },
};

Deno.test("the batch with the same recipients, sender, type and text is found, however they are written", async () => {
  assertEquals(await find([LISTED]), "01ABC");
  assertEquals(
    await find([...Object.values(UNLIKE).map((part) => ({ ...LISTED, ...part })), LISTED]),
    "01ABC",
  );
});

for (const [name, part] of Object.entries(UNLIKE)) {
  Deno.test(`a batch with ${name} is not found`, async () => {
    assertEquals(await find([{ ...LISTED, ...part }]), undefined);
  });
}

Deno.test("a sender that the API chose is not compared", async () => {
  assertEquals(await find([LISTED], { ...SENT, from: undefined }), "01ABC");
});

Deno.test("binary and media messages are compared by their own members", async () => {
  const binary = { type: "mt_binary", body: "AAEC", udh: "050003" };
  assertEquals(await find([{ ...LISTED, ...binary }], { ...SENT, ...binary }), "01ABC");
  assertEquals(
    await find([{ ...LISTED, ...binary, udh: "050004" }], { ...SENT, ...binary }),
    undefined,
  );
  const media = { type: "mt_media", body: { url: "https://example.com/a.png", message: "Look" } };
  const listed = { ...LISTED, ...media, body: { ...media.body, subject: null } };
  assertEquals(await find([listed], { ...SENT, ...media }), "01ABC");
  const other = { ...listed, body: { ...media.body, message: "See" } };
  assertEquals(await find([other], { ...SENT, ...media }), undefined);
});

Deno.test("parameters are compared as a whole", async () => {
  const parameters = { name: { default: "Alice", "+12025550123": "Bob" } };
  const sent = { ...SENT, parameters };
  assertEquals(await find([{ ...LISTED, parameters: { ...parameters } }], sent), "01ABC");
  assertEquals(await find([LISTED], sent), undefined);
  const fewer = { name: { default: "Alice" } };
  assertEquals(await find([{ ...LISTED, parameters: fewer }], sent), undefined);
  assertEquals(await find([{ ...LISTED, parameters }], { ...SENT, parameters: fewer }), undefined);
  assertEquals(await find([{ ...LISTED, parameters: {} }]), "01ABC");
});

Deno.test("two batches that could be it are no answer", async () => {
  assertEquals(await find([LISTED, { ...LISTED, id: "01DEF" }]), undefined);
  assertEquals(await find([]), undefined);
});

Deno.test("times are compared on the API's clock, whatever ours says", async () => {
  const created_at = "2031-01-01T00:00:00.500Z";
  const list = () =>
    Promise.resolve(listing([{ ...LISTED, created_at }], 1, "Wed, 01 Jan 2031 00:00:10 GMT"));
  const options = { list, timeoutMs: 1_000 };
  assertEquals((await findBatch(messageOf(SENT), { ...options, ageMs: 10_000 }))?.id, "01ABC");
  assertEquals(await findBatch(messageOf(SENT), { ...options, ageMs: 5_000 }), undefined);
});

Deno.test("every page is read, and a batch that moved to the next page counts once", async () => {
  const other = (n: number) => ({ ...LISTED, id: `x${n}`, body: "Ho" });
  const all = [...Array.from({ length: 64 }, (_, n) => other(n)), LISTED];
  const pages: string[] = [];
  const list = (query: string) => {
    const parameters = new URLSearchParams(query);
    const page = Number(parameters.get("page"));
    pages.push(`${parameters.get("client_reference")} ${page}`);
    const moved = page === 2 ? [LISTED] : []; // again
    return Promise.resolve(
      listing([...all.slice(page * 30, page * 30 + 30), ...moved], all.length),
    );
  };
  const found = await findBatch(messageOf(SENT), { list, ageMs: 10_000, timeoutMs: 1_000 });
  assertEquals(found?.id, "01ABC");
  assertEquals(pages, ["order-1 0", "order-1 1", "order-1 2"]);
});

Deno.test("an empty page before all batches were read leaves the outcome unknown", async () => {
  const list = (query: string) =>
    Promise.resolve(listing(query.includes("page=0") ? [LISTED] : [], 2));
  const options = { list, ageMs: 10_000, timeoutMs: 1_000 };
  assertEquals(await findBatch(messageOf(SENT), options), undefined);
});

const NO_LISTING: Readonly<Record<string, UpstreamReply>> = {
  "an error": { status: 503, headers: [["date", DATE]], body: new Uint8Array() },
  "no JSON": { status: 200, headers: [["date", DATE]], body: new TextEncoder().encode("<html>") },
  "no Date": { ...listing([LISTED]), headers: [] },
  "another shape": { ...listing([]), body: new TextEncoder().encode('{"batches":[{"id":1}]}') },
  "null": { ...listing([]), body: new TextEncoder().encode("null") },
  "more than a page may have": {
    ...listing([]),
    body: new ReadableStream({
      pull: (stream) => stream.enqueue(new Uint8Array(100_000).fill(32)),
    }),
  },
};

for (const [name, reply] of Object.entries(NO_LISTING)) {
  Deno.test(`a listing with ${name} leaves the outcome unknown`, async () => {
    const list = () => Promise.resolve(reply);
    assertEquals(
      await findBatch(messageOf(SENT), { list, ageMs: 10_000, timeoutMs: 1_000 }),
      undefined,
    );
  });
}

Deno.test("a send that is not JSON, or has no client_reference or recipients, cannot be found out", () => {
  for (const body of ["", "[]", "null", '"a"', "{", '{"to":["1"]}', '{"client_reference":"a"}']) {
    assertEquals(readMessage(new TextEncoder().encode(body)), undefined, body);
  }
});
