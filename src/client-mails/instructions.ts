// Checks the written instructions that a change cites (C53): a client with a register changes recipients and opt-ins only by a number of
// it.
// Invariant: a cited instruction exists and covers the matter; a client without a register is bound by the documents its contract names.
import { coversMatter, type Covered, type Instruction } from '../domain/instructions.ts';
import { RelaisError } from '../errors.ts';
import { unknownInstruction } from '../errors/unknown.ts';
import type { Sql } from '../store/database.ts';
import { findInstruction, hasInstructions } from '../store/retention/register.ts';

export interface Citing {
  readonly clientId: string;
  /** Numbers of the client's register. */
  readonly cited: readonly number[];
  /** Matters of the change; each needs an instruction that covers it. */
  readonly matters: readonly Covered[];
}

const coveredWords: Readonly<Record<Covered, string>> = {
  retention: 'la conservation',
  proofs: 'les preuves de consentement',
  recipients: 'les destinataires',
  opt_in: 'l’opt-in',
  data: 'les données',
  contract_end: 'la fin du contrat',
  statistics: 'les statistiques',
  statistics_end: 'la fin des statistiques',
  hosting: 'l’hébergement',
};

const listed = (matters: readonly Covered[], language: 'fr' | 'en'): string =>
  [...new Set(matters)].map((matter) => (language === 'fr' ? coveredWords[matter] : matter)).join(', ');

/** @throws FIND-001 for an unknown number, INSTRUCTION-001 where no cited one covers a matter */
export async function instructionsFor(
  tx: Sql,
  { clientId, cited, matters }: Citing,
): Promise<readonly Instruction[]> {
  const found: Instruction[] = [];
  for (const number of new Set(cited)) {
    const instruction = await findInstruction(tx, clientId, number);
    if (instruction === undefined) throw unknownInstruction(clientId, number);
    found.push(instruction);
  }
  const uncovered = matters.filter((matter) => !found.some((one) => coversMatter(one, matter, '')));
  if (uncovered.length > 0 && (await hasInstructions(tx, clientId)))
    throw new RelaisError('INSTRUCTION-001', [
      `${clientId} a un registre d’instructions, et aucune de celles qui sont citées ne couvre : ${listed(uncovered, 'fr')}.`,
      `${clientId} has a register of instructions, and none that is cited covers: ${listed(uncovered, 'en')}.`,
    ]);
  return found;
}

/** Citations in a note: the first by its number, all of them in a line where there are several. */
export const citedInNote = (
  instructions: readonly Instruction[],
): {
  readonly instruction?: number;
  readonly givenBy: string | undefined;
  readonly lines: readonly string[];
} => ({
  givenBy: instructions[0]?.givenBy,
  ...(instructions[0] === undefined ? {} : { instruction: instructions[0].number }),
  lines:
    instructions.length < 2
      ? []
      : [`Instructions enregistrées : ${instructions.map(({ number }) => `n° ${number}`).join(', ')}`],
});
