// What people type for the log: a reason, a note, evidence.
// Invariant: it goes into the append-only log, so it holds no mail address and no phone number (guarantee 7).
import { namesSomebody } from '../domain/impersonal-text.ts';
import { RelaisError } from '../errors.ts';

/** @param where how whoever typed it knows it: an option, a field. @throws USAGE-001 */
export function impersonal(text: string, where: string): string {
  if (text.length > 200) throw new RelaisError('USAGE-001', `${where} has 200 characters at most.`);
  if (namesSomebody(text))
    throw new RelaisError(
      'USAGE-001',
      `${where} holds a mail address or a phone number. The log never forgets: write a ticket number instead.`,
    );
  return text;
}

/** @throws USAGE-001, USAGE-002 where it says nothing */
export function typedReason(given: string | undefined, where = 'reason'): string {
  const reason = (given ?? '').trim();
  if (reason.length < 3)
    throw new RelaisError(
      'USAGE-002',
      `Say why in ${where}, in three characters at least: it is written in the hand-over log.`,
    );
  return impersonal(reason, where);
}
