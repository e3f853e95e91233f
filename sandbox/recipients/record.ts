// Defines a recipient's report, in one shape for a CRM, a mailbox and a folder of files.
// Invariant: comes from the recipient's own files alone; contains nothing of the gateway's database or code.

export interface Received {
  readonly destination: string;
  /** Key the recipient can see: `webhook-id`, or the one in `Message-ID`. Rows of a file carry the reference only. */
  readonly key?: string;
  /** The centre's reference of the lead. */
  readonly reference: string;
  readonly action: 'create' | 'update' | 'erase';
  /** The opt-ins as they arrived, by the client's own field name. An absent field is absent here. */
  readonly optIn: Readonly<Record<string, string>>;
  /** How often it came; more than once means the recipient recognised it and kept one. */
  readonly times: number;
  /** Where a person can see it. */
  readonly place: string;
}

export interface RecipientReport {
  readonly received: readonly Received[];
  /** Faults found by the recipient itself: an unreadable file, a check sum that differs. */
  readonly complaints: readonly string[];
}

export interface DemoRecipient {
  readonly destination: string;
  /** Folder or file a person can open. */
  readonly place: string;
  /** Read afresh from the files, so that a change made by hand shows. */
  readonly read: () => Promise<RecipientReport>;
  /** One real payload as it arrived, to be shown; undefined before the first. */
  readonly sample: () => Promise<
    { readonly title: string; readonly text: string; readonly optInLines: RegExp } | undefined
  >;
  readonly close: () => Promise<void>;
}
