import { Pool } from "undici";
import { delay } from "@std/async/delay";

/** What came of one POST of the load. */
export interface Sent {
  readonly id: string;
  /** Status of a whole answer; undefined where there was none. */
  readonly status?: number;
  readonly code?: string;
}

/** Options of {@linkcode startLoad}. */
export interface LoadOptions {
  port: number;
  path: string;
  token: string;
  /** Callers at once, each with one request after the other. */
  callers: number;
  /** Goes before the ids of this load's messages. */
  prefix: string;
  /** Stops sending as soon as this is true, as a load balancer would. */
  stop?: () => boolean;
}

/** POSTs under way without end, on connections that are kept; none is ever sent again. */
export interface Load {
  readonly sent: Sent[];
  /** Stops, waits for what is under way, and says what came of all. */
  end(): Promise<readonly Sent[]>;
}

export function startLoad(options: LoadOptions): Load {
  const { port, path, token, callers, prefix, stop = () => false } = options;
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: callers, pipelining: 1 });
  const sent: Sent[] = [];
  let ended = false;
  let count = 0;

  async function post(): Promise<void> {
    const id = `${prefix}-${++count}`;
    try {
      const { statusCode: status, body } = await pool.request({
        path,
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ body: id }),
      });
      const text = await body.text();
      sent.push({ id, status, ...(status >= 400 && text && { code: JSON.parse(text).code }) });
      if (status >= 400) await delay(5);
    } catch {
      sent.push({ id });
      await delay(5);
    }
  }

  const running = Array.from({ length: callers }, async () => {
    while (!ended && !stop()) await post();
  });
  return {
    sent,
    async end() {
      ended = true;
      await Promise.all(running);
      await pool.destroy();
      return sent;
    },
  };
}
