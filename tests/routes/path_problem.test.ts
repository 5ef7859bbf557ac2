import { assertEquals, assertMatch } from "@std/assert";
import { errorsPage } from "../../reference/errors_page.ts";
import { testGateway } from "../support/gateway.ts";

/** Path → its problem; undefined if it is unknown. */
const PATHS: readonly [path: string, problem: string | undefined][] = [
  ["//xms/v1/plan-1/batches", "repeated_slash"],
  ["/xms/v1//plan-1/batches", "repeated_slash"],
  ["/xms/v1/plan-1/batches/", "trailing_slash"],
  ["/xms/v1/xms/v1/plan-1/batches", "repeated_prefix"],
  ["/plan-1/batches", "missing_prefix"],
  ["/xms/v1/plan-1/nothing", undefined],
  ["/", undefined],
];

for (const [path, problem] of PATHS) {
  Deno.test(`${path} is a 404 that is not forwarded, with the problem ${problem} in log, span and Link`, async () => {
    const { request, exchanges, spans, sent } = await testGateway();
    const response = await request(path, { method: "POST", body: "{}" });
    assertEquals([response.status, await response.text(), sent.length], [404, "", 0]);
    const anchor = problem ? `path-${problem.replaceAll("_", "-")}` : "not_found";
    assertEquals(response.headers.get("link"), `</docs/errors#${anchor}>; rel="help"`);
    assertMatch(errorsPage(), new RegExp(`id="${anchor}"`));
    assertEquals(exchanges[0]?.pathProblem, problem);
    assertEquals(spans[0]?.attributes["sms_gateway.path.problem"], problem);
  });
}

Deno.test("without the reference a wrong path has no Link", async () => {
  const { request } = await testGateway({ env: { DOCS: "off" } });
  const { headers } = await request("//xms/v1/plan-1/batches");
  assertEquals(headers.has("link"), false);
});
