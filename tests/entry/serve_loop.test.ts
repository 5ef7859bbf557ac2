import { assertEquals, assertThrows } from "@std/assert";
import { delay } from "@std/async/delay";
import { type AcceptingServer, ServeLoop } from "../../entry/serve_loop.ts";

/** A server whose accept loop fails on demand. */
class FakeServer implements AcceptingServer {
  readonly #accepting = Promise.withResolvers<void>();
  readonly #answered = Promise.withResolvers<void>();
  shutdowns = 0;

  get finished(): Promise<void> {
    return this.#accepting.promise;
  }

  fail(): void {
    this.#accepting.reject(new Error("Too many open files"));
  }

  /** Ends the last outstanding request. */
  answerLast(): void {
    this.#answered.resolve();
  }

  shutdown(): Promise<void> {
    this.shutdowns++;
    return this.#answered.promise;
  }
}

/** A serve loop of fake servers; the first `refused` attempts to listen again fail. */
function fakeLoop(refused = 0) {
  const servers: FakeServer[] = [];
  const failures: unknown[] = [];
  const loop = new ServeLoop({
    start() {
      if (servers.length > 0 && refused-- > 0) throw new Error("Address in use");
      const server = new FakeServer();
      servers.push(server);
      return server;
    },
    onFailure: (cause) => failures.push(cause),
    refuseUnreadBodies() {},
    onRecovery() {},
  });
  return { loop, servers, failures };
}

Deno.test("after accepting fails another server listens, and the first one answers its requests", async () => {
  const { loop, servers, failures } = fakeLoop(2);
  loop.listen();
  servers[0]!.fail();
  await delay(450);
  assertEquals([servers.length, servers[0]!.shutdowns, failures.length], [2, 1, 1]);
  servers[1]!.fail();
  await delay(150);
  assertEquals([servers.length, servers[1]!.shutdowns, failures.length], [3, 1, 2]);
  for (const server of servers) server.answerLast();
  await loop.shutdown(); // clears the recovery timer
});

Deno.test("a shutdown waits for the requests of all servers, and no server listens again", async () => {
  const { loop, servers } = fakeLoop();
  loop.listen();
  servers[0]!.fail();
  await delay(150);
  let isOver = false;
  const over = loop.shutdown().then(() => isOver = true);
  servers[1]!.answerLast();
  servers[1]!.fail();
  await delay(150);
  assertEquals([isOver, servers.length], [false, 2]);
  servers[0]!.answerLast();
  await over;
});

Deno.test("an error of the first listen is thrown to the caller", () => {
  const loop = new ServeLoop<AcceptingServer>({
    start() {
      throw new Error("Address in use");
    },
    onFailure() {},
    refuseUnreadBodies() {},
    onRecovery() {},
  });
  assertThrows(() => loop.listen(), Error, "Address in use");
});

Deno.test("a renewal starts another server, closes the one before, and is made once in 200 ms at most", async () => {
  const { loop, servers } = fakeLoop();
  loop.listen();
  loop.renew();
  assertEquals([servers.length, servers[0]!.shutdowns], [2, 0]);
  await delay(150);
  assertEquals([servers.length, servers[0]!.shutdowns], [2, 1]);
  loop.renew();
  loop.renew();
  assertEquals([servers.length, servers[1]!.shutdowns], [2, 0]);
  await delay(300);
  assertEquals([servers.length, servers[1]!.shutdowns], [3, 1]);
  for (const server of servers) server.answerLast();
  await loop.shutdown();
});

Deno.test("a renewal listens again where the port cannot be shared", async () => {
  const { loop, servers } = fakeLoop(1);
  loop.listen();
  loop.renew();
  assertEquals(servers.length, 1);
  await delay(250);
  assertEquals([servers.length, servers[0]!.shutdowns], [2, 1]);
  for (const server of servers) server.answerLast();
  await loop.shutdown();
});

Deno.test("a shutdown during a renewal closes both servers once", async () => {
  const { loop, servers } = fakeLoop();
  loop.listen();
  loop.renew();
  const over = loop.shutdown();
  await delay(150);
  assertEquals(servers.map(({ shutdowns }) => shutdowns), [1, 1]);
  for (const server of servers) server.answerLast();
  await over;
});
