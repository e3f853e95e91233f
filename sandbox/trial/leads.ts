// Defines the twenty leads of a trial: invented persons, the mischief each of them meets, and their expected ends.
// Invariant: fixed, so that two trials are comparable; no person can be reached (.example, +33 6 39 98).
import type { Mischief } from '../simulators/server.ts';
import type { SimulatedCrm, Stranger } from '../simulators/simulator.ts';

type Answer = 'granted' | 'refused' | 'not_asked';

/** A later act of the prospect or the centre, after the lead was delivered. */
export type Later =
  | { readonly kind: 'withdrawal'; readonly channel: 'email' | 'phone' }
  | { readonly kind: 'correction'; readonly columns: Readonly<Record<string, string>> }
  /** In the CRM itself: the gateway receives nothing of it. */
  | { readonly kind: 'unsubscribed there' }
  /** The prospect asks for erasure; perhaps after the client deleted the record. */
  | { readonly kind: 'erasure'; readonly deletedThere?: boolean };

export interface TrialLead {
  readonly reference: string;
  /** Its case, for the table. */
  readonly shows: string;
  readonly person: {
    readonly lastName: string;
    readonly firstName?: string;
    readonly email?: string;
    readonly mobile?: string;
  };
  readonly email: Answer;
  readonly phone: Answer;
  /** Inserted on an ordinary day, then while the key is wrong, then while the CRM is away. */
  readonly when: 'fair' | 'wrong key' | 'outage';
  /** Mischief of its first request. */
  readonly mischief?: Mischief;
  readonly later?: readonly Later[];
  /** The client copies its record before that. */
  readonly copiedThere?: true;
  /** Mischief of the request of its last change. */
  readonly laterMischief?: Mischief;
  /** Contacts the CRM must allow at the end. Undefined once erased. */
  readonly end: { readonly email?: boolean; readonly phone?: boolean } | undefined;
}

/** Persons in the CRM before the trial: a namesake, and one whose address a lead also has. */
export const strangers: readonly Stranger[] = [
  {
    lastName: 'Martin',
    firstName: 'Anna',
    email: 'anna.martin.autre@courriel.example',
    phone: '+33639980901',
  },
  { lastName: 'Bernard', firstName: 'Luc', email: 'luc.bernard@courriel.example', phone: '+33639980902' },
];

const phoneOf = (number: number): string => `+3363998${String(number).padStart(4, '0')}`;

/** A lead with every field and every consent. */
const lead = (
  number: number,
  shows: string,
  [firstName, lastName]: readonly [string, string],
  more: Partial<Omit<TrialLead, 'reference' | 'shows'>> = {},
): TrialLead => ({
  reference: `TR-${String(number).padStart(2, '0')}`,
  shows,
  person: {
    lastName,
    firstName,
    mobile: phoneOf(number),
    email: `${firstName}.${lastName}@courriel.example`.toLowerCase(),
  },
  email: 'granted',
  phone: 'granted',
  when: 'fair',
  end: { email: true, phone: true },
  ...more,
});

/** Both requests are of the same person. */
const nadia = {
  lastName: 'Petit',
  firstName: 'Nadia',
  email: 'nadia.petit@courriel.example',
  mobile: phoneOf(14),
};

