import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import parse from "libphonenumber-js/max";
import { readMessage } from "../../policies/message.ts";
import { readRecipients } from "../../policies/recipients.ts";
import { hasRepeatedMember } from "../../policies/repeated_members.ts";
import { BATCHES, GROUPS, type PolicyGateway, policyGateway } from "../middleware/policy_kit.ts";
import { request } from "../sandbox/kit.ts";
import { oddBodies } from "./odd_bodies.ts";

const HEADERS = {
  "authorization": "Bearer credential-of-plan-1",
  "content-type": "application/json",
};

/** Groups of the sandbox, by their members. */
async function createGroups({ live }: PolicyGateway): Promise<Record<"swedish" | "mixed", string>> {
  const create = async (...members: string[]) => {
    const body = JSON.stringify({ members });
    return (await request(live, GROUPS, { method: "POST", headers: HEADERS, body })).body.id;
  };
  return {
    swedish: await create("46701234567"),
    mixed: await create("46701234567", "4915112345678"),
  };
}

Deno.test("whoever the sandbox sends to, the policy has seen: random odd bodies", async () => {
  const gateway = await policyGateway([]);
  const groups = Object.values(await createGroups(gateway));
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(oddBodies(groups), async (bytes) => {
      const body = new Uint8Array(bytes);
      const answer = await request(gateway.live, BATCHES, {
        method: "POST",
        headers: HEADERS,
        body,
      });
      if (answer.status !== 201) return;
      accepted++;
      const { message, isAmbiguous } = readMessage(body);
      if (isAmbiguous) return; // refused
      const seen = readRecipients(message?.to, message?.to_add);
      for (const target of answer.body.to as string[]) {
        assert(seen.numbers.has(target) || seen.groups.has(target), `${target} was not seen`);
      }
    }),
    { numRuns: 4_000 },
  );
  assert(accepted > 300, `only ${accepted} bodies were accepted`);
});

Deno.test("a policy with one country lets nothing else through to the sandbox: random odd bodies", async () => {
  const policies = [{ name: "se", callers: ["shop"], countries: ["SE"] }];
  const gateway = await policyGateway(policies);
  const groups = await createGroups(gateway);
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(oddBodies(Object.values(groups)), async (body) => {
      const answer = await gateway.send("POST", BATCHES, body);
      if (answer.status !== 201) return await answer.body?.cancel();
      accepted++;
      for (const target of (await answer.json()).to as string[]) {
        const isSwedish = target === groups.swedish || parse(`+${target}`)?.country === "SE";
        assert(isSwedish, `${target} got through`);
      }
    }),
    { numRuns: 2_000 },
  );
  assert(accepted > 50, `only ${accepted} bodies were accepted`);
});

Deno.test("the members of a JSON text that occur twice are found, whatever surrounds them", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assertEquals(hasRepeatedMember(JSON.stringify(value)), false);
    assertEquals(hasRepeatedMember(JSON.stringify([value], null, 1)), false);
    const inner = JSON.stringify(value);
    assertEquals(hasRepeatedMember(`[{"a":${inner},"\\u0061":1}]`), true);
    assertEquals(hasRepeatedMember(`{"x":{"a":1},"b":${inner} , "b" : {"a":2}}`), true);
    assertEquals(
      hasRepeatedMember(`{"x":{"a":1},"y":{"a":${inner}},"a":[{"a":1},{"a":2}]}`),
      false,
    );
  }));
});
