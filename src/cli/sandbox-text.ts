// Prints a trial, or exports it as data: request, answer, and the result of the file's rules.
// Invariant: secrets masked; a recipient's answer about a real person is not shown: status and length are enough.
import type { Outcome } from '../../connectors/contract.ts';
import type { TrialRecipient } from '../support/test-leads/recipient.ts';
import type { TrialMessage } from '../support/test-leads/trial.ts';
import { out, say, strong } from './terminal.ts';
import { notWritten, printSheet } from './preview-text.ts';

export interface Trial {
  readonly destination: string;
  readonly place: TrialRecipient;
  readonly invented: boolean;
  readonly sent: readonly TrialMessage[];
}

const mostShown = 2_000;

export function printTrial({ destination, place, invented, sent }: Trial): void {
  out(
    strong(
      place.kind === 'local'
        ? `${destination}: to a recipient on this machine, which stands in for the client's`
        : `${destination}: to the client's own sandbox`,
    ),
  );
  for (const message of sent) {
    out();
    if (message.call !== undefined) out(strong(`Call ${message.call}`));
    if (message.kind === 'not made') out('  not made for this lead');
    else if (message.kind === 'not written') notWritten(message.result);
    else printSent(message, invented);
  }
  const count = place.received?.();
  if (count !== undefined && count > 0) out(`\nThe recipient received ${count === 1 ? 'it' : count}.`);
  out('\nNothing was stored: no delivery, no passage de relais.');
}

function printSent(message: Extract<TrialMessage, { readonly kind: 'sent' }>, invented: boolean): void {
  out(strong(`To ${message.composed.target}`));
  for (const line of message.composed.head) out(line);
  if (message.text !== '') out(`\n${message.text.trimEnd()}\n`);
  if (message.bytes > 0) out(`(${message.bytes} bytes, ${message.mediaType})`);
  printSheet(message.sheet);
  const { answer, outcome } = message;
  out(strong('\nAnswer'));
  const status = outcome.evidence?.status;
  out(status === undefined ? '  no status' : `  status ${status}`);
  if (answer !== undefined && invented && answer.text !== '')
    out(`  ${answer.text.slice(0, mostShown).trimEnd().replaceAll('\n', '\n  ')}`);
  else if (answer !== undefined) out(`  ${answer.text.length} characters, ${answer.mediaType}`);
  out(`  means: ${outcomeWords(outcome)}`);
  if (message.answeredBy === 'rules' || message.answeredBy === 'none')
    say(
      message.answeredBy === 'rules'
        ? "note: this answer is made from the file's own rule for an acceptance, so it proves nothing of the client: record an answer of the client's under `tests`, and it is given here."
        : 'note: the file has no rule for an acceptance, so the recipient said a plain yes.',
    );
}

/** `accepted, reference H-77`; `invalid: phone_invalid`. */
function outcomeWords(outcome: Outcome): string {
  const ids = 'captures' in outcome ? Object.entries(outcome.captures ?? {}) : [];
  return [
    outcome.kind + ('reason' in outcome ? `: ${outcome.reason}` : ''),
    ...('reference' in outcome && outcome.reference !== undefined ? [`reference ${outcome.reference}`] : []),
    ...ids.map(([name, id]) => `${name} ${id}`),
  ].join(', ');
}

export function trialData({ destination, place, invented, sent }: Trial): unknown {
  return {
    destination,
    to: place.kind === 'local' ? 'local recipient' : "client's sandbox",
    stored: false,
    received: place.received?.(),
    sent: sent.map((message) => {
      if (message.kind !== 'sent') return message;
      const { composed, answer, outcome, mediaType, text, bytes, sheet, answeredBy } = message;
      return {
        call: message.call,
        kind: message.kind,
        target: composed.target,
        head: composed.head,
        body: { mediaType, bytes, text, sheet },
        answer: {
          status: outcome.evidence?.status,
          mediaType: answer?.mediaType,
          from: answeredBy,
          ...(invented ? { text: answer?.text.slice(0, mostShown) } : {}),
        },
        outcome,
      };
    }),
  };
}
