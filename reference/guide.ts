/** A page about the gateway: its place in the list. */
export interface Guide {
  /** Its name in the address. */
  readonly name: string;
  readonly title: string;
  /** The group in which it is listed. */
  readonly group: string;
  /** Its headings of the second and third level: id and text. */
  readonly headings: readonly (readonly [id: string, text: string])[];
  /** Loads its content. */
  readonly load: () => Promise<{ readonly content: GuideContent }>;
}

/** The content of a guide. */
export interface GuideContent {
  readonly title: string;
  /** Its first sentence. */
  readonly description: string;
  /** Rendered from Markdown. */
  readonly html: string;
}
