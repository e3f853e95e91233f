// Writes the note about a record in the register (C48): an instruction, or an operation and its effect on the retention of leads.
// Invariant: in the transaction that records it; a record without a change writes none.
import { writeNote } from '../client-mails/notes.ts';
import { frenchDate, type Delay } from '../domain/civil-date.ts';
import type { Covered, Instruction } from '../domain/instructions.ts';
import type { Sql } from '../store/database.ts';
import type { Operation } from '../store/operations.ts';

const matters: Readonly<Record<Covered, string>> = {
  retention: 'la durée de conservation',
  proofs: 'la remise des preuves de consentement téléphonique avant suppression (vous y renoncez)',
  recipients: 'les destinataires',
  opt_in: 'le champ OPTIN et ses valeurs',
  data: 'les données',
  contract_end: 'la fin du contrat',
};

export const noteOfInstruction = (tx: Sql, instruction: Omit<Instruction, 'recordedAt'>): Promise<number> => {
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
export async function noteOfOperation(
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
