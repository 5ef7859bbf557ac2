import type { MiddlewareHandler } from "hono";
import type { SandboxEnv } from "./env.ts";
import { Refusal } from "./errors.ts";

/** Answers 429 while a service plan has `max` outstanding requests. */
export function outstanding(max: number): MiddlewareHandler<SandboxEnv> {
  const counts = new Map<string, number>();
  return async function outstanding(c, next) {
    const plan = c.req.path.split("/", 4)[3] ?? "";
    const count = counts.get(plan) ?? 0;
    if (count >= max) {
      throw new Refusal("too_many_requests", "The user has too many outstanding requests.", {
        "retry-after": "1",
      });
    }
    counts.set(plan, count + 1);
    try {
      await next();
    } finally {
      const left = (counts.get(plan) ?? 1) - 1;
      if (left > 0) counts.set(plan, left);
      else counts.delete(plan);
    }
  };
}
