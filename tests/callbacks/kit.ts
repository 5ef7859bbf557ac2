import { assert } from "@std/assert";
import { ulid } from "@std/ulid";
import type { SignedParts } from "../../callbacks/signature.ts";
import type { Dependencies } from "../../routes/app.ts";
import { MemoryStore } from "../../state/memory.ts";
import type { Transport, UpstreamRequest } from "../../upstream/transport.ts";
import { signatureHeaders } from "../support/callback_signing.ts";
import {
  jsonReply,
  type TestGateway,
  testGateway,
  type TestGatewayOptions,
} from "../support/gateway.ts";

/** The secret of the vectors that the official SDKs share. */
export const SECRET = "KayakingTheSwell";

/** Secrets of two services. */
export const WEBHOOK_SECRET = `whsec_${btoa("a".repeat(32))}`;
export const OTHER_WEBHOOK_SECRET = `whsec_${btoa("b".repeat(32))}`;

/** The numbers of all callbacks of the tests; they may be seen nowhere but in what is relayed. */
export const RECIPIENT = "46701234567";

/** The usual settings: signed callbacks for `plan-1`, and two services. */
export const SETTINGS = {
  plans: { "plan-1": { hmac: SECRET } },
  relays: [
    {
      name: "billing",
      url: "https://billing.test/sms?key=in-the-url",
      secret: WEBHOOK_SECRET,
      callers: ["billing"],
    },
    { name: "others", url: "https://others.test/", secret: OTHER_WEBHOOK_SECRET },
  ],
  default: "others",
};

/** An id of a batch that is a day old. */
export function oldBatchId(): string {
  return ulid(Date.now() - 86_400_000);
}

/** A report on one recipient. */
export function recipientReport(batchId: string, changes: Record<string, unknown> = {}) {
  return {
    type: "recipient_delivery_report_sms",
    batch_id: batchId,
    recipient: RECIPIENT,
    code: 0,
    status: "Delivered",
    at: new Date().toISOString(),
    ...changes,
  };
}

/** How a callback is signed; default: now, with {@linkcode SECRET} and a new nonce. */
export interface Signing extends Partial<SignedParts> {
  secret?: string;
  /** Seconds since it was signed. */
  ageS?: number;
}

/** Body and headers of a signed callback. */
export function signed(callback: unknown, { secret = SECRET, ageS = 0, ...given }: Signing = {}) {
  const body = typeof callback === "string" ? callback : JSON.stringify(callback);
  const parts = {
    nonce: ulid(),
    timestamp: String(Math.floor(Date.now() / 1_000) - ageS),
    ...given,
  };
  const signature = signatureHeaders(secret, new TextEncoder().encode(body), parts);
  return { body, headers: { "content-type": "application/json", ...signature } };
}

/** Options of {@linkcode callbackGateway}. */
export interface CallbackGatewayOptions {
  settings?: unknown;
  /** The answer of a service; default: 204. */
  service?: (request: UpstreamRequest, origin: string) => number | Promise<number>;
  /** The SMS API; default: creates a batch. */
  upstream?: TestGatewayOptions["upstream"];
  deps?: Partial<Dependencies>;
  env?: Record<string, string>;
}

/** A request that a service has received. */
export interface Relayed {
  readonly origin: string;
  readonly request: UpstreamRequest;
}

/** A gateway in memory with services. */
export interface CallbackGateway {
  readonly gateway: TestGateway;
  readonly relayed: Relayed[];
  /** Posts a callback for `plan-1`. */
  post(
    callback: { body: string; headers: Record<string, string> },
    path?: string,
  ): Promise<Response>;
  /** Sends a batch as this caller; returns its id once it is remembered. */
  send(subject: string): Promise<string>;
}

const createBatch = () => jsonReply(201, { id: oldBatchId(), to: [RECIPIENT] });

/** Starts a gateway whose SMS API creates a batch for each send. */
export async function callbackGateway(
  { settings = SETTINGS, service = () => 204, upstream = createBatch, deps, env }:
    CallbackGatewayOptions = {},
): Promise<CallbackGateway> {
  const relayed: Relayed[] = [];
  const transport: Transport = {
    async send(request) {
      const { origin } = request.target;
      relayed.push({ origin, request });
      return jsonReply(await service(request, origin), {});
    },
    close: () => Promise.resolve(),
  };
  const gateway = await testGateway({
    env: { CALLBACKS: JSON.stringify(settings), ...env },
    upstream,
    deps: { relayTransport: transport, store: new MemoryStore(), ...deps },
  });
  return {
    gateway,
    relayed,
    post: ({ body, headers }, path = "/callbacks/plan-1") =>
      gateway.request(path, { method: "POST", body, headers, token: null }),
    async send(subject) {
      const response = await gateway.request("/xms/v1/plan-1/batches", {
        method: "POST",
        body: JSON.stringify({ to: [RECIPIENT], body: "Hi" }),
        headers: { "content-type": "application/json" },
        token: { subject },
      });
      assert(response.status === 201, `${response.status}`);
      return (await response.json()).id;
    },
  };
}
