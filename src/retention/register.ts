// Keeps the register of instructions and operations: a client's written orders, and the retention rules of its leads.
// Invariant: a record that keeps data longer cites an instruction that covers it (C35, C53); every record is an entry of the log.
import {
  addDelay,
  civilDate,
  isCivilDate,
  frenchDate,
  type CivilDate,
  type Delay,
} from '../domain/civil-date.ts';
import { coversMatter, type Instruction, type Covered } from '../domain/instructions.ts';
import { isLongDelay, anonymiseMonths } from '../domain/retention.ts';
import { RelaisError } from '../errors.ts';
import { raiseAlerts } from '../store/alerts/alerts.ts';
import type { Database, Sql } from '../store/database.ts';
import { appendHandover } from '../store/log/handovers.ts';
import {
  findInstruction,
  insertInstruction,
  listOperations,
  writeOperation,
  type Operation,
} from '../store/retention/register.ts';
import { isInStatistics } from '../store/statistics/counting.ts';
import { lockClients } from '../store/client-locks.ts';
import { writeNote } from '../client-mails/notes.ts';
export { listInstructions, listOperations } from '../store/retention/register.ts';

type NewInstruction = Omit<Instruction, 'number' | 'recordedAt'>;

/** Characters: a cut name would be another one, in the register and in every note that cites it. */
const mostGivenBy = 120;

/** Returns its number. @throws FIND-001, USAGE-001 */
export function recordInstruction(database: Database, instruction: NewInstruction): Promise<number> {
  const { clientId, givenOn, givenBy, covers, operation, recordedBy } = instruction;
  return database.transaction(async (tx) => {
    if (givenBy.length > mostGivenBy)
      throw new RelaisError('USAGE-001', [
        `Qui l’a donnée : ${mostGivenBy} caractères au plus.`,
        `Name of the giver: ${mostGivenBy} characters at most.`,
      ]);
    await lockedClient(tx, clientId);
    requireDate(givenOn);
    requireOneWord(instruction);
    if (givenOn > civilDate(tx.now()))
      throw new RelaisError('USAGE-001', `An instruction of ${givenOn} has not been given yet.`);
    const number = await insertInstruction(tx, instruction);
    await appendHandover(tx, {
      entry: 'instruction_recorded',
      clientId,
      actor: recordedBy,
      reason: [`#${number}`, covers.join('+'), ...(operation === '' ? [] : [operation])].join(' '),
    });
    await noteOfInstruction(tx, { ...instruction, number });
    if (covers.includes('statistics_end') && (await isInStatistics(tx, clientId)))
      await raiseAlerts(tx, [{ kind: 'statistics_withdrawn', clientId }]);
    return number;
  });
}

interface NewOperation {
  readonly clientId: string;
  readonly code: string;
  readonly kind: Operation['kind'];
  readonly endsOn?: CivilDate;
  readonly delay?: Delay;
  readonly instruction?: number;
  /** Name of the asker for the client's note (C48); absent: the giver of the instruction, or the centre by itself. */
  readonly askedBy?: string | undefined;
  readonly recordedBy: string;
}

interface RecordedOperation {
  /** The delay is longer than three years after the last sign, and was possibly not meant. */
  readonly long: boolean;
  /** Number of the client's note; undefined where nothing was changed. */
  readonly note: number | undefined;
}