export const trialLeads: readonly TrialLead[] = [
  lead(1, 'create', ['Anna', 'Martin']),
  lead(2, 'refusal; 500 with the row stored', ['Paul', 'Durand'], {
    mischief: 'fails after',
    email: 'refused',
    phone: 'refused',
    end: { email: false, phone: false },
  }),
  lead(3, 'never asked', ['Jeanne', 'Roux'], {
    email: 'not_asked',
    end: { email: false, phone: true },
  }),
  lead(4, 'person the CRM knew', ['Luc', 'Bernard'], { when: 'wrong key' }),
  lead(5, 'second request', ['Anna', 'Martin'], { when: 'wrong key' }),
  lead(6, 'homonym', ['Anna', 'Martin'], {
    when: 'wrong key',
    person: {
      lastName: 'Martin',
      firstName: 'Anna',
      email: 'anna.m@autre.example',
      mobile: phoneOf(6),
    },
  }),
  lead(7, 'name of 118 letters', ['Ines', 'Girard'], {
    when: 'wrong key',
    person: {
      lastName: `Girard-${'Bellevue-'.repeat(12)}Roy`,
      firstName: 'Inès',
      email: 'ines.girard@courriel.example',
      mobile: phoneOf(7),
    },
  }),
  lead(8, 'accents, an emoji, a <', ['Zoe', 'LHerault'], {
    when: 'wrong key',
    person: {
      lastName: "L'Hérault <Œuvrard> 😀",
      firstName: 'Zoé',
      email: 'zoe.lherault@courriel.example',
      mobile: phoneOf(8),
    },
  }),
  lead(9, 'no first name', ['x', 'Moreau'], {
    when: 'wrong key',
    person: { lastName: 'Moreau', email: 'moreau@courriel.example', mobile: phoneOf(9) },
  }),
  lead(10, 'phone only', ['Hugo', 'Faure'], {
    when: 'wrong key',
    end: { phone: true },
    person: { lastName: 'Faure', firstName: 'Hugo', mobile: phoneOf(10) },
  }),
  lead(11, '504 with the row stored', ['Lea', 'Blanc'], { when: 'wrong key', mischief: 'proxy gives up' }),
  lead(12, 'time-out with the row stored', ['Noe', 'Garnier'], { when: 'wrong key', mischief: 'silence' }),
  lead(13, 'cut in mid-send', ['Eva', 'Lambert'], { when: 'wrong key', mischief: 'cut before' }),
  lead(14, 'sibling, corrected later', ['x', 'x'], {
    person: nadia,
    later: [{ kind: 'correction', columns: { city: 'Nantes' } }],
    end: { email: false, phone: true },
  }),
  lead(15, 'withdrawal', ['x', 'x'], {
    person: nadia,
    later: [{ kind: 'withdrawal', channel: 'email' }],
    end: { email: false, phone: true },
  }),
  lead(16, 'throttled', ['Tom', 'Chevalier'], { when: 'outage', mischief: 'busy' }),
  lead(17, 'withdrawal behind a 504', ['Ida', 'Rousseau'], {
    when: 'wrong key',
    laterMischief: 'proxy gives up',
    end: { email: true, phone: false },
    later: [{ kind: 'withdrawal', channel: 'phone' }],
  }),
  lead(18, 'unsubscribed there, corrected', ['Max', 'Perrin'], {
    when: 'wrong key',
    later: [{ kind: 'unsubscribed there' }, { kind: 'correction', columns: { mobile: phoneOf(118) } }],
    end: { email: false, phone: true },
  }),
  lead(19, 'erasure, its answer lost', ['Rose', 'Colin'], {
    when: 'outage',
    later: [{ kind: 'erasure' }],
    laterMischief: 'cut after',
    end: undefined,
  }),
  lead(20, 'row stored after the time-out; erased', ['Gil', 'Masson'], {
    mischief: 'kept late',
    end: undefined,
    later: [{ kind: 'erasure', deletedThere: true }],
  }),
];

/** Expected ends for one CRM: where its simulator has no unsubscription, the address stays allowed. */
export const leadsOf = (
  { unsubscribes }: Pick<SimulatedCrm, 'unsubscribes'>,
  leads = trialLeads,
): readonly TrialLead[] =>
  unsubscribes === undefined
    ? leads.map((lead) =>
        lead.later?.some(({ kind }) => kind === 'unsubscribed there') === true && lead.end !== undefined
          ? { ...lead, end: { ...lead.end, email: true } }
          : lead,
      )
    : leads;

/** The phone of a lead after its corrections. */
export function phoneAtTheEnd({ person, later }: TrialLead): string {
  const corrected = later?.flatMap((change) =>
    change.kind === 'correction' ? [change.columns['mobile']] : [],
  );
  return corrected?.at(-1) ?? person.mobile ?? '';
}

/** A row of lead_intake, as the centre's software writes it. */
export function rowOf(
  { reference, person, email, phone }: TrialLead,
  clientId: string,
  now: Date,
): Readonly<Record<string, string | Date>> {
  const at = new Date(now.getTime() - 3_600_000);
  const consent = (channel: string, state: Answer): object => ({
    purpose: 'marketing',
    channel,
    state,
    recordedAt: at.toISOString(),
    source: 'form-1',
    ...(state === 'granted' ? { wordingVersion: 'w3', legalEntity: 'CLIENT EXEMPLE SAS' } : {}),
    ...(state === 'granted' && channel === 'phone'
      ? { validUntil: new Date(at.getTime() + 300 * 86_400_000).toISOString() }
      : {}),
  });
  return {
    client_id: clientId,
    reference,
    channel: 'web_form',
    collected_at: at,
    notice: 'n1',
    last_name: person.lastName,
    ...(person.firstName === undefined ? {} : { first_name: person.firstName }),
    ...(person.email === undefined ? {} : { email: person.email }),
    ...(person.mobile === undefined ? {} : { mobile: person.mobile }),
    programme: 'ESSAI-LYON',
    origin_media: 'seloger',
    postcode: '69003',
    city: 'Lyon',
    comment: 'Souhaite un balcon.',
    consents: JSON.stringify([consent('email', email), consent('phone', phone)]),
  };
}

/** A row about an existing lead. */
export function laterRow(
  { reference }: TrialLead,
  change: Exclude<Later, { readonly kind: 'erasure' | 'unsubscribed there' }>,
  clientId: string,
  now: Date,
): Readonly<Record<string, string | Date>> {
  const known = { client_id: clientId, reference, row_reference: `${reference}-${change.kind}` };
  if (change.kind === 'correction') return { ...known, kind: 'correction', ...change.columns };
  const consent = {
    purpose: 'marketing',
    channel: change.channel,
    state: 'withdrawn',
    recordedAt: now.toISOString(),
    source: 'agent-3',
  };
  return { ...known, kind: 'consent', consents: JSON.stringify([consent]) };
}
