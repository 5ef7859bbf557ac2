import { assert, assertEquals } from "@std/assert";
import { DESKTOP, testPage } from "./kit.ts";

testPage(
  "the keyboard alone finds an operation by a member of its body and opens it",
  DESKTOP,
  async ({ page, url, problems }) => {
    await page.goto(`${url}/docs/errors`);
    await page.keyboard.press("/");
    await page.keyboard.type("flash_message");
    await page.getByRole("option", { selected: true }).waitFor();
    assert(await page.getByRole("option").count() > 1);
    const titles = await page.getByRole("option").allInnerTexts();
    await page.keyboard.press("ArrowDown");
    const chosen = await page.getByRole("option", { selected: true }).innerText();
    assertEquals(chosen, titles[1]);
    const field = page.getByRole("combobox");
    assertEquals(
      await field.getAttribute("aria-activedescendant"),
      await page.getByRole("option", { selected: true }).getAttribute("id"),
    );
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/docs/sendBatch");
    assertEquals(problems, []);
  },
);

testPage("the search finds the section of a code", DESKTOP, async ({ page, url }) => {
  await page.goto(`${url}/docs`);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("circuit_open");
  await page.getByRole("option").first().click();
  await page.waitForURL("**/docs/errors#upstream_circuit_open");
  assert(await page.locator("article:has(:target)").isVisible());
});

testPage(
  "Escape closes the results, and a word that occurs nowhere finds nothing",
  DESKTOP,
  async ({ page, url }) => {
    await page.goto(`${url}/docs`);
    await page.getByRole("combobox").fill("nosuchword");
    await page.getByText("Nothing found").waitFor();
    await page.keyboard.press("Enter");
    assertEquals(new URL(page.url()).pathname, "/docs");
    await page.keyboard.press("Escape");
    assert(await page.getByText("Nothing found").isHidden());
  },
);

testPage("a slash that is typed into a form stays in the form", DESKTOP, async ({ page, url }) => {
  await page.goto(`${url}/docs/sendBatch`);
  await page.locator("#try-it > summary").click();
  const body = page.getByLabel("Body");
  await body.fill("");
  await body.press("/");
  assertEquals(await body.inputValue(), "/");
});
