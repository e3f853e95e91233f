// Words of the code after the colon of a reason: our own findings, before sending or about an answer. French first.
// Invariant: a recipient's own code of refusal has no words of ours, even where it is spelt like one.
import { meaningOf } from '../../connectors/http-status.ts';
import type { Both } from '../../connectors/contract.ts';
import { codesOfAnswer, codesOfDeparture, codesOfFormat } from './codes-of-sending.ts';
import { codesOfAcknowledgements, codesOfFiles, codesOfMail, codesOfTextMessages } from './codes-of-ways.ts';

const ours: Readonly<Record<string, Both>> = {
  ...codesOfAcknowledgements,
  ...codesOfFormat,
  ...codesOfTextMessages,
  ...codesOfMail,
  ...codesOfFiles,
  ...codesOfAnswer,
  ...codesOfDeparture,
};

/** Codes with a fixed beginning and a variable end. */
const beginnings: readonly (readonly [start: string, words: Both])[] = [
  ['SCHEMA_', ['le schéma du client n’est pas respecté', 'the client’s schema is not met']],
  ['TOKEN_', ['aucun jeton n’a été obtenu', 'no token was got']],
  ['LOGIN_', ['aucune session n’a été obtenue', 'no session was got']],
  ['RENEWAL_', ['notre accès a pris fin et n’a pas été renouvelé', 'our access ended and was not renewed']],
  ['CREDENTIALS_', ['la base n’a pas donné le jeton', 'the database did not give the token']],
  ['UNMATCHED_', ['aucune règle du format ne lit cette réponse', 'no rule of the mapping reads this answer']],
];

/** Codes of ours for a recipient's refusal: of files, and where no other reason was given. */
const ofRefusals: ReadonlySet<string> = new Set(['FILE_TOO_LARGE', 'NAME_TAKEN', 'NO_REASON', 'GIVEN_BACK']);

/** Undefined for a code that is not ours. */
export const codeWords = (code: string): Both | undefined =>
  (Object.hasOwn(ours, code) ? ours[code] : undefined) ??
  meaningOf(Number(/^HTTP_(\d{3})$/.exec(code)?.[1] ?? 0))?.support ??
  beginnings.find(([start]) => code.startsWith(start))?.[1];

/** Outcomes that are the recipient's judgement of the lead; the words of `throttled` already cover its status. */
const theirs: ReadonlySet<string> = new Set(['refused', 'duplicate', 'accepted', 'throttled']);

/** The same after a reason or an outcome. */
export const codeWordsBehind = (base: string, code: string): Both | undefined =>
  theirs.has(base) && !ofRefusals.has(code) ? undefined : codeWords(code);
