import { assert, assertEquals } from "@std/assert";
import { DESKTOP, PHONE, testPage } from "./kit.ts";

testPage("the search finds a section of a guide and opens it", DESKTOP, async ({ page, url }) => {
  await page.goto(`${url}/docs`);
  await page.keyboard.press("/");
  await page.keyboard.type("each store can lose");
  const option = page.getByRole("option").first();
  assertEquals(await option.locator("span").textContent(), "Send a message once");
  await option.click();
  await page.waitForURL("**/docs/guide/idempotency#what-each-store-can-lose");
  assert(await page.locator("h2:target").isVisible());
});

testPage(
  "on a phone the menu of a guide leads to the other guides, and marks its own",
  PHONE,
  async ({ page, url }) => {
    await page.goto(`${url}/docs/guide/sdk`);
    await page.getByRole("button", { name: "Menu" }).click();
    const current = page.locator("nav [aria-current=page]");
    assertEquals(await current.textContent(), "Use the gateway from a service");
    await page.getByRole("navigation").getByRole("link", { name: "Deployment" }).click();
    await page.waitForURL("**/docs/guide/deploy");
    assertEquals(await page.locator("h1").textContent(), "Deployment");
  },
);

testPage("the code of a guide has a button that copies it", DESKTOP, async ({ page, url }) => {
  await page.goto(`${url}/docs/guide/quick-start`);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy" }).first().click();
  await page.getByText("Copied").waitFor();
  assertEquals(
    await page.evaluate("navigator.clipboard.readText()"),
    await page.locator("pre code").first().textContent(),
  );
});

testPage(
  "a guide can be read without JavaScript, and its links lead to other guides",
  { ...DESKTOP, javaScriptEnabled: false },
  async ({ page, url, problems }) => {
    await page.goto(`${url}/docs/guide/quick-start`);
    await page.locator("main").getByRole("link", { name: "Send a message once" }).click();
    await page.waitForURL("**/docs/guide/idempotency");
    assert(await page.locator("main table").first().isVisible());
    assertEquals(problems, []);
  },
);
