// Types of a connector's own texts: for the document a client signs, and for the draft of a mapping.
// Invariant: a secret is named, never shown; texts for people are French first, English second.

export type Both = readonly [fr: string, en: string];

/** A row of the document's table of transport. */
export interface SignedRow {
  readonly point: Both;
  readonly agreed: Both;
}

/** One of the calls that make a delivery, with its complete settings. */
export interface NamedCall<Settings> {
  readonly name: string;
  readonly settings: Settings;
}

export interface SignedWords<Settings> {
  /** How leads travel. @param settings as the file has them; each of several calls may add its own */
  readonly transport: (
    settings: Partial<Settings>,
    calls: readonly NamedCall<Settings>[],
  ) => readonly SignedRow[];
  /** The address of one message, where an update or an erasure may use another. */
  readonly address?: (settings: Settings) => Both;
  /** When a lead counts as delivered; absent where the mapping's `response` rules decide it. */
  readonly delivered?: Both | ((settings: Partial<Settings>) => Both);
  /** The reason why a test of the destination tries the address only, if it does (`Tested.tried`). */
  readonly addressOnly?: Both;
}

export interface DraftRequest {
  /** Value of `--to`; absent: a placeholder is used. */
  readonly to?: string;
  readonly clientId: string;
  /** First part of the names of the client's secrets: `HORIZON`. */
  readonly secretPrefix: string;
  /** Format of the client's sample. */
  readonly format: 'json' | 'form' | 'xml' | 'csv';
  /** The leads are in a list inside the sample's body. */
  readonly listInside: boolean;
}

/** The parts of a drafted mapping that depend on the connector. */
export interface Draft {
  /** Last part of the destination's name unless the integrator chose one. */
  readonly name: string;
  /** Lines of the mapping file. */
  readonly lines: readonly string[];
  /** Targets that client.yaml must list. */
  readonly facts: {
    readonly hosts?: readonly string[];
    readonly mailboxes?: readonly string[];
    readonly folders?: readonly string[];
  };
  readonly targets: readonly string[];
  /** Gaps that a person must fill. */
  readonly open: readonly string[];
}

export interface Drafting {
  /** Form of a value of `--to`: `https:// address`. */
  readonly to: string;
  /** Undefined where the address is another connector's; a text gives the reason why there can be no draft. */
  readonly draft: (request: DraftRequest) => Draft | string | undefined;
}
