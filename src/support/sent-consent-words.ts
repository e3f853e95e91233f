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

/** The codes as the log holds them, then what they mean. */
export function sentConsentWords({ field, value, purpose, channel, state }: SentConsent): Both {
  const pair = consentPairWords(purpose, channel);
  const answer = Object.entries(consentWords).find(([name]) => name === state)?.[1];
  const codes = `${field} = ${value} (${purpose}, ${channel} : ${state})`;
  const [again, left]: Both =
    value === unchanged
      ? [
          ', déjà accepté par le destinataire : non redit',
          ', accepted by the recipient before: not said again',
        ]
      : ['', ''];
  if (pair === undefined || answer === undefined)
    return [`opt-in : ${codes}${again}`, `opt-in: ${codes}${left}`];
  return [
    `opt-in : ${codes}, ${pair[0]} ${answer[0]}${again}`,
    `opt-in: ${codes}, ${pair[1]} ${answer[1]}${left}`,
  ];
}
