import { assertRejects, assertStringIncludes } from "@std/assert";
import { serve } from "../../entry/deno_server.ts";
import { ListenError } from "../../entry/server.ts";

const gateway = {
  fetch: () => new Response(),
  stopAccepting() {},
  expireAll() {},
  reconfigure() {},
  settingFileRead() {},
  refuseUnreadBodies() {},
  onError: () => new Response(),
  close: () => Promise.resolve(),
  flush: () => Promise.resolve(),
};

/** Addresses that cannot be listened on. */
const UNUSABLE: readonly [host: string, port: number][] = [
  ["no.such.invalid", 0],
  ["192.0.2.1", 0], // an address for documentation (RFC 5737)
];

for (const [host, port] of UNUSABLE) {
  Deno.test(`a failure to listen on ${host} names the settings and has no stack trace`, async () => {
    const error = await assertRejects(
      async () => await serve(gateway, { host, port, shutdownGraceMs: 1 }),
      ListenError,
    );
    assertStringIncludes(error.message, `HOST ${host}, PORT ${port}`);
  });
}

Deno.test("the error for a port in use names the port", async () => {
  await using taken = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, gateway.fetch);
  const { port } = taken.addr;
  const error = await assertRejects(
    async () => await serve(gateway, { host: "127.0.0.1", port, shutdownGraceMs: 1 }),
    ListenError,
  );
  assertStringIncludes(error.message, `PORT ${port}`);
});
