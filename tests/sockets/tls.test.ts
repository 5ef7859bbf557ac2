import net from "node:net";
import { assertEquals, assertMatch } from "@std/assert";
import { startGateway } from "../observability/gateway_process.ts";
import {
  type Certificate,
  type CertificateAuthority,
  certificateAuthority,
} from "../support/certificates.ts";

/** A company's own certificate authority, and an untrusted one. */
const [trusted, untrusted] = await Promise.all([certificateAuthority(), certificateAuthority()]);

/** Time for a handshake, a request and its answer, in ms. */
const CUT_AFTER_MS = 400;

interface Case {
  readonly name: string;
  readonly certificate: (ca: CertificateAuthority) => Promise<Certificate>;
  readonly by?: CertificateAuthority;
  readonly status: number;
  /** The cause in the log; absent if the request succeeds. */
  readonly cause?: RegExp;
}

const CASES: readonly Case[] = [
  {
    name: "a certificate of the authority that DENO_CERT names",
    certificate: (ca) => ca.issue(),
    status: 201,
  },
  {
    name: "a certificate for another host name",
    certificate: (ca) => ca.issue({ host: "elsewhere.test" }),
    status: 503,
    cause: /^TLS certificate is for another host name$/,
  },
  {
    name: "an expired certificate",
    certificate: (ca) => ca.issue({ expired: true }),
    status: 503,
    cause: /^TLS certificate .*expired$/,
  },
  {
    name: "a certificate of an untrusted authority",
    certificate: (ca) => ca.issue(),
    by: untrusted,
    status: 503,
    cause: /^TLS certificate not trusted/,
  },
];

for (const { name, certificate, by = trusted, status, cause } of CASES) {
  Deno.test(`over HTTPS, ${name} is ${cause ? "503 with nothing sent, and its cause is in the log" : "accepted"}`, async () => {
    await using upstream = serveTls(await certificate(by));
    const caFile = await Deno.makeTempFile({ suffix: ".pem" });
    try {
      await Deno.writeTextFile(caFile, trusted.cert);
      await using gateway = await startGateway({
        upstream: upstream.url,
        env: { DENO_CERT: caFile },
      });
      const response = await fetch(`${gateway.url}/xms/v1/plan-1/batches`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${await gateway.token()}`,
          "content-type": "application/json",
        },
        body: "{}",
      });
      const { code } = await response.json();
      const { stdout } = await gateway.stop();
      const [line] = stdout.split("\n").filter((text) => text.includes("POST /xms"));
      const { upstream_cause } = JSON.parse(line ?? "{}");
      assertEquals([response.status, upstream.requests()], [status, cause ? 0 : 1]);
      assertEquals(code, cause ? "upstream_unreachable" : undefined);
      if (cause) assertMatch(upstream_cause, cause);
      else assertEquals(upstream_cause, undefined);
    } finally {
      await Deno.remove(caFile);
    }
  });
}

/** How the connection of an answer without Content-Length ends. */
const CUTS: Readonly<Record<string, (socket: net.Socket) => void>> = {
  "a FIN without close_notify": (socket) => socket.end(),
  "a reset": (socket) => socket.resetAndDestroy(),
};

for (const [name, cut] of Object.entries(CUTS)) {
  Deno.test(`over HTTPS, an answer without Content-Length that ends by ${name} is 502`, async () => {
    const { answer, status } = await throughProxy('HTTP/1.1 200 OK\r\n\r\n{"half":', cut);
    assertEquals([status, JSON.parse(answer).code], [502, "upstream_connection_lost"]);
  });
}

Deno.test("over HTTPS, an answer with Content-Length is complete, however its connection ends", async () => {
  const whole = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
  for (const cut of Object.values(CUTS)) {
    assertEquals(await throughProxy(whole, cut), { status: 200, answer: "{}" });
  }
});

Deno.test("over HTTPS, an error without Content-Length keeps its status", async () => {
  const { status } = await throughProxy("HTTP/1.1 403 Forbidden\r\n\r\nno", (s) => s.end());
  assertEquals(status, 403);
});

/** What a caller gets if the connection of this answer is cut at the TCP level. */
async function throughProxy(answer: string, cut: (socket: net.Socket) => void) {
  const { cert, key } = await trusted.issue();
  using upstream = Deno.listenTls({ port: 0, hostname: "127.0.0.1", cert, key });
  void answerOnce(upstream, answer);
  const proxy = cuttingProxy(upstream.addr.port, cut);
  const port = await proxy.listening;
  const caFile = await Deno.makeTempFile({ suffix: ".pem" });
  try {
    await Deno.writeTextFile(caFile, trusted.cert);
    await using gateway = await startGateway({
      upstream: `https://localhost:${port}`,
      env: { DENO_CERT: caFile },
    });
    const response = await fetch(`${gateway.url}/xms/v1/plan-1/batches`, {
      headers: { authorization: `Bearer ${await gateway.token()}` },
    });
    return { status: response.status, answer: await response.text() };
  } finally {
    await Deno.remove(caFile);
    proxy.close();
  }
}

async function answerOnce(listener: Deno.TlsListener, answer: string): Promise<void> {
  for await (const connection of listener) {
    await connection.read(new Uint8Array(65_536));
    await connection.write(new TextEncoder().encode(answer));
  }
}

/** A TCP proxy that cuts the caller's connection once it has forwarded an answer. */
function cuttingProxy(target: number, cut: (socket: net.Socket) => void) {
  const sockets: net.Socket[] = [];
  const server = net.createServer((caller) => {
    const upstream = net.connect(target, "127.0.0.1");
    sockets.push(caller, upstream);
    for (const socket of [caller, upstream]) socket.on("error", () => {});
    caller.pipe(upstream);
    upstream.pipe(caller, { end: false });
    setTimeout(() => cut(caller), CUT_AFTER_MS);
  });
  const { promise: listening, resolve } = Promise.withResolvers<number>();
  server.listen(0, "127.0.0.1", () => resolve((server.address() as net.AddressInfo).port));
  return {
    listening,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function serveTls({ cert, key }: Certificate) {
  let requests = 0;
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", cert, key, onListen() {} },
    () => {
      requests++;
      return Response.json({ id: "1" }, { status: 201 });
    },
  );
  return {
    url: `https://localhost:${server.addr.port}`,
    requests: () => requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
