/**
 * Takes the pictures of the README with a real Chromium: a trace of the demo, and the dashboard with
 * data of a real Prometheus.
 */
import type { Page } from "playwright-core";
import { type Demo, startDemo } from "../demo/process.ts";
import { findPrograms, startPrometheus } from "../prometheus/prometheus.ts";
import { DESKTOP, withChromium } from "../support/chromium.ts";
import { VERSION } from "../../version.ts";
import { dashboardPage } from "./dashboard_page.ts";
import { message, traffic } from "./traffic.ts";

const IMAGES = new URL("../../docs/images/", import.meta.url).pathname;

/** How long the dashboard's data is recorded, in ms. */
const RECORDED_MS = 60_000;

/** Rows of Grafana's grid that the picture of the dashboard has. */
const DASHBOARD_ROWS = 18;

const TODAY = new Date().toISOString().slice(0, 10);

/** The trace of a repeat that finds out what became of a send whose answer was lost. */
async function takeTrace(demo: Demo): Promise<void> {
  await demo.send("/batches?sandbox_delay_ms=4000", message("order-2"));
  await demo.send("/batches?sandbox_delay_ms=4000", message("order-2"));
  await withChromium(
    { ...DESKTOP, viewport: { width: 1280, height: 900 } },
    demo.url,
    async ({ page }) => {
      await page.goto(`${demo.url}/demo/traces`);
      await page.locator("article").first().locator("summary").first().click();
      await picture(page, "article", "trace");
    },
  );
}

/** The dashboard after a minute of traffic, in the second half of which the API fails at times. */
async function takeDashboard(demo: Demo, binary: string): Promise<void> {
  await using prometheus = await startPrometheus(binary, new URL(demo.url).host);
  const from = Date.now() / 1_000;
  await traffic(demo, RECORDED_MS);
  const html = await dashboardPage(DASHBOARD_ROWS, {
    prometheus: prometheus.url,
    from: from + 5,
    to: Date.now() / 1_000,
    note:
      `Panels of ops/grafana/dashboard.json, drawn by tests/screenshots with the data of a real ` +
      `Prometheus: version ${VERSION}, ${TODAY}`,
  });
  await withChromium(
    { ...DESKTOP, viewport: { width: 1472, height: 700 } },
    demo.url,
    async ({ page }) => {
      await page.setContent(html);
      await picture(page, "html", "dashboard");
    },
  );
}

/** Stores a picture of the first element. */
async function picture(page: Page, selector: string, name: string): Promise<void> {
  await page.locator(selector).first().screenshot({ path: `${IMAGES}${name}.png` });
}

const programs = await findPrograms();
if (!programs) throw new Error("no Prometheus: install Debian's package prometheus");
await using demo = await startDemo();
await takeDashboard(demo, programs.prometheus);
await takeTrace(demo);
