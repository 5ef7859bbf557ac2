/** Opens the pages of a gateway, with a sandbox as its upstream, in a real Chromium. */

import type { BrowserContextOptions } from "playwright-core";
import { type Opened, testInChromium, withChromium } from "../../support/chromium.ts";
import { PLAN, type Stage, stage } from "../kit.ts";

export { DESKTOP, PHONE } from "../../support/chromium.ts";

/** What a test of a page works with. */
export interface Visit extends Opened {
  /** Base URL of the gateway. */
  readonly url: string;
  readonly token: string;
  readonly served: Stage;
}

/** Declares a test that opens a page; it is skipped without Chromium, except in CI. */
export function testPage(
  name: string,
  options: BrowserContextOptions,
  run: (visit: Visit) => Promise<void>,
): void {
  testInChromium(name, () => withPage(options, run));
}

async function withPage(
  options: BrowserContextOptions,
  run: (visit: Visit) => Promise<void>,
): Promise<void> {
  await using served = await stage();
  const { gateway } = served;
  const token = await gateway.token({ servicePlans: [PLAN] });
  await withChromium(options, gateway.url, async (opened) => {
    await run({ ...opened, url: gateway.url, token, served });
  });
}

/** The address with a fragment that fills in plan and token, as the demo makes it. */
export function prefilled({ url, token }: Visit, path: string): string {
  return `${url}${path}#${new URLSearchParams({ service_plan_id: PLAN, token })}`;
}
