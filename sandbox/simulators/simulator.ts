// Defines a simulated CRM: it judges requests as the real one does, keeps records of its own and shows them.
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

/** A living record as a user of the CRM sees it; erased records are absent. */
export interface CrmRecord {
  /** The CRM's own number. */
  readonly id: string;
  /** The centre's reference; '' where the record came from elsewhere. */
  readonly reference: string;
  readonly lastName: string;
  readonly firstName: string;
  readonly email: string;
  readonly phone: string;
  /** Contacts the CRM allows its users, read from its own place for that; absent without such an address. */
  readonly mayContact: { readonly email?: boolean; readonly phone?: boolean };
  /** A part of the address of its changes, though not of its deletion; `/` and its number when absent. */
  readonly place?: string;
}

/** A person in the CRM from before the first lead. */
export type Stranger = Pick<CrmRecord, 'lastName' | 'firstName' | 'email' | 'phone'>;

/** The state that the client is asked in writing to put into a record. */
export interface ChangeByHand {
  readonly mayContact: CrmRecord['mayContact'];
  readonly phone: string;
}

export interface SimulatedCrm {
  /** Judges a request, and keeps it as the real one would. */
  readonly answer: (request: CrmRequest) => CrmAnswer;
  /** Answers while its database is away: one for each request in turn, the last for all later ones. */
  readonly whenDown: readonly (CrmAnswer | 'hangs')[];
  /** From the CRM or the proxy before it, when requests come too fast. */
  readonly whenBusy: CrmAnswer;
  readonly records: () => readonly CrmRecord[];
  /** Complaints of the client's administrator. */
  readonly complaints: () => readonly string[];
  /** The client deletes a record by hand. */
  readonly deletedByHand: (id: string) => void;
  /** The client copies a record by hand, our reference included. */
  readonly copiedByHand?: (id: string) => void;
  /** The client changes a record by hand; only for a CRM whose changes are sent in writing. */
  readonly changedByHand?: (id: string, change: ChangeByHand) => void;
  /** The person of a record unsubscribes there from mails, as by the link at the foot of one. */
  readonly unsubscribes?: (id: string) => void;
  /** How many requests came with a wrong key. */
  readonly wrongKeys: () => number;
  /** The text in the address or the body of every request about this record; `/` and its number when absent. */
  readonly addressOf?: (id: string) => string;
  /** The client changes the key, or restores the agreed one. */
  readonly keyIsGood: (good: boolean) => void;
}

export interface SimulatorOptions {
  /** Values of the secrets the preset names. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly strangers: readonly Stranger[];
  readonly now: () => number;
  /** The administrator's lock against wrong keys: how many, within how many ms. The real one's default when absent. */
  readonly lock?: { readonly wrongKeys: number; readonly withinMs: number };
  /** Lifetime of a token, ms. The real one's default when absent. */
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

/** A simulated CRM as the trials use it. */
export interface Simulator {
  /** As in `mappings/presets/NAME`. */
  readonly preset: string;
  /** The sources of the model. */
  readonly modelled: string;
  /** Names of the secrets that identify the client. */
  readonly secretNames: readonly string[];
  /** One record for each request, or one for each person with its requests. Requests when absent. */
  readonly keeps?: 'requests' | 'persons';
  /**
   * `in writing`: it accepts new leads only; support asks its people for records, and sends them changes in writing.
   * `erasures in writing`: it accepts everything but erasures.
   */
  readonly changes?: 'in writing' | 'erasures in writing';
  /** The expected end of a lead it refuses: a required field is missing, or its rules refuse a known person. */
  readonly turnsAway?: (
    person: Readonly<Record<string, string>>,
    strangers: readonly Stranger[],
  ) => 'invalid' | 'refused' | undefined;
  /** A secret that is a whole address: its name in the example, its path, and the secret at its end. */
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

/** A page as nginx or Apache writes it. */
export const page = (status: number, title: string): CrmAnswer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body>\r\n<center><h1>${status} ${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
});

/** True when one more request fits: `most` within `withinMs`. */
export function createRate(now: () => number, most: number, withinMs: number): () => boolean {
  let recent: number[] = [];
  return () => {
    recent = recent.filter((at) => at > now() - withinMs);
    if (recent.length >= most) return false;
    recent.push(now());
    return true;
  };
}
