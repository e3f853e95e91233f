// Lists the transmissions of a lead from the log: one line for each departure that may have reached a recipient. Pure.
// Invariant: a possible reception is listed; only a departure that certainly sent nothing is left out.
import { splitReason } from '../../domain/delivery.ts';
import { saysNothingLeft } from '../../domain/nothing-left.ts';
import type { LeadEntry } from '../../store/lead-log.ts';

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

export interface Transmission {
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
