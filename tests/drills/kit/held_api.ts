import { dateHeader, HeldBatches } from "./held_batches.ts";
import { rawUpstream, type SeenRequest, type Wire } from "./raw_upstream.ts";

/** Options of {@linkcode heldApi}. */
export interface HeldApiOptions {
  /** Whether the batch of this text can be found out; default: every one. */
  isListed?: (text: string) => boolean;
  /** Whether a POST of this text is answered at once; default: none. */
  isAnswered?: (text: string) => boolean;
}

/** An SMS API that processes each POST at once, and answers it when it is told to. */
export interface HeldApi extends AsyncDisposable {
  readonly url: string;
  /** How many POSTs it has processed; how many with this text. */
  posts(): number;
  times(text: string): number;
  /** Connections so far. */
  connections(): number;
  /** Answers every POST, of now and of later. */
  answerPosts(): void;
}

/** Starts it. Until {@linkcode HeldApi.answerPosts} is called, no POST is answered. */
export async function heldApi(options: HeldApiOptions = {}): Promise<HeldApi> {
  const { isListed = () => true, isAnswered = () => false } = options;
  const held = new HeldBatches();
  const { promise: mayAnswer, resolve: answerPosts } = Promise.withResolvers<void>();
  let posts = 0;
  async function onRequest({ method, target, body }: SeenRequest, wire: Wire): Promise<void> {
    if (method === "GET") return wire.reply(200, held.list(target), dateHeader());
    posts++;
    const text = JSON.parse(body).body;
    const batch = held.create(body, { listed: isListed(text) });
    if (!isAnswered(text)) await mayAnswer;
    wire.reply(201, batch);
  }
  const upstream = await rawUpstream({ onRequest });
  return {
    url: upstream.url,
    posts: () => posts,
    times: (text) => held.of(text).length,
    connections: () => upstream.connections().ever,
    answerPosts,
    [Symbol.asyncDispose]: upstream.close,
  };
}
