// Words of an entry of the hand-over log about a delivery, with its details.
// Invariant: no content; only names of fields and the opt-in sent.
import { splitReason, saysNothingLeft as isNothingLeft } from '../domain/delivery.ts';
import type { StoryEntry } from '../store/deliveries/delivery-lists.ts';
import type { Handover, HandoverEntry, ToldEntry } from '../store/log/handovers.ts';
import { callText, outcomeText, whyText } from './answer-words.ts';
import {
  actorWords,
  inBoth,
  inLanguage,
  nextWords,
  typedWords,
  reasonWords,
  consentPairWords,
  consentWords,
  type Both,
  type Language,
} from './words.ts';
import { codeWords } from './code-words.ts';
import { unchanged } from '../mapping/contract.ts';

/**
 * Words of a log entry about a destination, for the live tail: the event, without its actor at the centre and
 * without typed text.
 */
export const destinationEntryWords: Readonly<Partial<Record<string, Both>>> = {
  circuit_opened: ['Destination en pause automatique', 'Destination held'],
  circuit_closed: ['Destination rétablie', 'Destination reopened'],
  suspended: ['Destination suspendue par le centre', 'Destination suspended by the centre'],
  resumed: ['Destination reprise par le centre', 'Destination resumed by the centre'],
  file_requested: ['Fichier demandé par le centre', 'File asked for by the centre'],
  file_held: ['Fichier retenu : trop de leads en moins', 'File held back: too many leads missing'],
  file_released: ['Fichier retenu : le centre le laisse partir', 'Held file: the centre lets it leave'],
  file_discarded: ['Fichier retenu : le centre l’abandonne', 'Held file: the centre gives it up'],
  file_departed: ['Fichier parti', 'File left'],
  file_outcome: ['Réponse au fichier', 'Answer to the file'],
};

/** An attempt that has begun: the log notes it before anything can leave. */
export const departureWords = ({
  attempt,
  run,
  target,
}: {
  readonly attempt: number;
  readonly run: number;
  readonly target: string;
}): Both => {
  const [rerun, again]: Both = run > 1 ? [`, rejeu ${run - 1}`, `, run ${run}`] : ['', ''];
  return [
    `Passage de relais : tentative ${attempt}${rerun} vers ${target}`,
    `Hand-over: attempt ${attempt}${again} to ${target}`,
  ];
};

export interface StoryEvent {
  readonly at: Date;
  readonly entry: HandoverEntry;
  readonly words: Both;
  readonly details: readonly Both[];
  /** The line replaces many entries. */
  readonly isFolded?: true;
}

/** Columns of an entry that its one line needs. */
type ToldOf = Pick<
  StoryEntry,
  | 'entry'
  | 'run'
  | 'attempt'
  | 'callName'
  | 'actor'
  | 'purpose'
  | 'target'
  | 'fields'
  | 'outcome'
  | 'reason'
  | 'status'
  | 'durationMs'
  | 'nextStep'
>;

const centre: Both = ['le centre', 'the centre'];

/** One line of an entry. @param isTyped an act of a person of the centre, who is not named */
export const entryLine = (entry: ToldOf, { isTyped }: { readonly isTyped: boolean }): Both =>
  inBoth((language) =>
    entryWords(isTyped ? { ...entry, actor: inLanguage(centre, language) } : entry, language),
  );

export const storyEvents = (entries: readonly StoryEntry[]): readonly StoryEvent[] => {
  const stayed = stayedHere(entries);
  return entries.map((entry) => ({
    at: entry.at,
    entry: entry.entry,
    words: stayed.has(entry) ? preparedWords(entry) : inBoth((language) => entryWords(entry, language)),
    details: detailsOf(entry),
  }));
};

/** True where any byte of the lead may have left Relais. */
export function hasLeft(entries: readonly StoryEntry[]): boolean {
  const stayed = stayedHere(entries);
  return entries.some((entry) => entry.entry === 'departed' && !stayed.has(entry));
}

/**
 * Departures whose attempt ended inside Relais: the log notes a departure before anything can leave, and the outcome
 * of a connection that was never made shows afterwards that nothing did.
 */
