// Matches the lines of an acknowledgement with the deliveries of its file, and reads their outcome.
// Invariant: a line names only a delivery that left in that file; of the recipient's texts only a code and a record's number are kept.
import type { ItemAnswer, LineWord, NamedBy, Outcome } from '../../../connectors/contract.ts';
import { safeCode, safeReference } from '../../domain/delivery.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Batch } from '../../store/files/batches.ts';
import type { Sql } from '../../store/database.ts';
import {
  deliveriesByKey,
  deliveriesByReference,
  type LoggedInFile,
  type NamedDelivery,
} from '../../store/files/file-acknowledgements.ts';

/** A file whose acknowledgement is read. */
export interface AcknowledgedFile extends Pick<Batch, 'id' | 'clientId' | 'destinationId' | 'sequence'> {
  /** The batches its deliveries left in. */
  readonly members: ReadonlySet<number>;
  readonly namedBy: NamedBy;
  readonly policy: CompiledMapping['retry'];
  readonly connector: string;
  readonly mappingVersionId: number;
}

/** As alerts and evidence name a file. */
export const fileName = ({ sequence }: Pick<AcknowledgedFile, 'sequence'>): string => `FILE_${sequence ?? 0}`;

/** One line with the delivery of the file that it names. */
export interface Line {
  readonly id: number;
  readonly says: LineWord;
  readonly answer: ItemAnswer;
}

export async function namedIn(
  sql: Sql,
  file: AcknowledgedFile,
  answers: readonly ItemAnswer[],
): Promise<readonly NamedDelivery[]> {
  const names = [...new Set(answers.map((answer) => answer.name).filter((name) => name !== ''))];
  return file.namedBy === 'key' ? deliveriesByKey(sql, file, names) : deliveriesByReference(sql, file, names);
}

export function matched(
  { members }: AcknowledgedFile,
  answers: readonly ItemAnswer[],
  named: readonly NamedDelivery[],
  logged: ReadonlyMap<number, readonly LoggedInFile[]>,
): { readonly lines: readonly Line[]; readonly unmatched: number; readonly unread: number } {
  const leftIn = (row: NamedDelivery): boolean =>
    (logged.get(row.id) ?? []).some((entry) => entry.entry === 'departed' && members.has(entry.batchId));
  const byName = Map.groupBy(named.filter(leftIn), (row) => row.name);
  const lines: Line[] = [];
  let unmatched = 0;
  let unread = 0;
  for (const answer of answers) {
    const found = byName.get(answer.name) ?? [];
    const row = found.find(({ batchId }) => members.has(batchId)) ?? found.at(-1);
    if (row === undefined) unmatched += 1;
    else if (answer.says === undefined) unread += 1;
    else lines.push({ id: row.id, says: answer.says, answer });
  }
  return { lines, unmatched, unread };
}

export type Sense = 'has' | 'has_not' | 'again';
export const senses: Readonly<Record<LineWord, Sense>> = {
  accepted: 'has',
  duplicate: 'has',
  refused: 'has_not',
  again: 'again',
};
const sensesOfOutcomes: Readonly<Record<string, Sense>> = {
  accepted: 'has',
  duplicate: 'has',
  refused: 'has_not',
  unavailable: 'again',
};

/** The first that was said of a delivery in this file. */
export function earlierSense(
  entries: readonly LoggedInFile[],
  { members }: AcknowledgedFile,
): Sense | undefined {
  const said = entries.find(
    ({ entry, batchId, outcome }) =>
      entry === 'lookup' && members.has(batchId) && sensesOfOutcomes[outcome] !== undefined,
  );
  return said === undefined ? undefined : sensesOfOutcomes[said.outcome];
}

const noReason = 'NO_REASON';

export function outcomeOf(says: LineWord, { reason, id }: ItemAnswer): Outcome {
  const code = reason === undefined ? noReason : safeCode(reason);
  const reference = safeReference(id);
  switch (says) {
    case 'accepted':
    case 'duplicate':
      return { kind: says, reference };
    case 'refused':
      return { kind: 'refused', reason: code };
    case 'again':
      return { kind: 'unavailable', reason: code, maybeReceived: false };
  }
}
