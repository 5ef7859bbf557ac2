import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { PLAN } from "../kit.ts";
import { DESKTOP, PHONE, prefilled, testPage } from "./kit.ts";

testPage(
  "a request with a typed token is sent, and the id in its response fills other forms and samples",
  DESKTOP,
  async ({ page, url, token, problems, served }) => {
    await page.goto(`${url}/docs/sendBatch`);
    await page.locator("#try-it > summary").click();
    await page.getByLabel("Bearer token").fill(token);
    await page.locator("#try-service_plan_id").fill(PLAN);
    await page.locator("#try-it form").getByText("Optional parameters").click();
    await page.locator("#try-X-Request-Id").fill("from-the-page");
    await page.getByRole("button", { name: "Send" }).click();
    const result = page.locator(".result");
    await result.getByText("201 Created").waitFor();
    assertStringIncludes(await result.innerText(), "x-request-id: from-the-page");
    const [, id = ""] = /"id": "(\w+)"/.exec(await result.innerText()) ?? [];
    await page.goto(`${url}/docs/getBatch`);
    assertEquals(await page.locator("#try-batch_id").inputValue(), id);
    assertStringIncludes(await page.locator(".sample:visible pre").innerText(), id);
    await page.getByRole("button", { name: "Send" }).click();
    await result.getByText("200 OK").waitFor();
    assertEquals(problems, []);
    const sent = served.gateway.received.filter(({ url }) => url.includes("/xms/"));
    assertEquals(sent.map(({ method }) => method), ["POST", "GET"]);
  },
);

testPage(
  "plan and token of the fragment are filled in on every page, and are in no address and no request",
  PHONE,
  async (visit) => {
    const { page, url, token, served } = visit;
    await page.goto(prefilled(visit, "/docs"));
    assertEquals(page.url(), `${url}/docs`);
    await page.getByRole("button", { name: "Menu" }).click();
    await page.locator("#navigation").getByRole("link", { name: "List batches" }).click();
    await page.waitForURL("**/docs/listBatches");
    assertEquals(await page.locator("#try-token").inputValue(), token);
    assertEquals(await page.locator("#try-token").getAttribute("type"), "password");
    assertStringIncludes(await page.locator(".sample:visible pre").innerText(), `/${PLAN}/`);
    assert(!(await page.locator("body").innerText()).includes(token));
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".result").getByText("200 OK").waitFor();
    for (const { url } of served.gateway.received) assert(!url.includes(token), url);
  },
);

testPage("a refusal links to its explanation", DESKTOP, async ({ page, url }) => {
  await page.goto(`${url}/docs/listBatches`);
  await page.locator("#try-it > summary").click();
  await page.getByLabel("Bearer token").fill("no-token");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".result").getByText("401 Unauthorized").waitFor();
  assertMatch(await page.locator(".result pre").innerText(), /x-error-origin: gateway/);
  await page.getByRole("link", { name: "What it means" }).click();
  await page.waitForURL("**/docs/errors#unauthorized");
});

testPage("the Link of an error opens its section on the page", PHONE, async ({ page, url }) => {
  const response = await fetch(`${url}/xms/v1/plan-1/batches`);
  await response.body?.cancel();
  const target = /^<([^>]+)>; rel="help"$/.exec(response.headers.get("link") ?? "")?.[1] ?? "";
  await page.goto(new URL(target, response.url).href);
  const section = page.locator("article:has(:target)");
  assert(await section.isVisible());
  assert((await section.innerText()).includes("unauthorized"));
  const top = await section.evaluate((element) => element.getBoundingClientRect().top);
  assert(top >= 0 && top < 150, `${top}`);
});