/** @throws FIND-001, USAGE-001, RETENTION-001 when it keeps data longer and no instruction covers that */
export function recordOperation(database: Database, given: NewOperation): Promise<RecordedOperation> {
  const { clientId, code, kind, endsOn, delay, recordedBy } = given;
  return database.transaction(async (tx) => {
    await lockedClient(tx, clientId);
    requireSense(given);
    const before = (await listOperations(tx, clientId)).find((operation) => operation.code === code);
    const why = keepsLonger(before, given);
    const cited = await requireInstruction(tx, given, why);
    const operation = { ...given, instruction: given.instruction ?? 0 };
    await writeOperation(tx, operation);
    await appendHandover(tx, {
      entry: 'operation_recorded',
      clientId,
      actor: recordedBy,
      purpose: code,
      reason: [
        kind,
        ...(endsOn === undefined ? [] : [endsOn]),
        ...(delay === undefined ? [] : [`+${delayText(delay)}`]),
        ...(given.instruction === undefined ? [] : [`#${given.instruction}`]),
      ].join(' '),
    });
    return {
      long: delay !== undefined && isLongDelay('recurring', delay),
      note: await noteOfOperation(tx, before, operation, given.askedBy ?? cited?.givenBy),
    };
  });
}

/** `3m`, `45d`. */
export const delayText = ({ count, unit }: Delay): string => `${count}${unit === 'month' ? 'm' : 'd'}`;

/** Reason why an instruction is needed; undefined: it is not. */
function keepsLonger(before: Operation | undefined, next: NewOperation): string | undefined {
  if (next.delay !== undefined) return 'a delay of its own';
  if (before === undefined) return undefined;
  if (before.kind === 'one_off' && next.kind === 'recurring') return 'a one-off operation that continues';
  if (goneBy(next) > goneBy(before)) return 'a later end';
  return undefined;
}

/** Comparable among one-off operations; one without an end is bound by the recurring rules, which are longer. */
function goneBy({ kind, endsOn, delay }: Pick<NewOperation, 'kind' | 'endsOn' | 'delay'>): CivilDate {
  if (kind !== 'one_off') return '';
  return endsOn === undefined ? '9999-12-31' : addDelay(endsOn, delay ?? { count: 2, unit: 'month' });
}

async function requireInstruction(
  tx: Sql,
  given: NewOperation,
  why: string | undefined,
): Promise<Instruction | undefined> {
  const { clientId, code, instruction } = given;
  if (instruction === undefined) {
    if (why === undefined) return undefined;
    throw new RelaisError(
      'RETENTION-001',
      `${nameOf(code)} of ${clientId}: ${why} keeps data otherwise than the charter says, and no instruction is cited.`,
    );
  }
  const found = await findInstruction(tx, clientId, instruction);
  if (found === undefined)
    throw new RelaisError('FIND-001', `Client ${clientId} has no instruction ${instruction}.`);
  if (coversMatter(found, 'retention', code)) return found;
  throw new RelaisError(
    'RETENTION-001',
    `Instruction ${instruction} of ${clientId} covers ${found.covers.join(', ')}${found.operation === '' ? '' : ` of ${found.operation}`}, not the retention of ${nameOf(code)}.`,
  );
}

const nameOf = (code: string): string => (code === '' ? 'the requests of no operation' : code);

function requireSense({ code, kind, endsOn, delay }: NewOperation): void {
  if (endsOn !== undefined) requireDate(endsOn);
  if (code === '' && kind === 'one_off')
    throw new RelaisError(
      'USAGE-001',
      'A one-off operation has a code; without one, what is said holds for recurring requests.',
    );
  if (kind === 'recurring' && endsOn !== undefined)
    throw new RelaisError(
      'USAGE-001',
      'A recurring operation has no end; say one_off, or leave the end out.',
    );
  if (kind === 'one_off' && endsOn === undefined && delay !== undefined)
    throw new RelaisError('USAGE-001', 'A delay counts from the end of the operation: say that too.');
  if (delay !== undefined && kind === 'recurring' && delay.count === 0)
    throw new RelaisError('USAGE-001', 'A recurring request is kept for one day at least.');
}

/** An authorisation of statistics, or its end, is about the whole client. */
function requireOneWord({ covers, operation }: Pick<NewInstruction, 'covers' | 'operation'>): void {
  const [begins, ends] = [covers.includes('statistics'), covers.includes('statistics_end')];
  if (begins && ends)
    throw new RelaisError('USAGE-001', 'One instruction cannot both authorise statistics and end them.');
  if ((begins || ends) && operation !== '')
    throw new RelaisError(
      'USAGE-001',
      'Statistics are authorised for a client as a whole, not for an operation.',
    );
}

