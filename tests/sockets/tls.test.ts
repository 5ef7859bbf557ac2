import { assertEquals, assertMatch } from "@std/assert";
import { startGateway } from "../observability/gateway_process.ts";
import {
  type Certificate,
  type CertificateAuthority,
  certificateAuthority,
} from "../support/certificates.ts";

/** A company's own certificate authority, and one that nobody trusts. */
const [trusted, stranger] = await Promise.all([certificateAuthority(), certificateAuthority()]);

interface Case {
  readonly name: string;
  readonly certificate: (ca: CertificateAuthority) => Promise<Certificate>;
  readonly by?: CertificateAuthority;
  readonly status: number;
  /** What the log says; absent: nothing, as it worked. */
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
    name: "a certificate of an authority that nobody trusts",
    certificate: (ca) => ca.issue(),
    by: stranger,
    status: 503,
    cause: /^TLS certificate not trusted/,
  },
];

for (const { name, certificate, by = trusted, status, cause } of CASES) {
  Deno.test(`over HTTPS, ${name} is ${cause ? "503, nothing sent, and its cause in the log" : "as good as HTTP"}`, async () => {
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
