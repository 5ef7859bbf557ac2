import { assertEquals } from "@std/assert";
import { number, START, testSandbox } from "./kit.ts";

Deno.test("creating a group answers 201 with its size and its keywords", async () => {
  const { call } = testSandbox();
  const child = await call("POST", "/groups", { members: [number(2), number(3)] });
  const { status, body } = await call("POST", "/groups", {
    name: "Customers",
    members: [`+${number(1)}`, number(1), number(2)],
    child_groups: [child.body.id],
    auto_update: {
      to: "+1 202 555 0199",
      add: { first_word: "JOIN", second_word: null },
      remove: { first_word: "Sinch", second_word: "leave" },
    },
  });
  assertEquals(status, 201);
  assertEquals(body, {
    id: body.id,
    name: "Customers",
    size: 3,
    created_at: START,
    modified_at: START,
    child_groups: [child.body.id],
    auto_update: {
      to: "12025550199",
      add: { first_word: "JOIN" },
      remove: { first_word: "Sinch", second_word: "leave" },
    },
  });
  assertEquals((await call("GET", `/groups/${body.id}`)).body, body);
  const members = await call("GET", `/groups/${body.id}/members`);
  assertEquals(members.body, [number(1), number(2), number(3)]);
});

Deno.test("a group may have no members and no name", async () => {
  const { call } = testSandbox();
  const { status, body } = await call("POST", "/groups", {});
  assertEquals(status, 201);
  assertEquals(body, {
    id: body.id,
    size: 0,
    created_at: START,
    modified_at: START,
    child_groups: [],
  });
  assertEquals((await call("GET", `/groups/${body.id}/members`)).body, []);
});

Deno.test("groups are listed newest first, in pages", async () => {
  const { call } = testSandbox();
  for (const name of ["a", "b", "c"]) await call("POST", "/groups", { name });
  const names = async (query: string) => {
    const { body } = await call("GET", `/groups${query}`);
    return [body.count, body.page, ...body.groups.map((group: { name: string }) => group.name)];
  };
  assertEquals(await names(""), [3, 0, "c", "b", "a"]);
  assertEquals(await names("?page=1&page_size=2"), [3, 1, "a"]);
});

Deno.test("an update adds members before it removes members, and copies from other groups", async () => {
  const { call, tick, at } = testSandbox();
  const create = async (...digits: number[]) =>
    (await call("POST", "/groups", { members: digits.map(number) })).body.id;
  const [group, more, fewer] = [await create(1), await create(2, 3), await create(3, 4)];
  tick(1000);
  const { status, body } = await call("POST", `/groups/${group}`, {
    add: [`+${number(5)}`, number(6), number(1)],
    remove: [number(6), number(9)],
    add_from_group: more,
    remove_from_group: fewer,
  });
  assertEquals([status, body.size, body.modified_at], [200, 3, at(0)]);
  const { body: members } = await call("GET", `/groups/${group}/members`);
  assertEquals(members, [number(1), number(5), number(2)]);
});

Deno.test("a group is renamed by a new name, keeps its name without one, and loses it with null", async () => {
  const { call } = testSandbox();
  const { body: { id } } = await call("POST", "/groups", { name: "Before" });
  const rename = async (change: object) => (await call("POST", `/groups/${id}`, change)).body.name;
  assertEquals(await rename({ name: "After" }), "After");
  assertEquals(await rename({ add: [number(1)] }), "After");
  assertEquals((await call("POST", "/groups", { name: "Before" })).status, 201);
  assertEquals(await rename({ name: null }), undefined);
  assertEquals((await call("POST", "/groups", { name: "After" })).status, 201);
});

Deno.test("a replacement keeps only the identifier of the group", async () => {
  const { call } = testSandbox();
  const child = await call("POST", "/groups", { members: [number(3)] });
  const { body } = await call("POST", "/groups", {
    name: "Before",
    members: [number(1)],
    child_groups: [child.body.id],
    auto_update: { to: "54321" },
  });
  const replaced = await call("PUT", `/groups/${body.id}`, { members: [number(2)] });
  assertEquals(replaced.body, {
    id: body.id,
    size: 1,
    created_at: START,
    modified_at: START,
    child_groups: [],
  });
});

Deno.test("deleting a group answers 200 without a body, removes it and frees its name", async () => {
  const { call } = testSandbox();
  const { body: { id } } = await call("POST", "/groups", { name: "Once" });
  const parent = await call("POST", "/groups", { members: [number(1)], child_groups: [id] });
  const deleted = await call("DELETE", `/groups/${id}`);
  assertEquals([deleted.status, deleted.body], [200, ""]);
  assertEquals((await call("GET", `/groups/${id}`)).status, 404);
  assertEquals((await call("DELETE", `/groups/${id}`)).status, 404);
  assertEquals((await call("GET", `/groups/${parent.body.id}`)).body.size, 1);
  assertEquals((await call("POST", "/groups", { name: "Once" })).status, 201);
});

Deno.test("groups that contain each other in a cycle still have members", async () => {
  const { call } = testSandbox();
  const a = (await call("POST", "/groups", { members: [number(1)] })).body.id;
  const b = (await call("POST", "/groups", { members: [number(2)], child_groups: [a] })).body.id;
  await call("PUT", `/groups/${a}`, { members: [number(1)], child_groups: [b] });
  assertEquals((await call("GET", `/groups/${a}`)).body.size, 2);
});

Deno.test("a scheduled batch is sent to the members that the group has at that time", async () => {
  const { call, tick, at } = testSandbox();
  const group = (await call("POST", "/groups", { members: [number(1)] })).body.id;
  const batch = (await call("POST", "/batches", {
    to: [group, number(5)],
    body: "Hi",
    send_at: at(60_000),
  })).body.id;
  const reached = async () =>
    (await call("GET", `/batches/${batch}/delivery_report?type=full`)).body.statuses
      .flatMap((status: { recipients: string[] }) => status.recipients);
  await call("POST", `/groups/${group}`, { add: [number(2)] });
  assertEquals(await reached(), [number(1), number(2), number(5)]);
  tick(60_000);
  await call("POST", `/groups/${group}`, { add: [number(3)] });
  await call("DELETE", `/groups/${group}`);
  assertEquals(await reached(), [number(1), number(2), number(5)]);
});

Deno.test("a group that is deleted before a batch is sent has no recipients", async () => {
  const { call, tick, at } = testSandbox();
  const group = (await call("POST", "/groups", { members: [number(1)] })).body.id;
  const batch = (await call("POST", "/batches", { to: [group], body: "Hi", send_at: at(1000) }))
    .body.id;
  await call("DELETE", `/groups/${group}`);
  tick(10_000);
  const { body } = await call("GET", `/batches/${batch}/delivery_report`);
  assertEquals([body.total_message_count, body.statuses], [0, []]);
});

Deno.test("the oldest groups are dropped when there are too many, and their names become free", async () => {
  const { call } = testSandbox({ maxGroups: 1 });
  await call("POST", "/groups", { name: "First" });
  await call("POST", "/groups", { name: "Second" });
  assertEquals((await call("GET", "/groups")).body.count, 1);
  assertEquals((await call("POST", "/groups", { name: "First" })).status, 201);
});
