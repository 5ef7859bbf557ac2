import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Config, ConfigError, parseConfig } from "../config.ts";
import { readSettingFile, withDeadline } from "../entry/read_file.ts";
import { type FileContent, SettingFiles, type SettingFilesListener } from "../setting_files.ts";

const ENV = {
  SERVICE_PLANS_FILE: "plans",
  AUTH_JWKS_FILE: "keys",
  AUTH_ISSUER: "i",
  AUTH_AUDIENCE: "a",
};
const KEYS = JSON.stringify({ keys: [{ kty: "OKP", crv: "Ed25519", x: "a" }] });
const plans = (token: string) => JSON.stringify({ plan: token });

/** Setting files in memory, and what became of their changes. */
async function world(env: Record<string, string> = ENV) {
  const disk: Record<string, FileContent> = {
    plans: { text: plans("first") },
    keys: { text: KEYS },
  };
  const events: string[] = [];
  const applied: Config[] = [];
  const files = new SettingFiles(env, {
    readFile: (path) => Promise.resolve(disk[path] ?? { problem: "there is no such file" }),
    parse: (environment) => Promise.resolve().then(() => parseConfig(environment)),
  });
  const listener: SettingFilesListener = {
    apply: (config) => Promise.resolve(void applied.push(config)),
    taken: (name) => void events.push(`taken ${name}`),
    refused: (name, reason) => void events.push(`refused ${name}: ${reason}`),
  };
  const config = await files.load();
  return { disk, events, applied, files, listener, config, look: () => files.look(listener) };
}

Deno.test("the values of settings come from their files", async () => {
  const { config } = await world();
  assertEquals(config.servicePlans, { plan: "first" });
});

Deno.test("a setting and its file exclude each other, and a missing file is named", async () => {
  const error = await assertRejects(
    () => world({ ...ENV, SERVICE_PLANS: plans("other"), AUTH_JWKS_FILE: "nowhere" }),
    ConfigError,
  );
  assertEquals(error.faults.toSorted(), [
    "AUTH_JWKS_FILE: there is no such file",
    "SERVICE_PLANS and SERVICE_PLANS_FILE exclude each other: set one of them",
  ]);
});

Deno.test("an invalid file is named by its variable, without its content", async () => {
  const { files, disk } = await world();
  disk.plans = { text: "not-json" };
  const error = await assertRejects(() => files.load(), ConfigError);
  assertStringIncludes(error.message, "SERVICE_PLANS_FILE is not valid");
  assertEquals(error.message.includes("not-json"), false);
});

Deno.test("an empty file does not mean the default", async () => {
  const { files, disk } = await world();
  disk.plans = { text: "" };
  const error = await assertRejects(() => files.load(), ConfigError);
  assertStringIncludes(error.message, "SERVICE_PLANS_FILE: the file is empty");
});

Deno.test("a change is taken over at the second look that sees it, and once", async () => {
  const { disk, events, applied, look } = await world();
  await look();
  disk.plans = { text: plans("second") };
  await look();
  assertEquals(events, []);
  await look();
  await look();
  assertEquals(events, ["taken SERVICE_PLANS_FILE"]);
  assertEquals(applied.map(({ servicePlans }) => servicePlans), [{ plan: "second" }]);
});

Deno.test("a file that changes at every look is not taken over until it stays the same", async () => {
  const { disk, events, look } = await world();
  for (let times = 0; times < 5; times++) {
    disk.plans = { text: plans(`token-${times}`) };
    await look();
  }
  assertEquals(events, []);
});

Deno.test("a look at once takes over what is there", async () => {
  const { disk, events, files, listener } = await world();
  disk.plans = { text: plans("second") };
  await files.look(listener, { atOnce: true });
  assertEquals(events, ["taken SERVICE_PLANS_FILE"]);
});

Deno.test("a broken file is refused once, and named until it is good again", async () => {
  const { disk, events, applied, files, look } = await world();
  for (const content of [{ text: "{" }, { problem: "there is no such file" }]) {
    disk.plans = content;
    for (let times = 0; times < 4; times++) await look();
    assertEquals(files.refused, ["SERVICE_PLANS_FILE"]);
  }
  assertEquals(
    events.map((event) => event.split(":")[0]),
    Array(2).fill("refused SERVICE_PLANS_FILE"),
  );
  disk.plans = { text: plans("first") };
  for (let times = 0; times < 2; times++) await look();
  assertEquals([files.refused, applied.length], [[], 0]);
});

Deno.test("a good change is taken over although another file is broken at the same time", async () => {
  const { disk, events, applied, files, look } = await world();
  disk.plans = { text: plans("second") };
  disk.keys = { text: "[]" };
  for (let times = 0; times < 2; times++) await look();
  assertEquals(applied.map(({ servicePlans }) => servicePlans), [{ plan: "second" }]);
  assertEquals(files.refused, ["AUTH_JWKS_FILE"]);
  assertEquals(events[0], "taken SERVICE_PLANS_FILE");
});

Deno.test("changes that only fit together are taken over together", async () => {
  const { disk, files, listener, events } = await world();
  const picky: SettingFilesListener = {
    ...listener,
    apply(config) {
      const fits = (config.servicePlans.plan === "second") ===
        (JSON.stringify(config.auth).includes('"x":"b"'));
      return fits ? Promise.resolve() : Promise.reject(new ConfigError(["they do not fit"]));
    },
  };
  disk.plans = { text: plans("second") };
  await files.look(picky, { atOnce: true });
  assertEquals(files.refused, ["SERVICE_PLANS_FILE"]);
  disk.keys = { text: KEYS.replace('"a"', '"b"') };
  await files.look(picky, { atOnce: true });
  assertEquals(files.refused, []);
  assertEquals(events, [
    "refused SERVICE_PLANS_FILE: they do not fit",
    "taken SERVICE_PLANS_FILE",
    "taken AUTH_JWKS_FILE",
  ]);
});

Deno.test("readSettingFile cuts a byte order mark and the last line break, and says why it cannot", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/a`, "\uFEFFsecret\r\n");
    assertEquals(await readSettingFile(`${folder}/a`), { text: "secret" });
    assertEquals(await readSettingFile(`${folder}/b`), { problem: "there is no such file" });
    assertEquals(await readSettingFile(folder), { problem: "it names no file" });
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    assertEquals(await readSettingFile(`${folder}/pipe`), { problem: "it names no file" });
    const large = await Deno.create(`${folder}/large`);
    await large.truncate(9 * 1024 * 1024);
    large.close();
    assertEquals(await readSettingFile(`${folder}/large`), {
      problem: "the file is larger than 8388608 bytes",
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a file that cannot be read in time is a problem, and is not opened once more meanwhile", async () => {
  const opened: string[] = [];
  const content = Promise.withResolvers<FileContent>();
  const read = withDeadline((path) => {
    opened.push(path);
    return content.promise;
  }, 20);
  const problem = "the file cannot be read (timeout)";
  assertEquals([await read("a"), await read("a"), await read("b")], Array(3).fill({ problem }));
  content.resolve({ text: "late" });
  assertEquals([await read("a"), opened], [{ text: "late" }, ["a", "b"]]);
});
