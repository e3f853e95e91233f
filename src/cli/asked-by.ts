// Options that name the asker of a change for the client's note (C48).
// Invariant: a note keeps it for good: no mail address, no phone number, and never a prospect.
import { collect, impersonal, wholeNumber } from './arguments.ts';

export const askedByOption = [
  '--asked-by <who>',
  "who asked for it, for the client's note (C48): a function or a company; default: the centre itself",
] as const;

export const instructionOption = [
  '--instruction <number>',
  "written instruction of the client it rests on (C53); may be repeated; needed where the client's register has any",
  collect,
] as const;

/** @throws USAGE-001 */
export const instructionsOf = (given: readonly string[] | undefined): readonly number[] =>
  (given ?? []).map(wholeNumber);

/** @throws USAGE-001 when it names a way to reach a person */
export function askedByOf(given: string | undefined): string | undefined {
  const text = given?.trim() ?? '';
  return text === '' ? undefined : impersonal(text, '--asked-by');
}

export const noteWords = (clientId: string, number: number): string =>
  `Note ${number} is written and goes to the client's contact: relais note show ${clientId} ${number}`;
