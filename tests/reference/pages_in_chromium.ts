/** Tests of the pages in a real Chromium, on a desktop and a phone, in light and dark mode. */

import { assert, assertEquals } from "@std/assert";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { stage } from "./kit.ts";

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

const SCREENS = {
  "a desktop": { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  "a desktop in dark mode": { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  "a phone": { viewport: { width: 390, height: 844 }, colorScheme: "light", hasTouch: true },
  "a phone in dark mode": { viewport: { width: 390, height: 844 }, colorScheme: "dark" },
} as const;

/** Path → a selector that shows that the page has loaded, and one for what can be opened. */
const PAGES = {
  "/docs": { ready: ".opblock", open: ".opblock-summary-control" },
  "/docs/errors": { ready: "#unknown_group", open: undefined },
} as const;

/** Indexes of the elements to open: one of each method, and one with a choice of values. */
const OPENED = [0, 1, 2, 5, 6];

const executablePath = [Deno.env.get("CHROMIUM_BIN"), ...PLACES].find(isFile);
if (!executablePath) {
  const missing = "no Chromium (apt-get install chromium, or set CHROMIUM_BIN)";
  if (Deno.env.get("CI") === "true") throw new Error(missing);
  // deno-lint-ignore no-console -- reports the skipped tests
  console.log(`pages in Chromium: skipped, since there is ${missing}`);
}

for (const [path, page] of Object.entries(PAGES)) {
  for (const [name, screen] of Object.entries(SCREENS)) {
    Deno.test({
      name: `${path} is accessible on ${name}, requests no other host, and logs no error`,
      ignore: !executablePath,
      fn: () =>
        withBrowser(async (browser, url) => {
          const visit = await open(browser, { url: url + path, screen });
          await visit.page.waitForSelector(page.ready);
          if (page.open) await openAll(visit.page, page.open);
          assertEquals(visit.elsewhere, []);
          assertEquals(visit.problems, []);
          assertEquals(await overflowOf(visit.page), 0, "the page scrolls sideways");
          assertEquals(await violations(visit.page), []);
        }),
    });
  }
}

Deno.test({
  name: "the reference can send a request with a token",
  ignore: !executablePath,
  fn: () =>
    withBrowser(async (browser, url, token) => {
      const { page, problems } = await open(browser, {
        url: `${url}/docs`,
        screen: SCREENS["a desktop"],
      });
      await page.locator(".btn.authorize").first().click();
      await page.locator(".auth-container input").fill(token);
      await page.locator(".auth-btn-wrapper .authorize").click();
      await page.locator(".auth-btn-wrapper .btn-done").click();
      const operation = page.locator("#operations-Batches-sendBatch");
      await operation.locator(".opblock-summary-control").click();
      await operation.locator(".try-out__btn").click();
      await operation.locator("tr[data-param-name=service_plan_id] input").fill("plan-1");
      await operation.locator(".execute").click();
      const status = operation.locator(".live-responses-table .response .response-col_status");
      assertEquals((await status.innerText()).trim(), "201");
      assertEquals(problems, []);
    }),
});

Deno.test({
  name: "the Link of an error opens its section on the page",
  ignore: !executablePath,
  fn: () =>
    withBrowser(async (browser, url) => {
      const response = await fetch(`${url}/xms/v1/plan-1/batches`);
      await response.body?.cancel();
      const target = /^<([^>]+)>; rel="help"$/.exec(response.headers.get("link") ?? "")?.[1] ?? "";
      const { page } = await open(browser, {
        url: new URL(target, response.url).href,
        screen: SCREENS["a phone"],
      });
      const section = page.locator("article:has(:target)");
      assert(await section.isVisible());
      assert((await section.innerText()).includes("unauthorized"));
      const top = await section.evaluate((element) => element.getBoundingClientRect().top);
      assert(top >= 0 && top < 100, `${top}`);
    }),
});

interface Visit {
  page: Page;
  /** Requested URLs outside of the gateway. */
  elsewhere: string[];
  /** Errors and warnings on the console, and exceptions. */
  problems: string[];
}

async function withBrowser(
  run: (browser: Browser, url: string, token: string) => Promise<void>,
): Promise<void> {
  await using served = await stage();
  const browser = await chromium.launch({
    ...(executablePath && { executablePath }),
    args: SWITCHES,
  });
  try {
    await run(browser, served.gateway.url, await served.gateway.token());
  } finally {
    await browser.close();
  }
}

async function open(
  browser: Browser,
  { url, screen }: { url: string; screen: typeof SCREENS[keyof typeof SCREENS] },
): Promise<Visit> {
  const page = await browser.newPage(screen);
  const elsewhere: string[] = [];
  const problems: string[] = [];
  const { origin } = new URL(url);
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (asked.protocol !== "data:" && asked.origin !== origin) elsewhere.push(asked.href);
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(url);
  return { page, elsewhere, problems };
}

async function openAll(page: Page, selector: string): Promise<void> {
  for (const index of OPENED) await page.locator(selector).nth(index).click();
  await page.locator(`${selector}[aria-expanded=true]`).nth(OPENED.length - 1).waitFor();
}

/** Pixels by which the page is wider than the screen. */
async function overflowOf(page: Page): Promise<number> {
  return await page.evaluate("document.documentElement.scrollWidth - innerWidth");
}

/** The violations that axe finds, one per line. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found: axe.AxeResults = await page.evaluate("axe.run()");
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

function isFile(path: string | undefined): boolean {
  try {
    return path !== undefined && Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
