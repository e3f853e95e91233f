// Words for support, French first, English second: actions, states, outcomes, reasons, consents.
// Invariant: every code of a closed list has its words in both languages.
import type { Action, Both } from '../../connectors/contract.ts';
import type { DestinationStatus } from '../domain/destination.ts';
import { reasonText, splitReason, type DeliveryState } from '../domain/delivery.ts';
import {
  consentChannels,
  consentPurposes,
  type ConsentChannel,
  type ConsentPurpose,
  type ConsentState,
  type DataCategory,
} from '../domain/lead.ts';
import { ownReasons } from '../domain/names-in-text.ts';
import { codeWordsBehind } from './code-words.ts';

export type Language = 'fr' | 'en';
export type { Both } from '../../connectors/contract.ts';

export const inLanguage = (both: Both, language: Language): string => both[language === 'fr' ? 0 : 1];

export interface Sentence {
  readonly french: string | undefined;
  readonly english: string;
}

/** The same sentence made in either language. */
export const inBoth = (words: (language: Language) => string): Both => [words('fr'), words('en')];

export const actionWords: Readonly<Record<Action, Both>> = {
  create: ['création', 'creation'],
  update: ['mise à jour', 'update'],
  erase: ['effacement', 'erasure'],
};

export const stateWords: Readonly<Record<DeliveryState, Both>> = {
  planned: ['planifiée', 'planned'],
  queued: ['en file', 'queued'],
  sending: ['en cours d’envoi', 'being sent'],
  waiting: ['en attente', 'waiting'],
  withheld: ['retenue', 'withheld'],
  pending: ['décision du destinataire attendue', 'the recipient decides'],
  delivered: ['livrée', 'delivered'],
  failed: ['échec', 'failed'],
  cancelled: ['annulée', 'cancelled'],
};

export const destinationWords: Readonly<Record<DestinationStatus, string>> = {
  active: 'active',
  suspended: 'suspendue',
  archived: 'archivée',
};

/** The decision after an answer (`domain/verdict`). */
export const nextWords: Readonly<Record<string, Both>> = {
  done: ['terminé', 'done'],
  fail: ['abandon, une alerte est levée', 'given up, an alert is raised'],
  continue: ['appel suivant', 'next call'],
  undo: ['ce qui précède est retiré', 'what came before it is taken back'],
  retry: ['nouvel essai', 'another try'],
  pending: ['le destinataire sera réinterrogé', 'the recipient will be asked again'],
  hold: ['attend une décision du support', 'support decides'],
};

export const consentWords: Readonly<Record<ConsentState, Both>> = {
  granted: ['accordé', 'granted'],
  refused: ['refusé', 'refused'],
  not_asked: ['non demandé', 'not asked'],
  withdrawn: ['retiré', 'withdrawn'],
};

const purposeWords: Readonly<Record<ConsentPurpose, Both>> = {
  marketing: ['prospection', 'marketing'],
  newsletter: ['lettre d’information', 'newsletter'],
  partners: ['partenaires', 'partners'],
  profiling: ['profilage', 'profiling'],
};

const channelWords: Readonly<Record<ConsentChannel, Both>> = {
  email: ['e-mail', 'e-mail'],
  sms: ['SMS', 'SMS'],
  phone: ['téléphone', 'phone'],
  post: ['courrier', 'post'],
};

export const categoryWords: Readonly<Record<DataCategory, Both>> = {
  identity: ['identité et coordonnées', 'identity and contact'],
  project: ['projet immobilier', 'property project'],
  statistical: ['données statistiques', 'statistics'],
  financial: ['données financières', 'finances'],
};

/** `prospection par e-mail` for `marketing` and `email`; undefined where one of them is unknown. */
export function consentPairWords(purpose: string, channel: string): Both | undefined {
  const knownPurpose = consentPurposes.find((known) => known === purpose);
  const knownChannel = consentChannels.find((known) => known === channel);
  if (knownPurpose === undefined || knownChannel === undefined) return undefined;
  return inBoth((language) => {
    const by = inLanguage([' par ', ' by '], language);
    return (
      inLanguage(purposeWords[knownPurpose], language) + by + inLanguage(channelWords[knownChannel], language)
    );
  });
}

