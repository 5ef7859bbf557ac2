import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { callbackSettings } from "../../callback_settings.ts";
import { CALLBACK_ROUTE } from "../../route_table.ts";
import { ATTR } from "../../telemetry/attributes.ts";

const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
const PAGE = await read("docs/callbacks.md");

Deno.test("the example of docs/callbacks.md is a valid value of CALLBACKS", () => {
  const [, example = ""] = /```json\n([^]*?)```/.exec(PAGE) ?? [];
  const result = v.safeParse(callbackSettings, example);
  assert(result.success, JSON.stringify(result.issues));
});

Deno.test("docs/callbacks.md lists every member of CALLBACKS with its default", () => {
  const minimal = {
    plans: { "plan-1": { hmac: "secret" } },
    relays: [{ name: "a", url: "http://a.test", secret: `whsec_${btoa("a".repeat(32))}` }],
  };
  const defaults: Record<string, unknown> = v.parse(callbackSettings, JSON.stringify(minimal));
  const rows = new Map(
    [...PAGE.matchAll(/^\| `([\w.*]+)` +\|.*\| +([^|]*?) +\|$/gm)].map(([, name, last]) =>
      [name, last] as const
    ),
  );
  const members = Object.keys(callbackSettings.pipe[1].entries);
  assertEquals(members.filter((name) => !rows.has(name)), []);
  for (const [name, value] of Object.entries(defaults)) {
    if (typeof value === "number") assertEquals(rows.get(name)?.replaceAll(",", ""), String(value));
  }
});

Deno.test("docs/callbacks.md names every outcome and refusal, and none but attributes that exist", async () => {
  const sources = await Promise.all(["exchange.ts", "callbacks/authenticity.ts"].map(read));
  const code = sources.join("").replaceAll(/\/\*\*[^]*?\*\//g, ""); // comments may have a semicolon
  for (const type of ["CallbackOutcome", "CallbackRefusal"]) {
    const [, declaration = ""] = new RegExp(`type ${type} =([^;]*);`).exec(code) ?? [];
    const values = [...declaration.matchAll(/\| "(\w+)"/g)].map(([, value]) => value);
    assert(values.length > 7, `${type}: ${values}`);
    assertEquals(values.filter((value) => !PAGE.includes(`\`${value}\``)), [], type);
  }
  const used = [...PAGE.matchAll(/`(sms_gateway\.[\w.]+)`/g)].map(([, name]) => name);
  const names: readonly string[] = Object.values(ATTR);
  assertEquals(used.filter((name = "") => !names.includes(name)), []);
  assert(PAGE.includes(CALLBACK_ROUTE));
});
