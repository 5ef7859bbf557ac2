import { assertEquals, assertStringIncludes } from "@std/assert";
import { DESKTOP, PHONE, testPage } from "./kit.ts";

testPage(
  "samples have the reader's host and plan, and the chosen language stays",
  DESKTOP,
  async ({ page, url }) => {
    await page.goto(`${url}/docs/sendBatch`);
    const shown = page.locator(".sample:visible pre");
    assertStringIncludes(await shown.innerText(), `curl -i '${url}/xms/v1/your-plan/batches'`);
    await page.locator("#try-it > summary").click();
    await page.locator("#try-service_plan_id").fill("plan-1");
    assertStringIncludes(await shown.innerText(), `${url}/xms/v1/plan-1/batches`);
    await page.locator("#try-service_plan_id").fill("'; rm -rf ~ #");
    assertStringIncludes(await shown.innerText(), `${url}/xms/v1/your-plan/batches`);
    await page.getByText("Python SDK", { exact: true }).click();
    await page.goto(`${url}/docs/getBatch`);
    assertStringIncludes(await shown.innerText(), "sinch.sms.batches.get(");
  },
);

testPage("the arrow keys choose the language of the samples", DESKTOP, async ({ page, url }) => {
  await page.goto(`${url}/docs/sendBatch`);
  await page.getByRole("radio", { name: "curl" }).focus();
  await page.keyboard.press("ArrowRight");
  assertStringIncludes(await page.locator(".sample:visible pre").innerText(), "await fetch(");
});

testPage(
  "the copy button copies what is shown",
  { ...DESKTOP, permissions: ["clipboard-read", "clipboard-write"] },
  async ({ page, url }) => {
    await page.goto(`${url}/docs/sendBatch`);
    const shown = await page.locator(".sample:visible pre").innerText();
    await page.locator(".sample:visible .copy").click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    assertEquals(await page.evaluate("navigator.clipboard.readText()"), shown);
  },
);

testPage(
  "without JavaScript the whole reference can be read, and nothing is shown that does not work",
  { ...PHONE, javaScriptEnabled: false },
  async ({ page, url }) => {
    await page.goto(`${url}/docs`);
    await page.getByRole("button", { name: "Menu" }).click();
    await page.locator("#navigation").getByRole("link", { name: "Send a batch" }).click();
    await page.waitForURL("**/docs/sendBatch");
    await page.getByText("Node SDK", { exact: true }).click();
    assertStringIncludes(await page.locator(".sample:visible pre").innerText(), "sms.batches.send");
    await page.locator(".response summary").getByText("201").click();
    await page.locator(".response[open] dt:visible").getByText("modified_at").first().waitFor();
    await page.locator("#try-it > summary").click();
    await page.getByText("This form needs JavaScript").waitFor();
    for (const hidden of [".copy", ".search", "#try-it form"]) {
      assertEquals(await page.locator(`${hidden}:visible`).count(), 0, hidden);
    }
  },
);
