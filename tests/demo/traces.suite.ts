/** Tests of the demo's traces in a real Chromium, with a real demo. */

import { assert, assertEquals } from "@std/assert";
import type { BrowserContextOptions } from "playwright-core";
import {
  DESKTOP,
  type Opened,
  overflowOf,
  PHONE,
  testInChromium,
  violations,
  withChromium,
} from "../support/chromium.ts";
import { MESSAGE, startDemo } from "./process.ts";

const TRACES = "/demo/traces";

const SCREENS = {
  "a desktop": DESKTOP,
  "a desktop in dark mode": { ...DESKTOP, colorScheme: "dark" },
  "a tablet without JavaScript": {
    viewport: { width: 1024, height: 768 },
    javaScriptEnabled: false,
  },
  "a phone": PHONE,
  "a phone in dark mode": { ...PHONE, colorScheme: "dark" },
} as const;

/** Opens a page of a demo that has answered a send, its replay and a request with two retries. */
async function withTraces(
  options: BrowserContextOptions,
  run: (opened: Opened & { url: string }) => Promise<void>,
): Promise<void> {
  await using demo = await startDemo();
  await demo.send("/batches", MESSAGE);
  await demo.send("/batches", MESSAGE);
  await demo.send("/batches?sandbox_reset=before_headers");
  await withChromium(options, demo.url, (opened) => run({ ...opened, url: demo.url }));
}

for (const [name, screen] of Object.entries(SCREENS)) {
  testInChromium(
    `the traces can be seen on ${name}, do not scroll sideways, violate no CSP and request no other host`,
    () =>
      withTraces(screen, async ({ page, url, problems, elsewhere }) => {
        await page.goto(url + TRACES);
        const trace = page.locator("article").first();
        const bars = await trace.locator("svg.bar rect").all();
        const boxes = await Promise.all(bars.map((bar) => bar.boundingBox()));
        const [server, ...clients] = boxes.map((box) => box ?? { x: 0, y: 0, width: 0, height: 0 });
        assert(server && server.width > 200 && server.height > 5, "the SERVER span has no bar");
        assertEquals(clients.length, 3);
        for (const [index, client] of clients.entries()) {
          assert(client.width > 0.5 && client.x >= server.x - 1, `attempt ${index}`);
          assert(client.x + client.width <= server.x + server.width + 1, `attempt ${index}`);
          assert(client.y > (clients[index - 1] ?? server).y, `attempt ${index}`);
          assert(client.x >= (clients[index - 1]?.x ?? 0), `attempt ${index}`);
        }
        assertEquals(await overflowOf(page), 0);
        assertEquals([problems, elsewhere], [[], []]);
      }),
  );

  if ("javaScriptEnabled" in screen) continue; // axe is a script
  testInChromium(
    `the pages of traces are accessible on ${name}, closed and open`,
    () =>
      withTraces(screen, async ({ page, url, problems }) => {
        await page.goto(url + TRACES);
        assertEquals(await violations(page), []);
        await page.locator("article h2 a").first().click();
        await page.waitForURL(`**${TRACES}/*`);
        assert(await page.getByText("exception.message").first().isVisible());
        assertEquals([await violations(page), await overflowOf(page)], [[], 0]);
        assertEquals(problems, []);
      }),
  );
}

testInChromium(
  "without JavaScript a span opens, a link leads to the first request, and the page refreshes",
  () =>
    withTraces({ ...DESKTOP, javaScriptEnabled: false }, async ({ page, url }) => {
      await page.goto(url + TRACES);
      const replay = page.locator("article").nth(1);
      const attribute = replay.getByText("sms_gateway.idempotency");
      assert(!await attribute.isVisible());
      await replay.locator("summary").click();
      assert(await attribute.isVisible());
      const first = await page.locator("article").nth(2).locator("h2 a").getAttribute("href");
      await replay.locator(".part a").click();
      assertEquals(page.url(), url + first);
      await page.getByRole("link", { name: "All traces" }).click();
      await (await fetch(`${url}/xms/v1/demo-plan/groups`)).body?.cancel();
      await page.getByRole("link", { name: "Refresh" }).click();
      assertEquals(await page.locator("article").count(), 4);
      assert((await page.locator("article").first().innerText()).includes("unauthorized"));
    }),
);

testInChromium(
  "a style attribute would violate the CSP and be noticed",
  () =>
    withTraces(DESKTOP, async ({ page, url, problems }) => {
      await page.goto(url + TRACES);
      await page.evaluate("document.body.setAttribute('style', 'color: red')");
      assertEquals(problems.length, 1);
      assert(problems[0]?.includes("Content Security Policy"), problems[0]);
    }),
);
