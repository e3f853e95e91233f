// Lists the details under a line of a delivery's story: recipient, opt-in, file, digest.
// Invariant: no content; only names of fields and the opt-in sent.
import type { StoryEntry } from '../store/delivery-lists.ts';
import { sentConsentWords, type SentConsent } from './sent-consent-words.ts';
import type { Both } from './words.ts';

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
