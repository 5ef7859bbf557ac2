/** Runs the samples of the reference, as a reader would copy them, with a gateway and a sandbox. */

import { assert, assertMatch } from "@std/assert";
import { type DocumentedOperation, documentedOperations } from "../../reference/document.ts";
import { type LanguageId, samplesOf } from "../../reference/samples/mod.ts";
import { exampleValues, filled } from "../../reference/samples/sample.ts";
import { PLAN, type Stage, stage } from "../reference/kit.ts";

/** How the samples of one language are run. */
export interface SampleRunner {
  /** The command that runs `file`; undefined if a required program is missing. */
  command(file: string): Promise<string[] | undefined>;
  /** The extension of the file. */
  extension: string;
  /** What has to be installed. Default: nothing. */
  needs?: string;
  /** Whether a sample prints the status; the SDKs throw instead if it is not a success. */
  printsStatus: boolean;
}

/**
 * Declares a test that runs the sample of every operation. If `runner` has no command, the test only
 * reports what is missing, except in CI (`CI=true`), where it fails.
 */
export function testSamples(language: LanguageId, runner: SampleRunner): void {
  Deno.test(`the ${language} sample of every operation succeeds`, async () => {
    for (const operation of documentedOperations()) {
      if (!samplesOf(operation).some(({ id }) => id === language)) continue; // no SDK has it
      await using served = await stage();
      const output = await runSample(operation, { language, runner, served });
      if (output === undefined) return skipped(runner);
      const success = operation.responses.find(({ status }) => status < 400)?.status;
      if (runner.printsStatus) assertMatch(output, new RegExp(`^(?:HTTP/1.1 )?${success}\\b`, "m"));
    }
  });
}

/** Options of {@linkcode runSample}. */
interface Run {
  language: LanguageId;
  runner: SampleRunner;
  served: Stage;
}

/** What the sample of an operation prints; undefined if a required program is missing. */
async function runSample(
  operation: DocumentedOperation,
  { language, runner, served: { gateway } }: Run,
): Promise<string | undefined> {
  const text = samplesOf(operation).find(({ id }) => id === language)?.text ?? "";
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/sample.${runner.extension}`;
    const values = { ...exampleValues(operation.parameters), ...await existing(gateway) };
    await Deno.writeTextFile(file, filled(text, { ...values, host: gateway.url }));
    const [command, ...args] = await runner.command(file) ?? [];
    if (command === undefined) return undefined;
    const { success, stdout, stderr } = await new Deno.Command(command, {
      args,
      env: { TOKEN: await gateway.token(), NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    assert(success, `${operation.operationId}: ${decoder.decode(stderr)}\n${text}`);
    return decoder.decode(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Identifiers of a new batch and a new group, and of an inbound message. */
async function existing(gateway: Stage["gateway"]): Promise<Record<string, string>> {
  const call = async (path: string, body?: object) => {
    const response = await gateway.request(`/xms/v1/${PLAN}${path}`, {
      ...(body && {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
    assert(response.ok, path);
    return await response.json();
  };
  const to = ["46701234567"];
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const batch = { to, from: "12345", body: "Hello", feedback_enabled: true, send_at: sendAt };
  return {
    service_plan_id: PLAN,
    batch_id: (await call("/batches", batch)).id,
    group_id: (await call("/groups", { members: to })).id,
    inbound_id: (await call("/inbounds")).inbounds[0].id,
  };
}

function skipped({ needs }: SampleRunner): void {
  const why = `samples: skipped, since this machine lacks ${needs}`;
  assert(Deno.env.get("CI") !== "true", why);
  // deno-lint-ignore no-console -- reports the skipped test
  console.log(why);
}
