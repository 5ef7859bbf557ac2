/** Groups: create, list, get, members, update, replace, delete. */

import type * as v from "valibot";
import { withoutNulls } from "./batch_rules.ts";
import { type Call, found, param, readBody, readQuery, type Reply } from "./call.ts";
import { Refusal } from "./errors.ts";
import { toNumber } from "./msisdn.ts";
import { pageOf } from "./paging.ts";
import type { Group } from "./plan.ts";
import { checkMsisdns, membersOf, settleStarted, unknownGroup } from "./recipients.ts";
import * as schemas from "./schemas/mod.ts";
import { formatTimestamp } from "./timestamps.ts";

export function createGroup(call: Call): Reply {
  const request = readBody(call, schemas.CreateGroupRequest);
  const nowMs = call.world.now();
  const group: Group = {
    id: call.world.newId(),
    members: new Set(checkMsisdns(request.members ?? [])),
    childGroups: checkGroups(call, request.child_groups ?? []),
    autoUpdate: checkAutoUpdate(request.auto_update),
    createdAtMs: nowMs,
    modifiedAtMs: nowMs,
  };
  rename(call, group, request.name);
  remember(call, group);
  return { status: 201, body: written(call, group) };
}

export function listGroups(call: Call): Reply {
  const query = readQuery(call, schemas.ListGroupsQuery);
  const { entries, ...page } = pageOf(call.plan.groups.newestFirst(), query);
  const body = { ...page, groups: entries.map((group) => written(call, group)) };
  return { status: 200, body };
}

export function getGroup(call: Call): Reply {
  return { status: 200, body: written(call, groupOf(call)) };
}

export function listMembers(call: Call): Reply {
  return { status: 200, body: [...membersOf(call.plan, groupOf(call))] };
}

/** Adds first and removes then; what is on both lists is not in the group. */
export function updateGroup(call: Call): Reply {
  const group = groupOf(call);
  const request = readBody(call, schemas.UpdateGroupRequest);
  const added = [...checkMsisdns(request.add ?? []), ...others(call, request.add_from_group)];
  const removed = [
    ...checkMsisdns(request.remove ?? []),
    ...others(call, request.remove_from_group),
  ];
  const autoUpdate = checkAutoUpdate(request.auto_update);
  settleStarted(call.plan, call.world.now());
  if (request.name !== undefined) rename(call, group, request.name);
  if (request.auto_update !== undefined) group.autoUpdate = autoUpdate;
  for (const member of added) group.members.add(member);
  for (const member of removed) group.members.delete(member);
  return changed(call, group);
}

export function replaceGroup(call: Call): Reply {
  const group = groupOf(call);
  const request = readBody(call, schemas.ReplaceGroupRequest);
  const replacement = {
    members: new Set(checkMsisdns(request.members)),
    childGroups: checkGroups(call, request.child_groups ?? []),
    autoUpdate: checkAutoUpdate(request.auto_update),
  };
  settleStarted(call.plan, call.world.now());
  rename(call, group, request.name);
  Object.assign(group, replacement);
  return changed(call, group);
}

export function deleteGroup(call: Call): Reply {
  const group = groupOf(call);
  settleStarted(call.plan, call.world.now());
  rename(call, group, null);
  call.plan.groups.delete(group.id);
  return { status: 200 };
}

/** A group as the API writes it. */
function written({ plan }: Call, group: Group) {
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
  return found(call.plan.groups.get(param(call, "group_id")));
}

function changed(call: Call, group: Group): Reply {
  group.modifiedAtMs = call.world.now();
  remember(call, group);
  return { status: 200, body: written(call, group) };
}

function remember({ plan }: Call, group: Group): void {
  plan.groups.set(group.id, group, group.members.size + 1);
}

/** Gives the group a name no other has, or none. */
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

function others({ plan }: Call, id: string | null | undefined): Set<string> {
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
