// The shape of a person's data at one client; docs/person-export.schema.json documents it for the receiver.
// Invariant: absent stays absent (C13); times are UTC.
import type { Lead } from '../../domain/lead.ts';
import type { RequestKind, RequestState } from '../../domain/requests.ts';
import type { PaperContact } from '../papers/paper.ts';
import { splitReason, saysNothingLeft } from '../../domain/delivery.ts';
import type { LeadEntry } from '../../store/log/lead-log.ts';

export const personFormat = 'relais-person-1';

/** Why it was collected: GDPR article 15 or 20. */
export type ExportKind = 'access' | 'portability';

export interface HeldLead extends Pick<
  Lead,
  | 'reference'
  | 'revision'
  | 'channel'
  | 'collectedAt'
  | 'identity'
  | 'project'
  | 'origin'
  | 'financial'
  | 'interactions'
> {
  readonly receivedAt: Date;
  readonly erasedAt?: Date;
  readonly operation?: string;
  readonly operationKind?: string;
  readonly notice?: { readonly version: string; readonly wording?: string };
  readonly consents: readonly HeldConsent[];
  /** Earlier states of the lead that are kept while something may still have to be sent again. */
  readonly earlier: readonly Pick<HeldLead, 'revision' | 'identity' | 'project' | 'origin' | 'financial'>[];
}

export type HeldConsent = Omit<Lead['consents'][number], 'receipt' | 'leadRevision'> & {
  readonly wording?: string;
};

export interface HeldTransmission {
  readonly lead: string;
  readonly departedAt: Date;
  readonly action: string;
  readonly recipient: string;
  readonly destination: string;
  readonly by: string;
  readonly fields: readonly string[];
  /** The same by the names of the lead's data, in French. */
  readonly data: readonly string[];
  readonly optIn: readonly unknown[];
  readonly reception: Reception;
  readonly answeredAt?: Date;
}

export interface PersonFile {
  readonly format: typeof personFormat;
  readonly kind: ExportKind;
  readonly request: string | null;
  readonly madeAt: Date;
  readonly client: { readonly id: string; readonly name: string; readonly legalEntity: string };
  readonly contact: PaperContact;
  readonly leads: readonly HeldLead[];
  /** Recipients and times of the transmissions, from the log. */
  readonly transmissions: readonly HeldTransmission[];
  /** References under which recipients know the person. */
  readonly references: readonly {
    readonly lead: string;
    readonly destination: string;
    readonly reference: string;
  }[];
  /** Rows that came in and were refused; they were never used. */
  readonly refusedRows: readonly {
    readonly receivedAt: Date;
    readonly reasons: readonly string[];
    readonly values: Readonly<Record<string, string | number>>;
  }[];
  readonly oppositions: readonly { readonly optIn: string; readonly since: Date }[];
  /** Times and reasons of look-ups by the centre's staff, without the names of the staff, which are their own data. */
  readonly consultations: readonly {
    readonly lead: string;
    readonly at: Date;
    readonly what: string;
    readonly why: string;
  }[];
  /** Rights exercised before, from the log. */
  readonly rights: readonly {
    readonly lead: string;
    readonly at: Date;
    readonly what: string;
    readonly detail: string;
  }[];
  readonly requests: readonly {
    readonly number: string;
    readonly kind: RequestKind;
    /** When it was received. */
    readonly openedAt: Date;
    readonly state: RequestState;
  }[];
}

// Lists the transmissions of a lead from the log: one line for each departure that may have reached a recipient. Pure.
// Invariant: a possible reception is listed; only a departure that certainly sent nothing is left out.

export type Reception =
  /** The recipient acknowledged it. */
  | 'confirmed'
  /** Handed over where no receipt exists: mail, a file not confirmed. */
  | 'unproved'
  /** The recipient saw it and refused it. */
  | 'refused'
  /** No answer shows whether it arrived. */
  | 'unknown'
  /** Bounced: the mailbox does not exist or refused it. */
  | 'returned';

interface Transmission {
  readonly leadId: number;
  readonly deliveryId: number;
  readonly departedAt: Date;
  readonly action: LeadEntry['action'];
  readonly recipient: string;
  readonly destinationId: string;
  readonly connector: string;
  /** The mapping version that rendered it, and in which call. */
  readonly mappingVersionId: number;
  readonly callName: string;
  /** The recipient's names of the fields sent. */
  readonly fields: readonly string[];
  /** The opt-in that was sent: field, value and meaning. */
  readonly optIn: readonly unknown[];
  readonly reception: Reception;
  readonly answeredAt: Date | undefined;
}

const isSameTry = (a: LeadEntry, b: LeadEntry): boolean =>
  a.deliveryId === b.deliveryId && a.run === b.run && a.attempt === b.attempt;

/** Oldest first. */
export function transmissionsOf(entries: readonly LeadEntry[]): readonly Transmission[] {
  return entries
    .filter(({ entry }) => entry === 'departed')
    .flatMap((departed): readonly Transmission[] => {
      const answers = entries.filter(
        (entry) => isSameTry(entry, departed) && entry.callName === departed.callName && isAnswer(entry),
      );
      const returned = entries.some((entry) => entry.entry === 'bounced' && isSameTry(entry, departed));
      // The last answer counts: a look-up or a person may have found out later.
      const answer = answers.at(-1);
      const reception = returned ? 'returned' : receptionOf(answer);
      if (reception === 'nothing_left') return [];
      return [
        {
          leadId: departed.leadId,
          deliveryId: departed.deliveryId,
          departedAt: departed.at,
          action: departed.action,
          recipient: departed.recipient,
          destinationId: departed.destinationId,
          connector: departed.connector,
          mappingVersionId: departed.mappingVersionId,
          callName: departed.callName,
          fields: departed.fields === '' ? [] : departed.fields.split(' '),
          optIn: JSON.parse(departed.consents) as readonly unknown[],
          reception,
          answeredAt: answer?.at,
        },
      ];
    });
}

const isAnswer = ({ entry }: LeadEntry): boolean =>
  entry === 'outcome' || entry === 'outcome_unknown' || entry === 'late' || entry === 'resolved';

function receptionOf(answer: LeadEntry | undefined): Reception | 'nothing_left' {
  if (answer === undefined || answer.entry === 'outcome_unknown') return 'unknown';
  if (nothingLeft(answer)) return 'nothing_left';
  if (answer.entry === 'resolved') return answer.reason === 'received' ? 'confirmed' : 'refused';
  switch (answer.outcome) {
    case 'accepted':
    case 'duplicate':
      return 'confirmed';
    case 'pending':
    case 'unconfirmed':
      return 'unproved';
    case 'refused':
    case 'invalid':
    case 'unauthorized':
    case 'throttled':
    case 'unavailable':
      return 'refused';
    default:
      return 'unknown';
  }
}

const nothingLeft = ({ outcome, reason }: LeadEntry): boolean =>
  saysNothingLeft(outcome, splitReason(reason).code ?? reason);
