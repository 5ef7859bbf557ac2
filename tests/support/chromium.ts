/** Opens pages in a real Chromium. */

import axe from "axe-core";
import { type BrowserContextOptions, chromium, type Page } from "playwright-core";

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

/** An open page, and what it did. */
export interface Opened {
  readonly page: Page;
  /** Requested URLs of other origins. */
  readonly elsewhere: string[];
  /** Errors and warnings on the console, exceptions, and violations of the CSP. */
  readonly problems: string[];
}

/** Declares a test that needs Chromium; it is skipped without one, except in CI. */
export function testInChromium(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !executablePath, fn });
}

/** Runs with an empty page of a new browser, whose own origin is this one. */
export async function withChromium(
  options: BrowserContextOptions,
  origin: string,
  run: (opened: Opened) => Promise<void>,
): Promise<void> {
  const browser = await chromium.launch({
    ...(executablePath && { executablePath }),
    args: SWITCHES,
  });
  try {
    await run(watched(await browser.newPage(options), origin));
  } finally {
    await browser.close();
  }
}

/** Pixels by which the page is wider than the screen. */
export async function overflowOf(page: Page): Promise<number> {
  return await page.evaluate("document.documentElement.scrollWidth - innerWidth");
}

/** The violations that axe finds, one per line. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found: axe.AxeResults = await page.evaluate("axe.run()");
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

function watched(page: Page, origin: string): Opened {
  const elsewhere: string[] = [];
  const problems: string[] = [];
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (asked.protocol !== "data:" && asked.origin !== origin) elsewhere.push(asked.href);
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  return { page, elsewhere, problems };
}

function isFile(path: string | undefined): boolean {
  try {
    return path !== undefined && Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
