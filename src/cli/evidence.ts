// Checks typed evidence: a mail, a ticket, a call and its date.
// Invariant: it is for the append-only log, so that it contains no mail address and no phone number (guarantee 7).
import { RelaisError } from '../errors.ts';
import { impersonal } from './arguments.ts';

export function evidenceOf(given: string | undefined): string {
  const evidence = (given ?? '').trim();
  if (evidence.length < 3)
    throw new RelaisError(
      'USAGE-002',
      'Say what it rests on with --evidence "...": a mail, a ticket, a call and its date.',
    );
  return impersonal(evidence, '--evidence');
}
