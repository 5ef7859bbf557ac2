import { Webhook } from "standardwebhooks";

/** A service that takes the callbacks of the demo. */
export interface DemoService {
  /** The value of CALLBACKS that relays the callbacks of a plan to it. */
  callbacks(options: { plan: string; hmac: string }): object;
  close(): Promise<void>;
}

/** Bytes of the secret that signs what is relayed to the service. */
const SECRET_BYTES = 32;

/**
 * Starts a service that checks the gateway's signature of every callback, and prints what became of
 * the message; without its recipient.
 */
export function demoService({ print }: { print: (line: string) => void }): DemoService {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const secret = `whsec_${btoa(String.fromCharCode(...bytes))}`;
  const webhook = new Webhook(secret);
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const body = await request.text();
      try {
        webhook.verify(body, Object.fromEntries(request.headers));
      } catch {
        return new Response(null, { status: 401 });
      }
      print(`             the demo's service: ${eventOf(body)}`);
      return new Response(null, { status: 204 });
    },
  );
  return {
    callbacks: ({ plan, hmac }) => ({
      plans: { [plan]: { hmac } },
      relays: [{ name: "demo", url: `http://127.0.0.1:${server.addr.port}/sms`, secret }],
      default: "demo",
    }),
    close: () => server.shutdown(),
  };
}

function eventOf(body: string): string {
  const { type, batch_id: batch, status = "" } = JSON.parse(body);
  return batch ? `message ${batch} is ${status || type}` : `received ${type}`;
}
