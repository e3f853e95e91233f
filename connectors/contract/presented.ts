// What a connector says of itself: in the document a client signs, and in the draft of a mapping.
// Invariant: a secret is named, never shown; what people read is French first, English second.

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
  /** How leads travel. @param settings as the file has them; each of several calls may bring its own */
  readonly transport: (
    settings: Partial<Settings>,
    calls: readonly NamedCall<Settings>[],
  ) => readonly SignedRow[];
  /** Where one message goes, where an update or an erasure may go elsewhere. */
  readonly address?: (settings: Settings) => Both;
  /** What counts as delivered; absent where the mapping's `response` rules say it. */
  readonly delivered?: Both | ((settings: Partial<Settings>) => Both);
  /** Why a test of the destination tries the address only, if it does (`Tested.tried`). */
  readonly addressOnly?: Both;
}

export interface DraftRequest {
  /** What the integrator gave as `--to`; absent: a placeholder stands in. */
  readonly to?: string;
  readonly clientId: string;
  /** How names of the client's secrets begin: `HORIZON`. */
  readonly secretPrefix: string;
  /** Format of the client's sample. */
  readonly format: 'json' | 'form' | 'xml' | 'csv';
  /** The leads stand in a list inside the sample's body. */
  readonly listInside: boolean;
}

/** What of a drafted mapping depends on how it is sent. */
export interface Draft {
  /** Last part of the destination's name unless the integrator chose one. */
  readonly name: string;
  /** Lines of the mapping file. */
  readonly lines: readonly string[];
  /** What client.yaml must list. */
  readonly facts: {
    readonly hosts?: readonly string[];
    readonly mailboxes?: readonly string[];
    readonly folders?: readonly string[];
  };
  readonly targets: readonly string[];
  /** What a person must fill in. */
  readonly open: readonly string[];
}

export interface Drafting {
  /** What may follow `--to`: `https:// address`. */
  readonly to: string;
  /** Undefined where the address is another connector's; a text says why there can be no draft. */
  readonly draft: (request: DraftRequest) => Draft | string | undefined;
}
