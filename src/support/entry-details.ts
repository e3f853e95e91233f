// Lists the details under a line of a delivery's story: recipient, opt-in, file, digest.
// Invariant: no content; only names of fields and the opt-in sent.
import type { StoryEntry } from '../store/delivery-lists.ts';
import type { Both } from './words.ts';
import { consentPairWords, consentWords } from './words.ts';
import { unchanged } from '../mapping/contract.ts';

export function detailsOf(entry: StoryEntry): readonly Both[] {
  const names = (entry.fields ?? '').replaceAll(' ', ', ');
  const fields: readonly Both[] = names === '' ? [] : [[`champs : ${names}`, `fields: ${names}`]];
  if (entry.entry !== 'departed') return fields;
  const digest = entry.digest?.toString('hex') ?? '-';
  const consents = JSON.parse(entry.consents ?? '[]') as readonly SentConsent[];
  const file: readonly Both[] =
    entry.fileName === '' ? [] : [[`fichier : ${entry.fileName}`, `file: ${entry.fileName}`]];
  return [
    recipientWords(entry),
    [
      `par ${entry.connector}, format v${entry.version}, révision ${entry.leadRevision} du lead`,
      `by ${entry.connector}, mapping v${entry.version}, lead revision ${entry.leadRevision}`,
    ],
    ...consents.map(sentConsentWords),
    ...file,
    ...fields,
    [`empreinte : ${digest} (${entry.bytes} octets)`, `digest: ${digest} (${entry.bytes} bytes)`],
  ];
}

function recipientWords({ recipient, authorisation, document, reason }: StoryEntry): Both {
  const [cited, quoted]: Both = document === null ? ['', ''] : [` « ${document} »`, ` "${document}"`];
  const [ended, over]: Both =
    reason === 'former_authorisation'
      ? [
          ', qui a pris fin depuis : la personne et sa réponse seulement',
          ', ended since: the person and the answer only',
        ]
      : ['', ''];
  return [
    `destinataire : ${recipient} (habilitation ${authorisation}${cited}${ended})`,
    `recipient: ${recipient} (authorisation ${authorisation}${quoted}${over})`,
  ];
}

interface SentConsent {
  readonly field: string;
  readonly value: string;
  readonly purpose: string;
  readonly channel: string;
  readonly state: string;
}

/**
 * Words for an opt-in in an entry of the log. The client's own field and value come first, as sent. The sent field
 * and value, then their meaning; a code without words is shown as logged.
 */
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
