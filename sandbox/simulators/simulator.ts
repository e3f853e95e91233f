// What a simulated CRM is: it judges requests as the real one does, keeps records of its own and shows them.
// Invariant: written from recorded answers and the CRM's habits, never from a mapping or the gateway's code.

export interface CrmRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Others of the same method and path that are under way at this moment. */
  readonly beside: number;
}

export interface CrmAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A living record as a user of the CRM sees it; what was erased is not among them. */
export interface CrmRecord {
  /** The CRM's own number. */
  readonly id: string;
  /** The centre's reference; '' where the record came from elsewhere. */
  readonly reference: string;
  readonly lastName: string;
  readonly firstName: string;
  readonly email: string;
  readonly phone: string;
  /** What the CRM lets its users do, read in the place where it keeps that; absent where there is no such address. */
  readonly mayContact: { readonly email?: boolean; readonly phone?: boolean };
  /** A part of the address under which it is changed, though not deleted; `/` and its number when absent. */
  readonly place?: string;
}

/** A person the CRM knew before the first lead came. */
export type Stranger = Pick<CrmRecord, 'lastName' | 'firstName' | 'email' | 'phone'>;

/** What a person at the client's is asked in writing to put into a record: how it stands now. */
export interface ChangeByHand {
  readonly mayContact: CrmRecord['mayContact'];
  readonly phone: string;
}

export interface SimulatedCrm {
  /** Judges a request, and keeps what the real one would keep. */
  readonly answer: (request: CrmRequest) => CrmAnswer;
  /** While its database is away; the first for the first request, the last for ever after. */
  readonly whenDown: readonly (CrmAnswer | 'hangs')[];
  /** From the CRM or the proxy before it, when requests come too fast. */
  readonly whenBusy: CrmAnswer;
  readonly records: () => readonly CrmRecord[];
  /** What the client's administrator would complain of. */
  readonly complaints: () => readonly string[];
  /** Somebody at the client's deletes a record. */
  readonly deletedByHand: (id: string) => void;
  /** Somebody at the client's copies a record, our reference with it. */
  readonly copiedByHand?: (id: string) => void;
  /** Somebody at the client's changes a record; where changes are told in writing. */
  readonly changedByHand?: (id: string, change: ChangeByHand) => void;
  /** The person of a record unsubscribes there from mails, as by the link at the foot of one. */
  readonly unsubscribes?: (id: string) => void;
  /** How many requests came with a key it does not take. */
  readonly wrongKeys: () => number;
  /** What stands in the address or the body of a request about this record; `/` and its number where absent. */
  readonly addressOf?: (id: string) => string;
  /** The client changes the key, or gives the agreed one back. */
  readonly keyIsGood: (good: boolean) => void;
}

export interface SimulatorOptions {
  /** Values of the secrets the preset names. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly strangers: readonly Stranger[];
  readonly now: () => number;
  /** How an administrator set the lock against wrong keys: how many, within how many ms. The real one's default when absent. */
  readonly lock?: { readonly wrongKeys: number; readonly withinMs: number };
  /** How long a token lives, ms. The real one's default when absent. */
  readonly tokensLiveMs?: number;
}

/** A JSON object as the body; undefined where it is none. */
export function bodyOf({ body }: CrmRequest): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** What stands for one CRM in trials. */
export interface Simulator {
  /** As in `mappings/presets/NAME`. */
  readonly preset: string;
  /** What it was modelled on. */
  readonly modelled: string;
  /** Names of the secrets it knows the client by. */
  readonly secretNames: readonly string[];
  /** One record for a request, or one for a person, whose requests are then told beside it. Requests when absent. */
  readonly keeps?: 'requests' | 'persons';
  /**
   * `in writing`: it takes new leads and nothing else; its people are asked what it has, and told in writing what changes.
   * `erasures in writing`: it deletes nothing, and takes all else.
   */
  readonly changes?: 'in writing' | 'erasures in writing';
  /** How a lead must end whose person it does not take: what it asks for is missing, or its rules say no to somebody it knows. */
  readonly turnsAway?: (
    person: Readonly<Record<string, string>>,
    strangers: readonly Stranger[],
  ) => 'invalid' | 'refused' | undefined;
  /** A secret that is a whole address: its name in the example, and the secret it ends with, behind this path. */
  readonly secretAddress?: { readonly name: string; readonly path: string; readonly key: string };
  readonly open: (options: SimulatorOptions) => SimulatedCrm;
}

/** A JSON answer. */
export const json = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): CrmAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

/** What nginx or Apache writes by itself. */
export const page = (status: number, title: string): CrmAnswer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body>\r\n<center><h1>${status} ${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
});

/** Says whether one more request fits: so many within so many ms. */
export function createRate(now: () => number, most: number, withinMs: number): () => boolean {
  let recent: number[] = [];
  return () => {
    recent = recent.filter((at) => at > now() - withinMs);
    if (recent.length >= most) return false;
    recent.push(now());
    return true;
  };
}
