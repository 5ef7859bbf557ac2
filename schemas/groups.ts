/** Requests and responses of the group operations. */

import * as v from "valibot";
import { maxCharacters, Msisdn, Page, pageEntries, PageSize, UtcTimestamp } from "./common.ts";

const Name = v.pipe(v.string(), v.minLength(1), maxCharacters(20));
const GroupId = v.pipe(v.string(), v.minLength(1), maxCharacters(64), v.description("Group ID"));
const Members = v.pipe(v.array(Msisdn), v.maxLength(10_000));
const ChildGroups = v.pipe(v.array(GroupId), v.maxLength(10));

const Word = v.pipe(v.string(), maxCharacters(15), v.regex(/^\w+$/, "expected one word"));
const Keyword = v.object({ first_word: Word, second_word: v.nullish(Word) });

/** The keywords by which subscribers join and leave a group. */
export const AutoUpdate = v.object({
  to: v.pipe(v.string(), maxCharacters(64), v.description("Phone number or short code")),
  add: v.nullish(Keyword),
  remove: v.nullish(Keyword),
});

/** `POST /groups`. */
export const CreateGroupRequest = v.object({
  name: v.nullish(Name),
  members: v.nullish(Members),
  child_groups: v.nullish(ChildGroups),
  auto_update: v.nullish(AutoUpdate),
});

/** `PUT /groups/{group_id}`. */
export const ReplaceGroupRequest = v.object({
  ...CreateGroupRequest.entries,
  members: Members,
});

/** `POST /groups/{group_id}`; a name of null removes the name. */
export const UpdateGroupRequest = v.object({
  name: v.nullish(Name),
  add: v.nullish(Members),
  remove: v.nullish(Members),
  add_from_group: v.nullish(GroupId),
  remove_from_group: v.nullish(GroupId),
  auto_update: v.nullish(AutoUpdate),
});

/** Response of the operations on one group. */
export const GroupResponse = v.object({
  id: v.string(),
  name: v.optional(v.string()),
  size: v.number(),
  created_at: UtcTimestamp,
  modified_at: UtcTimestamp,
  child_groups: v.array(v.string()),
  auto_update: v.optional(AutoUpdate),
});

/** Query of `GET /groups`. */
export const ListGroupsQuery = v.object({ page: Page, page_size: PageSize });

/** Response of `GET /groups`. */
export const GroupListResponse = v.object({ ...pageEntries, groups: v.array(GroupResponse) });

/** Response of `GET /groups/{group_id}/members`. */
export const GroupMembersResponse = v.array(v.string());
