/** What the reference says of a member, in addition to its schema. */
export interface Member {
  readonly description: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly examples?: readonly unknown[];
  readonly minLength?: number;
  /** Notes of the entries, if the member is a list. */
  readonly items?: { readonly description?: string; readonly format?: string };
}
