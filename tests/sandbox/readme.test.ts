import { assertStringIncludes } from "@std/assert";
import { CallbackFault } from "../../sandbox/callbacks/faults.ts";
import { FAULT_SHAPES } from "../../sandbox/fault_shapes.ts";
import { Fault } from "../../sandbox/faults.ts";
import * as magic from "../../sandbox/magic.ts";

Deno.test("the sandbox's README lists every fault, shape and magic value", async () => {
  const readme = await Deno.readTextFile(new URL("../../sandbox/README.md", import.meta.url));
  for (const shape of FAULT_SHAPES) assertStringIncludes(readme, `\`${shape}\``);
  for (const name of Object.keys(Fault.entries)) assertStringIncludes(readme, `sandbox_${name}`);
  for (const name of Object.keys(CallbackFault.entries)) {
    assertStringIncludes(readme, `\`${name}\``);
  }
  for (const [recipient, code] of Object.entries(magic.FINAL_CODES)) {
    const line = readme.split("\n").find((line) =>
      line.includes(recipient) || line.includes(`…${recipient.slice(-3)}`)
    );
    assertStringIncludes(line ?? `no line for ${recipient}`, String(code));
  }
  for (const value of [magic.ILLEGAL_NUMBER, magic.BLOCKED_SENDER, magic.KNOWN_CAMPAIGN]) {
    assertStringIncludes(readme, `\`${value}\``);
  }
});
