/** Groups: create, list, get, members, update, replace, delete. */

import type * as v from "valibot";
import { withoutNulls } from "./batch_rules.ts";
import { type Call, orNotFound, param, readBody, readQuery, type Reply } from "./call.ts";
import { Refusal } from "./errors.ts";
import { toNumber } from "../policies/msisdn.ts";
import { pageOf } from "./paging.ts";
import { checkMsisdns, fixStartedRecipients, membersOf, unknownGroup } from "./recipients.ts";
import type { Group } from "./resources.ts";
import * as schemas from "../schemas/mod.ts";
import { formatTimestamp } from "./timestamps.ts";

/** `POST /groups`. */
export function createGroup(call: Call): Reply {
  const request = readBody(call, schemas.CreateGroupRequest);
  const nowMs = call.settings.now();
  const group: Group = {
    id: call.settings.newId(),
    members: new Set(checkMsisdns(request.members ?? [])),
    childGroups: checkGroups(call, request.child_groups ?? []),
    autoUpdate: checkAutoUpdate(request.auto_update),
    createdAtMs: nowMs,
    modifiedAtMs: nowMs,
  };
  rename(call, group, request.name);
  store(call, group);
  return { status: 201, body: serialize(call, group) };
}

/** `GET /groups`. */
export function listGroups(call: Call): Reply {
  const query = readQuery(call, schemas.ListGroupsQuery);
  const { entries, ...page } = pageOf(call.plan.groups.newestFirst(), query);
  const body = { ...page, groups: entries.map((group) => serialize(call, group)) };
  return { status: 200, body };
}

/** `GET /groups/{group_id}`. */
export function getGroup(call: Call): Reply {
  return { status: 200, body: serialize(call, groupOf(call)) };
}

/** `GET /groups/{group_id}/members`. */
export function listMembers(call: Call): Reply {
  return { status: 200, body: [...membersOf(call.plan, groupOf(call))] };
}

/** `POST /groups/{group_id}`. Adds before it removes: a number on both lists is removed. */
export function updateGroup(call: Call): Reply {
  const group = groupOf(call);
  const request = readBody(call, schemas.UpdateGroupRequest);
  const added = [
    ...checkMsisdns(request.add ?? []),
    ...membersOfGroup(call, request.add_from_group),
  ];
  const removed = [
    ...checkMsisdns(request.remove ?? []),
    ...membersOfGroup(call, request.remove_from_group),
  ];
  const autoUpdate = checkAutoUpdate(request.auto_update);
  fixStartedRecipients(call.plan, call.settings.now());
  if (request.name !== undefined) rename(call, group, request.name);
  if (request.auto_update !== undefined) group.autoUpdate = autoUpdate;
  for (const member of added) group.members.add(member);
  for (const member of removed) group.members.delete(member);
  return saveChange(call, group);
}

/** `PUT /groups/{group_id}`. */
export function replaceGroup(call: Call): Reply {
  const group = groupOf(call);
  const request = readBody(call, schemas.ReplaceGroupRequest);
  const replacement = {
    members: new Set(checkMsisdns(request.members)),
    childGroups: checkGroups(call, request.child_groups ?? []),
    autoUpdate: checkAutoUpdate(request.auto_update),
  };
  fixStartedRecipients(call.plan, call.settings.now());
  rename(call, group, request.name);
  Object.assign(group, replacement);
  return saveChange(call, group);
}

/** `DELETE /groups/{group_id}`. */
export function deleteGroup(call: Call): Reply {
  const group = groupOf(call);
  fixStartedRecipients(call.plan, call.settings.now());
  rename(call, group, null);
  call.plan.groups.delete(group.id);
  return { status: 200 };
}

/** A group as the API writes it. */
function serialize({ plan }: Call, group: Group) {
  return {
    id: group.id,
    name: group.name,
    size: membersOf(plan, group).size,
    created_at: formatTimestamp(group.createdAtMs),
    modified_at: formatTimestamp(group.modifiedAtMs),
    child_groups: group.childGroups,
    auto_update: group.autoUpdate,
  };
}

function groupOf(call: Call): Group {
  return orNotFound(call.plan.groups.get(param(call, "group_id")));
}

function saveChange(call: Call, group: Group): Reply {
  group.modifiedAtMs = call.settings.now();
  store(call, group);
  return { status: 200, body: serialize(call, group) };
}

function store({ plan }: Call, group: Group): void {
  plan.groups.set(group.id, group, group.members.size + 1);
}

/** Sets or removes the name of a group. Throws a 403 if another group has the name. */
function rename({ plan }: Call, group: Group, name: string | null | undefined): void {
  const owner = name ? plan.groupNames.get(name) : undefined;
  if (owner !== undefined && owner !== group.id) {
    throw new Refusal("conflict_group_name", `Another group has the name: ${name}.`);
  }
  if (group.name !== undefined) plan.groupNames.delete(group.name);
  group.name = name ?? undefined;
  if (name) plan.groupNames.set(name, group.id);
}

function checkGroups({ plan }: Call, ids: readonly string[]): string[] {
  const unknown = ids.find((id) => !plan.groups.get(id));
  if (unknown !== undefined) throw unknownGroup(unknown);
  return [...new Set(ids)];
}

function membersOfGroup({ plan }: Call, id: string | null | undefined): Set<string> {
  if (id === undefined || id === null) return new Set();
  const group = plan.groups.get(id);
  if (!group) throw unknownGroup(id);
  return membersOf(plan, group);
}

type AutoUpdate = v.InferOutput<typeof schemas.AutoUpdate>;

function checkAutoUpdate(request: AutoUpdate | null | undefined): AutoUpdate | undefined {
  if (!request) return undefined;
  const to = toNumber(request.to);
  if (to === undefined) {
    throw new Refusal(
      "syntax_invalid_parameter_format",
      `Field "auto_update.to" must be a phone number or a short code: ${request.to}.`,
    );
  }
  const { add, remove } = withoutNulls(request);
  return {
    to,
    ...add && { add: withoutNulls(add) },
    ...remove && { remove: withoutNulls(remove) },
  };
}
