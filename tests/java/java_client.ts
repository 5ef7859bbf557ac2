import { assert } from "@std/assert";

/** The programs that {@linkcode javaClient} requires. */
export const NEEDS_JAVA = "mvn, javac and java (Debian: maven, default-jdk-headless)";

/** The environment of the Java program. */
export interface JavaRequest {
  /** Base URL of the gateway. */
  gateway: string;
  servicePlan: string;
  token: string;
}

/** The last answer that the Java program got. */
export interface JavaAnswer {
  readonly status: number;
  /** The value of a header named exactly `www-authenticate`; empty if there is none. */
  readonly challenge: string;
  /** The `code` of an error. */
  readonly code?: string;
  readonly id?: string;
}

/** The compiled Java program; its folder is removed at the end of the scope. */
export interface JavaClient extends AsyncDisposable {
  /** Sends one batch, with the retries of the HTTP client. */
  send(request: JavaRequest): Promise<JavaAnswer>;
}

const HERE = new URL(".", import.meta.url);

/**
 * Fetches the HTTP client of the Java SDK and compiles the program that uses it.
 *
 * @returns undefined if a program is missing; in CI (`CI=true`) that throws
 * @throws if fetching or compiling fails
 */
export async function javaClient(): Promise<JavaClient | undefined> {
  if (!await hasPrograms()) {
    if (Deno.env.get("CI") === "true") throw new Error(`needs ${NEEDS_JAVA}`);
    return undefined;
  }
  const folder = await Deno.makeTempDir({ prefix: "java-client-" });
  const pom = new URL("pom.xml", HERE).pathname;
  const fetching = ["--quiet", "--batch-mode", "--file", pom, "dependency:copy-dependencies"];
  await run("mvn", [...fetching, `-DoutputDirectory=${folder}`]);
  const classPath = `${folder}/*:${folder}`;
  await run("javac", ["-cp", classPath, "-d", folder, new URL("Send.java", HERE).pathname]);
  return {
    send: async ({ gateway, servicePlan, token }) =>
      parse(
        await run("java", ["-cp", classPath, "Send"], {
          SMS_GATEWAY: gateway,
          SERVICE_PLAN: servicePlan,
          TOKEN: token,
        }),
      ),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function hasPrograms(): Promise<boolean> {
  try {
    for (const program of ["mvn", "javac", "java"]) await run(program, ["-version"]);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function run(program: string, args: string[], env = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, env }).output();
  const decoder = new TextDecoder();
  const output = decoder.decode(stdout);
  assert(success, `${program} failed: ${output}${decoder.decode(stderr)}`);
  return output;
}

function parse(printed: string): JavaAnswer {
  const [status, challenge = "", body = ""] = printed.split("\n");
  const { code, id } = body === "" ? {} : JSON.parse(body);
  return { status: Number(status), challenge, ...(code && { code }), ...(id && { id }) };
}
