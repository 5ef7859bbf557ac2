/** Opens the pages of a gateway, with a sandbox as its upstream, in a real Chromium. */

import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { PLAN, type Stage, stage } from "../kit.ts";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Chromium runs without its sandbox, as CI runs as root, and without requests of its own. */
const SWITCHES = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A desktop, in light mode. */
export const DESKTOP = { viewport: { width: 1440, height: 900 }, colorScheme: "light" } as const;

/** A narrow phone, in light mode. */
export const PHONE = {
  viewport: { width: 375, height: 812 },
  colorScheme: "light",
  hasTouch: true,
} as const;

const executablePath = [Deno.env.get("CHROMIUM_BIN"), ...PLACES].find(isFile);
if (!executablePath) {
  const missing = "no Chromium (apt-get install chromium, or set CHROMIUM_BIN)";
  if (Deno.env.get("CI") === "true") throw new Error(missing);
  // deno-lint-ignore no-console -- reports the skipped tests
  console.log(`pages in Chromium: skipped, since there is ${missing}`);
}

/** What a test of a page works with. */
export interface Visit {
  readonly page: Page;
  /** Base URL of the gateway. */
  readonly url: string;
  readonly token: string;
  readonly served: Stage;
  /** Requested URLs outside of the gateway. */
  readonly elsewhere: string[];
  /** Errors and warnings on the console, exceptions, and violations of the CSP. */
  readonly problems: string[];
}

/** Declares a test that opens a page; it is skipped without Chromium, except in CI. */
export function testPage(
  name: string,
  options: BrowserContextOptions,
  run: (visit: Visit) => Promise<void>,
): void {
  Deno.test({ name, ignore: !executablePath, fn: () => withPage(options, run) });
}

async function withPage(
  options: BrowserContextOptions,
  run: (visit: Visit) => Promise<void>,
): Promise<void> {
  await using served = await stage();
  const browser = await chromium.launch({
    ...(executablePath && { executablePath }),
    args: SWITCHES,
  });
  try {
    await run(await visit(browser, options, served));
  } finally {
    await browser.close();
  }
}

async function visit(
  browser: Browser,
  options: BrowserContextOptions,
  served: Stage,
): Promise<Visit> {
  const { gateway } = served;
  const page = await browser.newPage(options);
  const elsewhere: string[] = [];
  const problems: string[] = [];
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (asked.protocol !== "data:" && asked.origin !== gateway.url) elsewhere.push(asked.href);
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  const token = await gateway.token({ servicePlans: [PLAN] });
  return { page, url: gateway.url, token, served, elsewhere, problems };
}

/** The address with a fragment that fills in plan and token, as the demo makes it. */
export function prefilled({ url, token }: Visit, path: string): string {
  return `${url}${path}#${new URLSearchParams({ service_plan_id: PLAN, token })}`;
}

function isFile(path: string | undefined): boolean {
  try {
    return path !== undefined && Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
