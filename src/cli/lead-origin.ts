// Prints the origin of a lead for `relais lead show`: its notice, its collector, and its purchase (C14, C54).
// Invariant: unknown facts are left out, except the missing proof of a bought lead, which is reported.
import { isBought } from '../domain/anomaly.ts';
import type { LeadFile } from '../support/lead-file.ts';

export function originLines(
  { notice, provenance }: Pick<LeadFile, 'notice' | 'provenance'>,
  word: (fr: string, en: string) => string,
): readonly string[] {
  const { collectedBy, acquisition, seller, buyer, consentProof, proofReference } = provenance;
  const wasBought = isBought(provenance);
  const bought = [
    word('acheté', 'bought'),
    ...(seller === undefined ? [] : [word(`à ${seller}`, `from ${seller}`)]),
    ...(buyer === undefined ? [] : [word(`par ${buyer}`, `by ${buyer}`)]),
  ].join(' ');
  const proof =
    consentProof === 'present'
      ? word('preuve du consentement présente', 'proof of consent present')
      : word('sans preuve de consentement', 'without proof of consent');
  const found = proofReference === undefined ? '' : ` (${proofReference})`;
  return [
    ...(notice === undefined ? [] : [`${word('Mention', 'Notice').padEnd(11)} ${notice}`]),
    ...(collectedBy === undefined ? [] : [`${word('Recueil', 'Collected').padEnd(11)} ${collectedBy}`]),
    ...(wasBought ? [`${word('Provenance', 'Origin').padEnd(11)} ${bought}, ${proof}${found}`] : []),
    ...(!wasBought && acquisition === 'collected'
      ? [
          `${word('Provenance', 'Origin').padEnd(11)} ${word('collecté par le centre', 'collected by the centre')}`,
        ]
      : []),
  ];
}
