import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { delay } from "@std/async/delay";
import { assertError } from "../contract/errors.ts";
import { startSink } from "../deploy/sink.ts";
import { type Container, run } from "./container.ts";
import { image, type Service, services } from "./images.ts";

// Run by .ci/container, which builds the images and disables the network.

const GATEWAY = "http://127.0.0.1:8080";
const BATCHES = `${GATEWAY}/xms/v1/demo-plan/batches`;
const MESSAGE = '{"from":"12345","to":["+46701234567"],"body":"Hello from the sandbox"}';

/** The service of this name; throws if compose.yaml does not have it. */
function named(all: Record<string, Service>, name: string): Service {
  const service = all[name];
  assert(service, `compose.yaml has no service ${name}`);
  return service;
}

Deno.test("the image has the start task's command, an unprivileged user, a health check and labels", async () => {
  const { config } = await image("sms-gateway");
  assertEquals(config.User, "65532:65532");
  assertEquals(config.Entrypoint, ["/bin/deno"]);
  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  const flags = config.Cmd.filter((flag) => !/^--(cached-only|frozen)$/.test(flag));
  assertEquals(["deno", ...flags].join(" "), tasks.start.command);
  assertEquals(config.Healthcheck?.Test[0], "CMD");
  const { version } = JSON.parse(await Deno.readTextFile("deno.json"));
  assertEquals(config.Labels?.["org.opencontainers.image.version"], version);
  for (const label of ["title", "description", "licenses", "version", "revision"]) {
    assert(config.Labels?.[`org.opencontainers.image.${label}`], label);
  }
});

Deno.test("the gateway's user can write to the folder data of the image", async () => {
  const { root } = await image("sms-gateway");
  const { uid, gid, isDirectory } = await Deno.stat(`${root}/app/data`);
  assertEquals([uid, gid, isDirectory], [65532, 65532, true]);
});

Deno.test("the image lists the licence of each package in it", async () => {
  for (const name of ["sms-gateway", "sms-gateway-demo"]) {
    const { root } = await image(name);
    const text = await Deno.readTextFile(`${root}/app/THIRD_PARTY_LICENSES`);
    const { imports } = JSON.parse(await Deno.readTextFile(`${root}/app/deno.json`));
    const listed = new Set(Array.from(text.matchAll(/^(\S+) \d[^:\n]*: \S/gm), ([, id]) => id));
    for (const specifier of Object.values<string>(imports)) {
      const [, id = ""] = /^npm:(@[^/]+\/[^@/]+|[^@/]+)/.exec(specifier) ?? [];
      assert(listed.has(id), `${name} does not list the licence of ${id}`);
    }
  }
});

Deno.test("the services of compose.yaml start without a network and serve requests", async (t) => {
  const all = await services();
  const gatewayImage = await image("sms-gateway");
  const demoImage = await image("sms-gateway-demo");
  const hosts = Object.keys(all);
  await using jaeger = startSink(4318);
  await using sandbox = await run(demoImage, named(all, "sandbox"), hosts);
  await using issuer = await run(demoImage, named(all, "issuer"), hosts);
  await using gateway = await run(gatewayImage, named(all, "gateway"), hosts);
  const token = await untilServed(issuer, "http://127.0.0.1:8091/token");
  await untilServed(gateway, `${GATEWAY}/readyz`);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

  await t.step("the network is unreachable", async () => {
    const outside = await Deno.connect({ hostname: "192.0.2.1", port: 80 }).catch(() => undefined);
    assertEquals(outside, undefined);
  });

  await t.step("the issuer's log has a curl command", () => {
    assertStringIncludes(issuer.output(), `curl -i http://localhost:8080/xms/v1/demo-plan/batches`);
  });

  await t.step(
    "the gateway runs as user 65532, without capabilities, on a read-only file system",
    async () => {
      const status = await Deno.readTextFile(`/proc/${gateway.pid}/status`);
      assertMatch(status, /^Uid:\t65532\t65532\t65532\t65532$/m);
      assertMatch(status, /^CapEff:\t0+$/m);
      assertMatch(status, /^NoNewPrivs:\t1$/m);
      assertMatch(status, /^NSpid:\t\d+\t(?:\d+\t)*1$/m);
      const mounts = await Deno.readTextFile(`/proc/${gateway.pid}/mountinfo`);
      assertMatch(mounts, / \/ \/ ro,| \S+ \/ ro,/);
    },
  );

  await t.step("a message is sent and can be read", async () => {
    const sent = await fetch(BATCHES, { method: "POST", headers, body: MESSAGE });
    assertEquals(sent.status, 201);
    const { id } = await sent.json();
    const found = await fetch(`${BATCHES}/${id}`, { headers });
    assertEquals([found.status, (await found.json()).body], [200, "Hello from the sandbox"]);
  });

  await t.step("the trace is exported", async () => {
    for (let tries = 0; jaeger.spans.length < 4 && tries < 100; tries++) await delay(50);
    assertEquals(
      jaeger.spans.map(({ kind }) => kind).filter((kind) => kind === "SERVER").length,
      2,
    );
  });

  await t.step("refusals follow the contract", async () => {
    await assertError(await fetch(BATCHES), { status: 401, origin: "gateway" });
    await assertError(await fetch(`${GATEWAY}/nowhere`), { status: 404, origin: "gateway" });
    const typeless = await fetch(BATCHES, {
      method: "POST",
      headers: { ...headers, "content-type": "text/plain" },
      body: MESSAGE,
    });
    await assertError(typeless, { status: 415, origin: "gateway" });
    const shaped = await fetch(`${BATCHES}?sandbox_status=502&sandbox_shape=html`, { headers });
    await assertError(shaped, { status: 502, origin: "upstream" });
  });

  await t.step("the pages are in the image", async () => {
    for (const path of ["/openapi.json", "/docs", "/docs/errors", "/metrics"]) {
      const response = await fetch(GATEWAY + path);
      assert((await response.text()).length > 1_000, path);
      assertEquals(response.status, 200, path);
    }
  });

  await t.step("the health check reports whether the process serves requests", async () => {
    const [, ...command] = gatewayImage.config.Healthcheck?.Test ?? [];
    assertEquals(await gateway.exec(command), 0, gateway.output());
    assertEquals(await gateway.exec(command, { PORT: "1" }), 1);
  });

  await t.step(
    "after SIGTERM outstanding requests are answered, then the process exits",
    async () => {
      const slow = fetch(`${BATCHES}?sandbox_delay_ms=2000`, {
        method: "POST",
        headers,
        body: MESSAGE,
      });
      await delay(500);
      gateway.kill("SIGTERM");
      const response = await slow;
      assertEquals([response.status, (await response.json()).body], [
        201,
        "Hello from the sandbox",
      ]);
      assertEquals(await gateway.ended, 0);
      for (const line of gateway.output().trim().split("\n").slice(-1)) {
        assertEquals(JSON.parse(line).message, "stopped", line);
      }
    },
  );

  await t.step("the other services exit on SIGTERM too", async () => {
    for (const container of [sandbox, issuer]) {
      container.kill("SIGTERM");
      assertEquals(await container.ended, 0, container.output());
    }
  });
});

async function untilServed({ output }: Container, url: string): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const response = await fetch(url).catch(() => undefined);
    const text = await response?.text();
    if (response?.ok && text) return text;
    await delay(50);
  }
  throw new Error(`${url} never answered: ${output()}`);
}