function stayedHere(entries: readonly StoryEntry[]): ReadonlySet<StoryEntry> {
  const isSameTry = (a: StoryEntry, b: StoryEntry): boolean =>
    a.run === b.run && a.attempt === b.attempt && a.callName === b.callName;
  const unsent = entries.filter((entry) => entry.entry === 'outcome' && saysNothingLeft(entry));
  return new Set(
    entries.filter(
      (entry) => entry.entry === 'departed' && unsent.some((outcome) => isSameTry(entry, outcome)),
    ),
  );
}

const saysNothingLeft = (entry: StoryEntry): boolean => isNothingLeft(entry.outcome, codeOf(entry));

const codeOf = ({ reason }: Pick<StoryEntry, 'reason'>): string => splitReason(reason).code ?? reason;

const preparedWords = ({ attempt, run, target }: StoryEntry): Both => {
  const [rerun, again]: Both = run > 1 ? [`, rejeu ${run - 1}`, `, run ${run}`] : ['', ''];
  return [
    `Tentative ${attempt}${rerun} préparée pour ${target} ; rien n’est parti`,
    `Attempt ${attempt}${again} made ready for ${target}; nothing left`,
  ];
};

/** An entry with its parts in one language. */
interface Telling {
  readonly entry: ToldOf;
  readonly say: (fr: string, en: string) => string;
  readonly colon: string;
  /** Its reason after a colon, its typed text in brackets, its call, its run and the next step; each empty without one. */
  readonly why: string;
  readonly typed: string;
  readonly call: string;
  readonly run: string;
  readonly next: string;
  /** The recipient's answer. */
  readonly answer: string;
}

type Words = (telling: Telling) => string;

/** Kinds that are not in a delivery's story so far: as the log has them. */
const asLogged: Words = ({ entry, why, typed }) => `${entry.entry}${why}${typed}`;

const towardsRecipient: Readonly<Record<string, Both>> = {
  owed: ['le destinataire va être prévenu', 'the recipient is about to be informed'],
  told: ['le destinataire est prévenu, sans preuve', 'the recipient was informed, without proof'],
  written: ['le destinataire est à prévenir par écrit', 'the recipient is to be informed in writing'],
  acknowledged: ['le destinataire l’a exécutée', 'the recipient has carried it out'],
};
/** Effect of a person's request on the recipient of this delivery. */
const requestMoved: Words = (told) => {
  const { entry, say, colon } = told;
  const [, state = ''] = /^recipient_(\w+)/.exec(entry.reason) ?? [];
  const [, number] = /^request (\d+)$/.exec(entry.purpose) ?? [];
  const moved = towardsRecipient[state];
  if (moved === undefined || number === undefined) return asLogged(told);
  return `${say(`Demande de droits ${number}`, `Request ${number}`)}${colon}${say(...moved)}`;
};

/** Its typed text, after a colon. */
const said = ({ entry: { purpose }, say, colon }: Telling): string =>
  purpose === '' ? '' : `${colon}${say(...typedWords(purpose))}`;

const who = ({ entry, say }: Telling): string => say(...actorWords(entry.actor));