function requireDate(text: string): void {
  if (!isCivilDate(text)) throw new RelaisError('USAGE-001', `"${text}" is not a date (2026-12-31).`);
}

async function lockedClient(tx: Sql, clientId: string): Promise<void> {
  if (!(await lockClients(tx, [clientId], 'alone')).has(clientId))
    throw new RelaisError('FIND-001', `No client is called ${clientId}.`);
}

/** Years above which a delay is reported as long. */
export const longYears = anonymiseMonths / 12;

// Writes the note about a record in the register (C48): an instruction, or an operation and its effect on the retention of leads.
// Invariant: in the transaction that records it; a record without a change writes none.

const matters: Readonly<Record<Covered, string>> = {
  retention: 'la durée de conservation',
  proofs: 'la remise des preuves de consentement téléphonique avant suppression (vous y renoncez)',
  recipients: 'les destinataires',
  opt_in: 'le champ OPTIN et ses valeurs',
  data: 'les données',
  contract_end: 'la fin du contrat',
  statistics: 'les statistiques agrégées (vous les autorisez)',
  statistics_end: 'les statistiques agrégées (vous y mettez fin)',
  hosting: 'l’hébergement de vos données',
};

const noteOfInstruction = (tx: Sql, instruction: Omit<Instruction, 'recordedAt'>): Promise<number> => {
  const { clientId, number, givenOn, givenBy, document, covers, operation, recordedBy } = instruction;
  return writeNote(tx, {
    clientId,
    kind: 'instruction_recorded',
    title: `instruction n° ${number} enregistrée`,
    changes: [
      `Donnée le ${frenchDate(givenOn)} par ${givenBy}`,
      `Porte sur : ${covers.map((matter) => matters[matter]).join(' ; ')}`,
      `Opération : ${operation === '' ? 'toutes' : operation}`,
    ],
    askedBy: givenBy,
    doneBy: recordedBy,
    instruction: number,
    document,
  });
};

type Facts = Pick<Operation, 'kind' | 'endsOn' | 'delay' | 'instruction'>;

const lines: readonly (readonly [string, (facts: Facts) => string])[] = [
  ['Nature', ({ kind }) => (kind === 'one_off' ? 'ponctuelle' : 'récurrente')],
  ['Dernier jour', ({ endsOn }) => (endsOn === undefined ? 'non renseigné' : frenchDate(endsOn))],
  ['Délai de conservation', ({ delay }) => (delay === undefined ? 'celui de la charte' : delayWords(delay))],
  ['Instruction', ({ instruction }) => (instruction === 0 ? 'aucune' : `n° ${instruction}`)],
];

const delayWords = ({ count, unit }: Delay): string =>
  unit === 'month' ? `${count} mois` : `${count} jour${count > 1 ? 's' : ''}`;

/** Undefined where nothing changed. */
async function noteOfOperation(
  tx: Sql,
  before: Operation | undefined,
  after: Omit<Operation, 'recordedAt'>,
  askedBy: string | undefined,
): Promise<number | undefined> {
  const changes = lines.flatMap(([name, read]) => {
    const [was, is] = [before === undefined ? undefined : read(before), read(after)];
    if (was === is) return [];
    return [`${name} : ${was === undefined ? is : `${was} → ${is}`}`];
  });
  if (changes.length === 0) return undefined;
  const { clientId, code, instruction, recordedBy } = after;
  const what = code === '' ? 'leads sans opération enregistrée' : `opération « ${code} »`;
  return writeNote(tx, {
    clientId,
    kind: 'retention',
    title: `durée de conservation, ${what}`,
    changes,
    askedBy,
    doneBy: recordedBy,
    ...(instruction === 0 ? {} : { instruction }),
  });
}
