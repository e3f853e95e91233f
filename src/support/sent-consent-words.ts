// Words for an opt-in in an entry of the log.
// Invariant: the client's own field and value come first, as sent.
import { unchanged } from '../mapping/consent-contract.ts';
import { consentPairWords, consentWords, type Both } from './words.ts';

export interface SentConsent {
  readonly field: string;
  readonly value: string;
  readonly purpose: string;
  readonly channel: string;
  readonly state: string;
}

/** The sent field and value, then their meaning; a code without words is shown as logged. */
export function sentConsentWords({ field, value, purpose, channel, state }: SentConsent): Both {
  const pair = consentPairWords(purpose, channel);
  const answer = Object.entries(consentWords).find(([name]) => name === state)?.[1];
  const sent = `${field} = ${value}`;
  const [again, left]: Both =
    value === unchanged
      ? [
          ', déjà accepté par le destinataire : non redit',
          ', accepted by the recipient before: not said again',
        ]
      : ['', ''];
  if (pair === undefined || answer === undefined)
    return [
      `opt-in : ${sent} (${purpose}, ${channel} : ${state})${again}`,
      `opt-in: ${sent} (${purpose}, ${channel}: ${state})${left}`,
    ];
  return [
    `opt-in : ${sent} (${pair[0]} : ${answer[0]})${again}`,
    `opt-in: ${sent} (${pair[1]}: ${answer[1]})${left}`,
  ];
}