/** The compiler asks for the words of a new kind of entry here. */
const wordsOf: Readonly<Record<ToldEntry, Words>> = {
  departed: ({ entry, say, call, colon, run }) =>
    say(
      `Passage de relais${call}${colon}tentative ${entry.attempt}${run} partie vers ${entry.target}`,
      `Handed over${call}${colon}attempt ${entry.attempt}${run} left for ${entry.target}`,
    ),
  outcome: ({ say, call, colon, answer, why, next }) =>
    `${say('Réponse', 'Answer')}${call}${colon}${answer}${why}${next}`,
  target_outcome: ({ entry, colon, answer }) => `${entry.target}${colon}${answer}`,
  bounced: ({ entry, say, colon, run }) => {
    const who = entry.target === '' ? say('destinataire', 'recipient') : entry.target;
    return say(
      `Renvoyé par la messagerie${run}${colon}${who} (${entry.reason})`,
      `Returned by the mail system${run}${colon}${who} (${entry.reason})`,
    );
  },
  outcome_unknown: ({ say, call, next }) =>
    `${say('Aucune réponse : l’envoi s’est interrompu, issue inconnue', 'No answer: the send was cut off, outcome unknown')}${call}${next}`,
  late: ({ say, colon, answer }) =>
    `${say('Réponse tardive, sans effet', 'Late answer, without effect')}${colon}${answer}`,
  lookup: ({ entry, say, call, colon, answer, next }) =>
    `${entry.purpose === '' ? say('Destinataire interrogé', 'Recipient asked') : say('Dit par le destinataire', 'Told by the recipient')}${call}${colon}${answer}${next}`,
  read_back: ({ entry, say, colon }) =>
    `${say('Fiche relue chez le destinataire', 'Record read back')}${colon}${readBackText(entry, say)}`,
  withheld: ({ say, why }) => `${say('Retenue', 'Withheld')}${why}`,
  reopened: ({ say }) => say('Cause réparée : reprise', 'Cause repaired: taken up again'),
  invalid: ({ say, why }) => `${say('Non envoyée', 'Not sent')}${why}`,
  cancelled: (told) => `${told.say('Annulée par', 'Cancelled by')} ${who(told)}${told.why}${told.typed}`,
  expired: ({ say, why }) => `${say('Délai maximal dépassé', 'Past its maximum age')}${why}`,
  replayed: (told) => `${told.say('Rejeu demandé par', 'Replayed by')} ${who(told)}${said(told)}`,
  batch_voided: ({ say }) =>
    say(
      'Fichier annulé : quelque chose a changé depuis, le lead repart dans un nouveau fichier',
      'File voided: something has changed since, the lead is sent again in a new file',
    ),
  closed: (told) => `${told.say('Classée par', 'Closed by')} ${who(told)}${said(told)}`,
  resolved: (told) => {
    const by = who(told);
    const what =
      told.entry.reason === 'received'
        ? told.say(`Reçue par le destinataire, selon ${by}`, `Received, says ${by}`)
        : told.say(`Pas reçue par le destinataire, selon ${by}`, `Not received, says ${by}`);
    return `${what}${said(told)}`;
  },
};

function entryWords(entry: ToldOf, language: Language): string {
  const say = (fr: string, en: string): string => inLanguage([fr, en], language);
  const colon = say(' : ', ': ');
  // Other kinds appear as logged; a later release may have written one that this one does not know.
  const known: Readonly<Partial<Record<string, Words>>> = { ...wordsOf, request: requestMoved };
  return (known[entry.entry] ?? asLogged)({
    entry,
    say,
    colon,
    why: entry.reason === '' ? '' : `${colon}${whyOf(entry, language)}`,
    typed: entry.purpose === '' ? '' : ` (${say(...typedWords(entry.purpose))})`,
    call: callText(entry.callName, language),
    run: entry.run > 1 ? say(`, rejeu ${entry.run - 1}`, `, run ${entry.run}`) : '',
    next: nextOf(entry, language),
    answer: `${outcomeText(entry.outcome, codeOf(entry), language)}${measured(entry)}`,
  });
}

const whyOf = ({ outcome, reason }: ToldOf, language: Language): string =>
  outcome === '' ? inLanguage(reasonWords(reason), language) : whyText(outcome, reason, language);

function measured({ status, durationMs }: ToldOf): string {
  const parts: string[] = [];
  if (status > 0) parts.push(String(status));
  if (durationMs > 0) parts.push(`${durationMs} ms`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function nextOf(entry: ToldOf, language: Language): string {
  const words = nextWords[entry.nextStep];
  return words === undefined ? '' : ` → ${inLanguage(words, language)}`;
}

/** Words for the findings when a record was read back at its recipient. Names of fields only. */
function readBackText(
  { outcome, fields, reason }: Pick<StoryEntry, 'outcome' | 'fields' | 'reason'>,
  say: (fr: string, en: string) => string,
): string {
  switch (outcome) {
    case 'accepted':
      return say('opt-in conservé', 'opt-in kept');
    case 'absent':
      return say('fiche introuvable', 'record not found');
    case 'refused':
      return say(
        `opt-in non conservé (${(fields ?? '').replaceAll(' ', ', ')})`,
        `opt-in not kept (${(fields ?? '').replaceAll(' ', ', ')})`,
      );
    default:
      return notReadable(reason, say);
  }
}

function notReadable(reason: string, say: (fr: string, en: string) => string): string {
  const words = codeWords(reason);
  return words === undefined
    ? say(`illisible (${reason})`, `not readable (${reason})`)
    : say(`illisible : ${words[0]}`, `not readable: ${words[1]}`);
}

// Lists the details under a line of a delivery's story: recipient, opt-in, file, digest.
// Invariant: no content; only names of fields and the opt-in sent.

function detailsOf(entry: StoryEntry): readonly Both[] {
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

export type SentConsent = NonNullable<Handover['consents']>[number];

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
