// A trial as people read it and as data: request, answer, and what the file's rules make of it.
// Invariant: secrets masked; what a recipient says of a real person is not shown: status and length tell enough.
import type { Outcome } from '../../connectors/contract.ts';
import type { Place } from './sandbox-place.ts';
import type { Sent } from './sandbox-send.ts';
import { out, say, strong } from './terminal.ts';
import { notWritten, printSheet } from './preview-text.ts';

export interface Trial {
  readonly destination: string;
  readonly place: Place;
  readonly invented: boolean;
  readonly sent: readonly Sent[];
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
  for (const one of sent) {
    out();
    if (one.call !== undefined) out(strong(`Call ${one.call}`));
    if (one.kind === 'not made') out('  not made for this lead');
    else if (one.kind === 'not written') notWritten(one.result);
    else printSent(one, invented);
  }
  const count = place.received?.();
  if (count !== undefined && count > 0) out(`\nThe recipient received ${count === 1 ? 'it' : count}.`);
  out('\nNothing was stored: no delivery, no passage de relais.');
}

function printSent(one: Extract<Sent, { readonly kind: 'sent' }>, invented: boolean): void {
  out(strong(`To ${one.composed.target}`));
  for (const line of one.composed.head) out(line);
  if (one.text !== '') out(`\n${one.text.trimEnd()}\n`);
  if (one.bytes > 0) out(`(${one.bytes} bytes, ${one.mediaType})`);
  printSheet(one.sheet);
  const { answer, outcome } = one;
  out(strong('\nAnswer'));
  const status = outcome.evidence?.status;
  out(status === undefined ? '  no status' : `  status ${status}`);
  if (answer !== undefined && invented && answer.text !== '')
    out(`  ${answer.text.slice(0, mostShown).trimEnd().replaceAll('\n', '\n  ')}`);
  else if (answer !== undefined) out(`  ${answer.text.length} characters, ${answer.mediaType}`);
  out(`  means: ${outcomeWords(outcome)}`);
  if (one.answeredBy === 'rules' || one.answeredBy === 'none')
    say(
      one.answeredBy === 'rules'
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
    ...{ destination, to: place.kind === 'local' ? 'local recipient' : "client's sandbox", stored: false },
    received: place.received?.(),
    sent: sent.map((one) => {
      if (one.kind !== 'sent') return one;
      const { composed, answer, outcome, mediaType, text, bytes, sheet, answeredBy } = one;
      return {
        ...{ call: one.call, kind: one.kind, target: composed.target, head: composed.head },
        body: { mediaType, bytes, text, sheet },
        answer: {
          ...{ status: outcome.evidence?.status, mediaType: answer?.mediaType, from: answeredBy },
          ...(invented ? { text: answer?.text.slice(0, mostShown) } : {}),
        },
        outcome,
      };
    }),
  };
}
