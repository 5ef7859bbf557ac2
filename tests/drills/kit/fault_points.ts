import { delay } from "@std/async/delay";
import type { Answer } from "./client.ts";
import type { GatewayProcess } from "./gateway_process.ts";
import type { HeldApi } from "./held_api.ts";
import { type Ending, type KeyedMessage, postKeyed } from "./keyed_post.ts";
import type { DrillStore } from "./state_stores.ts";
import { until } from "./until.ts";

/** What the caller sends, with a key of its own each. The API does not list every batch. */
export const MESSAGES = [
  { key: "key-1", text: "listed", reference: true },
  { key: "key-2", text: "not listed", reference: true },
  { key: "key-3", text: "no reference", reference: false },
] as const satisfies KeyedMessage[];

/** What runs while a fault point is reached. */
export interface World {
  readonly store: DrillStore;
  readonly api: HeldApi;
  readonly gateway: GatewayProcess;
}

/** A moment at which the gateway is killed. */
export interface FaultPoint {
  readonly name: string;
  /** Whether the API accepts connections and never ends the TLS handshake. */
  readonly noHandshake?: true;
  /** Sends all messages and resolves when the moment has come; the answers of the first. */
  reach(world: World): Promise<Promise<Answer>[]>;
  /** The status of the first: 0 where the gateway dies before it answers. */
  readonly firstStatus: 0 | 201;
  /** How often the API has seen each message then. */
  readonly timesSent: 0 | 1;
  /** How the repeats of each message may end. */
  readonly endings: readonly (readonly Ending[])[];
}

const sendAll = (gateway: GatewayProcess) => MESSAGES.map((one) => postKeyed(gateway, one));
const all = MESSAGES.length;

const BEFORE_CLAIM: FaultPoint = {
  name: "before the claim",
  async reach({ store, gateway }) {
    store.block();
    const answers = sendAll(gateway);
    const active = () => gateway.metric("http_server_active_requests");
    await until("all are under way", async () => await active() === all);
    return answers;
  },
  firstStatus: 0,
  timesSent: 0,
  endings: [["sent"], ["sent"], ["sent"]],
};

/** The moments, for every store. */
export const POINTS: readonly FaultPoint[] = [BEFORE_CLAIM, {
  name: "between claim and sending",
  noHandshake: true,
  async reach({ store, gateway, api }) {
    const answers = sendAll(gateway);
    await until("all are claimed", async () => await store.records() === all);
    await until("all connect", () => api.connections() >= all);
    return answers;
  },
  firstStatus: 0,
  timesSent: 0,
  endings: [["unknown"], ["unknown"], ["unknown"]],
}, {
  name: "while the API works",
  async reach({ gateway, api }) {
    const answers = sendAll(gateway);
    await until("the API has all", () => api.posts() === all);
    return answers;
  },
  firstStatus: 0,
  timesSent: 1,
  endings: [["replayed"], ["unknown"], ["unknown"]],
}, {
  name: "before the answer is recorded",
  async reach({ store, gateway, api }) {
    const answers = sendAll(gateway);
    await until("the API has all", () => api.posts() === all);
    store.block();
    api.answerPosts();
    await Promise.all(answers);
    return answers;
  },
  firstStatus: 201,
  timesSent: 1,
  endings: [["replayed"], ["unknown"], ["unknown"]],
}];

/** When the server goes on, it runs the claims that the dead gateway has sent. */
export const PAUSED: FaultPoint = {
  ...BEFORE_CLAIM,
  name: "before the claim, Redis paused",
  async reach(world) {
    await postKeyed(world.gateway, WARM_UP);
    const answers = await BEFORE_CLAIM.reach(world);
    await delay(CLAIM_SENT_WITHIN_MS);
    return answers;
  },
  endings: BEFORE_CLAIM.endings.map(() => ["sent", "unknown"]),
};

/** Has Redis load the script of the claim, which then is one command. */
export const WARM_UP: KeyedMessage = { key: "key-0", text: "warm up", reference: true };

/** Most claims are sent by then; for the others the drill says `sent`. */
const CLAIM_SENT_WITHIN_MS = 200;
