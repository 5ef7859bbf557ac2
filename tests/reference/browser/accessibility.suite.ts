import { assert, assertEquals } from "@std/assert";
import { ALL_PATHS } from "../../../reference/paths.ts";
import { overflowOf, violations } from "../../support/chromium.ts";
import { DESKTOP, PHONE, testPage } from "./kit.ts";

const SCREENS = {
  "a desktop": DESKTOP,
  "a desktop in dark mode": { ...DESKTOP, colorScheme: "dark" },
  "a tablet in dark mode": { viewport: { width: 1024, height: 768 }, colorScheme: "dark" },
  "a phone": PHONE,
  "a phone in dark mode": { ...PHONE, colorScheme: "dark" },
} as const;

const PAGES = ALL_PATHS.filter((path) => /^\/docs(?!\/assets|.*\.json$)/.test(path));

for (const [name, screen] of Object.entries(SCREENS)) {
  testPage(
    `every page is accessible on ${name}, does not scroll sideways, requests no other host, and logs no error`,
    screen,
    async ({ page, url, elsewhere, problems }) => {
      for (const path of PAGES) {
        await page.goto(url + path);
        await page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)");
        assertEquals(await overflowOf(page), 0, path);
        assertEquals(await violations(page), [], path);
      }
      assertEquals(elsewhere, []);
      assertEquals(problems, []);
    },
  );
}

testPage("the results of the search are accessible on a phone", PHONE, async ({ page, url }) => {
  await page.goto(`${url}/docs`);
  await page.getByRole("combobox").fill("batch");
  await page.getByRole("option").first().waitFor();
  assertEquals([await overflowOf(page), await violations(page)], [0, []]);
  const { x = -1, width = 0 } = await page.getByRole("listbox").boundingBox() ?? {};
  assert(x >= 0 && x + width <= PHONE.viewport.width, `from ${x}, ${width} wide`);
});

testPage(
  "the response of a request is accessible",
  DESKTOP,
  async ({ page, url }) => {
    await page.goto(`${url}/docs/listBatches`);
    await page.locator("#try-it > summary").click();
    await page.getByLabel("Bearer token").fill("no-token");
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".result .status").waitFor();
    assertEquals(await violations(page), []);
  },
);

testPage("a violation of accessibility is noticed", DESKTOP, async ({ page, url }) => {
  await page.goto(`${url}/docs`);
  await page.evaluate("document.querySelector('.search input').removeAttribute('aria-label')");
  await page.evaluate("document.querySelector('.search input').placeholder = ''");
  assert((await violations(page)).some((found) => found.startsWith("label: ")));
});
