import { Webhook } from "standardwebhooks";
import { WEBHOOK_SECRET } from "./callback_settings.ts";

/** A service that takes callbacks. */
export interface CallbackService extends AsyncDisposable {
  readonly url: string;
  /** Every request, in order: the body, and the status it was answered with. */
  readonly received: readonly { body: string; id: string; status: number }[];
  /** The bodies that it has taken, and how often. */
  taken(): ReadonlyMap<string, number>;
}

/** Options of {@linkcode startService}. */
export interface ServiceOptions {
  /** Default: any free port. */
  port?: number;
  /** The status of the answer; default: 200, at once. */
  answer?: (body: string) => number | Promise<number>;
}

/** Starts a service; it refuses what is not signed by the gateway with 401. */
export function startService({ port = 0, answer = () => 200 }: ServiceOptions = {}) {
  const webhook = new Webhook(WEBHOOK_SECRET);
  const received: { body: string; id: string; status: number }[] = [];
  const server = Deno.serve({ port, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const body = await request.text();
    const headers = Object.fromEntries(request.headers);
    const entry = { body, id: headers["webhook-id"] ?? "", status: 0 };
    received.push(entry);
    entry.status = isSigned(webhook, body, headers) ? await answer(body) : 401;
    return new Response(null, { status: entry.status });
  });
  const service: CallbackService = {
    url: `http://127.0.0.1:${server.addr.port}/callbacks`,
    received,
    taken() {
      const bodies = received.filter(({ status }) => status >= 200 && status < 300);
      const counts = new Map<string, number>();
      for (const { body } of bodies) counts.set(body, (counts.get(body) ?? 0) + 1);
      return counts;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return service;
}

function isSigned(webhook: Webhook, body: string, headers: Record<string, string>): boolean {
  try {
    webhook.verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
