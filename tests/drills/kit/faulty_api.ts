import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { delay } from "@std/async/delay";
import { dateHeader, HeldBatches } from "./held_batches.ts";
import { chance, pick } from "./random.ts";

/** What the API does with a POST. */
interface Fault {
  /** Share of the POSTs, in per mille. */
  readonly weight: number;
  /** Whether, and when, it creates the batch: before its answer, or so many ms after the request. */
  readonly processes: "before" | "no" | { readonly afterMs: number };
  /** A status, after some ms; or the connection is reset. */
  readonly answers: { readonly status: number; readonly afterMs?: number } | "reset";
}

/** The deadline of the gateways of the drill, in ms. */
export const UPSTREAM_TIMEOUT_MS = 800;

const LATE_MS = UPSTREAM_TIMEOUT_MS + 300;

/** A gateway has few requests of a plan under way after 429, so that there are few. */
export const FAULTS = {
  "none": { weight: 850, processes: "before", answers: { status: 201 } },
  "slow": { weight: 30, processes: "before", answers: { status: 201, afterMs: 100 } },
  "reset, not processed": { weight: 20, processes: "no", answers: "reset" },
  "reset, processed": { weight: 20, processes: "before", answers: "reset" },
  "late": { weight: 8, processes: "before", answers: { status: 201, afterMs: LATE_MS } },
  "late, not processed": { weight: 8, processes: "no", answers: { status: 201, afterMs: LATE_MS } },
  "late, processed later": {
    weight: 8,
    processes: { afterMs: LATE_MS },
    answers: { status: 201, afterMs: LATE_MS },
  },
  "500": { weight: 14, processes: "no", answers: { status: 500 } },
  "503": { weight: 14, processes: "no", answers: { status: 503 } },
  "429": { weight: 2, processes: "no", answers: { status: 429 } },
  "400": { weight: 10, processes: "no", answers: { status: 400 } },
  "502, not processed": { weight: 8, processes: "no", answers: { status: 502 } },
  "504, processed": { weight: 8, processes: "before", answers: { status: 504 } },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

/** Those that the gateway has no answer to, or one that says nothing, though there is a batch. */
export const PROCESSED_UNANSWERED: ReadonlySet<string> = new Set<FaultName>([
  "reset, processed",
  "late",
  "late, processed later",
  "504, processed",
]);

/** Share of the lookups that are reset or late, and of those that are answered 500. */
const LOOKUP_RESET = 0.05;
const LOOKUP_500 = 0.05;

/** An SMS API that fails in every way, and knows what it has processed. */
export interface FaultyApi extends AsyncDisposable {
  readonly url: string;
  readonly held: HeldBatches;
  /** What it did with the POSTs of a text, in order. */
  posts(text: string): readonly FaultName[];
}

/** Starts it. What it does with a message follows from the seed, the text and the attempt. */
export async function faultyApi(seed: number): Promise<FaultyApi> {
  const held = new HeldBatches();
  const posts = new Map<string, FaultName[]>();
  let lookups = 0;

  async function onPost(body: string, response: ServerResponse): Promise<void> {
    const { body: text } = JSON.parse(body);
    const earlier = posts.get(text) ?? [];
    const name = pick(FAULTS, [seed, "fault", text, earlier.length]);
    posts.set(text, [...earlier, name]);
    const { processes, answers }: Fault = FAULTS[name];
    let batch = processes === "before" ? held.create(body) : undefined;
    if (answers === "reset") return reset(response);
    if (answers.afterMs) await delay(answers.afterMs);
    if (typeof processes === "object") batch = held.create(body);
    reply(response, answers.status, batch ?? { code: "code", text: "the text" });
  }

  function onLookup(target: string, response: ServerResponse): void {
    const draw = chance([seed, "lookup", lookups++]);
    if (draw < LOOKUP_RESET) reset(response);
    else if (draw < LOOKUP_RESET + LOOKUP_500) reply(response, 500, {});
    else reply(response, 200, held.list(target));
  }

  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    if (request.method === "GET") return onLookup(request.url ?? "", response);
    const body = await text(request).catch(() => undefined);
    if (body !== undefined) await onPost(body, response); // else its gateway was killed meanwhile
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    held,
    posts: (text) => posts.get(text) ?? [],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json", ...dateHeader() });
  response.end(JSON.stringify(body));
}
