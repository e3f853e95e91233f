// What the laboratory must know of one real CRM besides its address: how its own people read, delete and unsubscribe there,
// and which requests besides the trial's are asked of it. Written from the CRM's own documents, never from a mapping.
import type { ChangeByHand, CrmRecord, Stranger } from '../../../sandbox/simulators/simulator.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Asks the real CRM as its administrator; nothing of it is recorded. @throws where it does not answer */
export type Ask = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

export interface Probe {
  readonly method: string;
  /** `{id}` is the number the latest create was answered with. */
  readonly path: string;
  /** A text goes as it is, e.g. malformed JSON. */
  readonly body?: unknown;
  /** In place of the key's; `{KEY}` of the secret's name is the key. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RealCrm {
  /** The name of the key among the secrets of the preset, and the headers of an ordinary request with it. */
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Headers of its own people, where the preset's key opens a door for new leads alone: `{STAFF_KEY}` is theirs. What they ask is no part
   * of a recording.
   */
  readonly staff?: Readonly<Record<string, string>>;
  /** What the key's place holds in a request, where it is not the secret itself. */
  readonly sent?: (secrets: Readonly<Record<string, string>>) => string;
  /** What a caller with a wrong key sends in its place; `wrong` by default. A CRM that counts wrong keys may read no other text as one. */
  readonly wrong?: (key: string) => string;
  /** Where a change or an erasure names a record, for the trial's mischief; `/{id}` by default. */
  readonly addressOf?: (id: string) => string;
  /** Creates somebody the CRM knows before the trial; recorded. */
  readonly known: (stranger: Stranger) => readonly Probe[];
  /** The number in the answer to a create. */
  readonly idOf: (answer: Answer) => string | undefined;
  readonly records: (ask: Ask) => Promise<readonly CrmRecord[]>;
  readonly deletes: (ask: Ask, id: string) => Promise<void>;
  /** Copies a record, our reference with it. */
  readonly copies?: (ask: Ask, id: string) => Promise<void>;
  /**
   * Reads its own database: a line of tabs for each living record of a lead, its reference, then 1, 0 or nothing for what its users may do
   * by e-mail and by phone.
   */
  readonly sql?: string;
  /** Its people put into a record what they were told in writing. */
  readonly changesByHand?: (ask: Ask, id: string, change: ChangeByHand) => Promise<void>;
  readonly unsubscribes?: (ask: Ask, id: string) => Promise<void>;
  /** Each list is asked in order, with records of its own. The last may lock the caller out. */
  readonly probes: readonly (readonly Probe[])[];
}
