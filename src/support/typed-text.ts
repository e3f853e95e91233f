// Checks texts that people type for the log: a reason, a note, evidence.
// Invariant: the log is append-only, so that such a text contains no mail address and no phone number (guarantee 7).
import { RelaisError } from '../errors.ts';
import { refuseAddresses } from '../store/people/persons-names.ts';

/** French names of fields or options that differ from the English ones. */
const inFrench: Readonly<Partial<Record<string, string>>> = {
  reason: 'le motif',
  evidence: 'la preuve',
  identity: 'la vérification de l’identité',
  name: 'le nom',
};

/** Characters of a text typed for the log. */
export const typedLength = { least: 3, most: 200 } as const;
/** Reason and evidence together, without the text that joins them. */
const mostTogether = typedLength.most - 20;

const named = (where: string): string => inFrench[where] ?? where;

const asSubject = (where: string): string => {
  const name = named(where);
  return name.charAt(0).toUpperCase() + name.slice(1);
};

/** @param where the option or field, by the name its user knows. @throws USAGE-001 */
export function impersonal(text: string, where: string): string {
  if (text.length > typedLength.most)
    throw new RelaisError('USAGE-001', [
      `${asSubject(where)} a ${typedLength.most} caractères au plus.`,
      `${where} has ${typedLength.most} characters at most.`,
    ]);
  refuseAddresses(text, [asSubject(where), where]);
  return text;
}

/** @throws USAGE-001, USAGE-002 for an empty one */
export function typedReason(given: string | undefined, where = 'reason'): string {
  const reason = (given ?? '').trim();
  if (reason.length < typedLength.least)
    throw new RelaisError('USAGE-002', [
      `Dites pourquoi (${named(where)}), en trois caractères au moins : c’est inscrit au journal.`,
      `Say why with ${where}, in three characters at least: it is written in the hand-over log.`,
    ]);
  return impersonal(reason, where);
}

/** Reads the evidence of an act. @throws USAGE-001, USAGE-002 where it is empty */
export function typedEvidence(given: string | undefined, where = 'evidence'): string {
  const evidence = (given ?? '').trim();
  if (evidence.length < typedLength.least)
    throw new RelaisError('USAGE-002', [
      'Indiquez ce qui l’atteste : un e-mail, un ticket, un appel et sa date.',
      `Name the evidence with ${where}: a mail, a ticket, a call and its date.`,
    ]);
  return impersonal(evidence, where);
}

/** Reason and evidence of a closing are one text of the log. @throws USAGE-001 */
export function closingText(of: { readonly reason: string; readonly evidence: string }): string {
  const { reason, evidence } = of;
  if (reason.length + evidence.length > mostTogether)
    throw new RelaisError('USAGE-001', [
      `Le motif et la preuve ont ${mostTogether} caractères au plus à eux deux.`,
      `Reason and evidence have ${mostTogether} characters together at most.`,
    ]);
  return `${reason}; evidence: ${evidence}`;
}

/** @throws USAGE-001: nothing is in such a period, and an answer would say that nothing happened */
export function refuseReversed({ from, until }: { readonly from: Date; readonly until: Date }): void {
  if (from >= until)
    throw new RelaisError('USAGE-001', [
      'La période finit avant de commencer.',
      'The period ends before it begins.',
    ]);
}