/** Actors with a number in the log, and no name any more. */
const numbers: readonly (readonly [pattern: RegExp, words: Both])[] = [
  [/^account:(\d{1,10})$/, ['compte n°', 'account no.']],
  [/^staff:(\d{1,10})$/, ['opérateur n°', 'operator no.']],
  [/^key:(\d{1,10})$/, ['clé d’API n°', 'API key no.']],
];

/** `clé d’API n° 3`, of `key:3`; any other text unchanged. For an actor without a known name. */
export function numberedActor(actor: string): Both {
  for (const [pattern, [french, english]] of numbers) {
    const id = pattern.exec(actor)?.[1];
    if (id !== undefined) return [`${french} ${id}`, `${english} ${id}`];
  }
  return [actor, actor];
}

/** Processes of the gateway, as a sentence names them; people stay unchanged. */
const processes: Readonly<Record<string, Both>> = {
  intake: ['la passerelle', 'the gateway'],
  planner: ['la passerelle', 'the gateway'],
  worker: ['la passerelle', 'the gateway'],
  centre: ['le centre', 'the centre'],
};
export const actorWords = (actor: string): Both => processes[actor] ?? [actor, actor];

/** The same, an actor without a known name by its number. */
export const actorOrNumber = (actor: string): Both => processes[actor] ?? numberedActor(actor);

const ownPurposes: Readonly<Record<string, string>> = {
  [ownReasons.leadPage]: 'page du lead',
  [ownReasons.leadByReference]: 'lead par sa référence',
  [ownReasons.leadFind]: 'recherche du lead par sa référence',
  [ownReasons.leadShow]: 'lead par sa référence',
  [ownReasons.oppositionList]: 'liste d’opposition',
};

/** A text typed for the log, or written there for a person's request; our own words in it become French in French. */
export const typedWords = (purpose: string): Both => [
  ownPurposes[purpose] ??
    purpose.replace(/^request (?=\d+\b)/, 'demande de droits ').replace('; evidence: ', ' ; preuve : '),
  purpose,
];

/** Why a right was exercised on a lead. A withdrawal of intake without a purpose was said in another lead of the person. */
export const whyWords = ({
  entry,
  actor,
  purpose,
}: {
  readonly entry: string;
  readonly actor: string;
  readonly purpose: string;
}): Both =>
  entry === 'withdrawn' && actor === 'intake' && purpose === ''
    ? ['repris d’un autre lead de la même personne', 'carried over from another lead of the same person']
    : typedWords(purpose);

/** A stored reason in words. The code is shown beside them, since filters take the code. */
export function reasonWords(stored: string): Both {
  const { base, code: name = '' } = splitReason(stored);
  const code = ownWords(name) ?? (name === '' ? undefined : codeWordsBehind(base, name));
  return inBoth((language) => {
    const colon = inLanguage([' : ', ': '], language);
    return reasonText(stored, language) + (code === undefined ? '' : colon + inLanguage(code, language));
  });
}

/** Words for a code of our own behind a reason: a consent (`marketing.email`) or a category of data. */
function ownWords(code: string): Both | undefined {
  const [purpose = '', channel = ''] = code.split('.');
  return (
    consentPairWords(purpose, channel) ?? Object.entries(categoryWords).find(([name]) => name === code)?.[1]
  );
}

// Formats a moment for people, in the civil time of Paris.
// Invariant: only for display; storage and exports use UTC.

/** `25/11/2026 14:05:09`, Paris. */
export const paris = (at: Date | undefined | null): string =>
  at === undefined || at === null ? '-' : at.toLocaleString('fr-FR', { timeZone: 'Europe/Paris' });

/** French, unless the browser prefers English to it. @param header Accept-Language */
export function preferredLanguage(header = ''): Language {
  const asked = header
    .slice(0, 200)
    .split(',')
    .map((part) => part.trim().slice(0, 2).toLowerCase());
  return asked.find((tag): tag is Language => tag === 'fr' || tag === 'en') ?? 'fr';
}
