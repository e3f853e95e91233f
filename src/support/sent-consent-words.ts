// An opt-in as an entry of the log has it, in words.
// Invariant: the client's own field and value stand first, as they were sent.
import { unchanged } from '../mapping/consent-contract.ts';
import { consentPairWords, consentWords, type Both } from './words.ts';

export interface SentConsent {
  readonly field: string;
  readonly value: string;
  readonly purpose: string;
  readonly channel: string;
  readonly state: string;
}

/** As it was sent, then what it means; what this release has no words for, as the log holds it. */
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
