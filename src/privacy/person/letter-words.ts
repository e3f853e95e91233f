// French words of the letter: opt-ins, answers, exchanges, ways of sending, reception.
// Invariant: a code without words of its own is shown as it is, never left out.
import { columnFacts } from '../../domain/lead-fields/columns.ts';
import type { RequestState } from '../../domain/requests.ts';
import { consentFields } from '../../domain/lead-fields/consent.ts';
import { interactionFields } from '../../domain/lead-fields/interaction.ts';
import { optInWords, wordOf } from '../../domain/lead-values.ts';
import { moment } from '../papers/paper.ts';
import type { Reception } from './person-file.ts';

const answers: Readonly<Record<string, string>> = {
  granted: 'accordé',
  refused: 'refusé',
  not_asked: 'question non posée',
  withdrawn: 'retiré',
};

/** An objection also ends an opt-in that was never granted: that is no withdrawn consent. */
export const answerWords = (state: string, wasGranted: boolean): string =>
  state === 'withdrawn' && !wasGranted ? 'opposition' : wordOf(answers, state);

export const interactionWords = (kind: string): string => wordOf(interactionFields.kind.words ?? {}, kind);

export const requestStateWords: Readonly<Record<RequestState, string>> = {
  open: 'en cours',
  applied: 'effectuée, en cours de confirmation',
  closed: 'close',
};

const connectors: Readonly<Record<string, string>> = {
  webhook: 'interface informatique sécurisée',
  email: 'courrier électronique',
  flow: 'fichier',
  sms: 'SMS',
  pull: 'mise à disposition du système du destinataire',
};
export const connectorWords = (connector: string): string => wordOf(connectors, connector);

const sent: Readonly<Record<string, string>> = {
  create: 'première transmission',
  update: 'mise à jour',
  erase: 'demande d’effacement',
};
export const sentWords = (action: string): string => wordOf(sent, action);

export const receptionWords: Readonly<Record<Reception, string>> = {
  confirmed: 'reçu, confirmé par le destinataire',
  unproved: 'remis, sans accusé de réception',
  refused: 'présenté au destinataire, qui ne l’a pas accepté',
  unknown: 'réception inconnue : aucune réponse lisible',
  returned: 'revenu : la messagerie du destinataire l’a refusé',
};

/** Staff type the reason; the program itself writes only the form `request N`. */
export const reasonWords = (why: string): string => why.replace(/^request (\d+)\b/, 'demande n° $1');

const elements: Readonly<Record<string, Readonly<Record<string, { readonly label?: string | undefined }>>>> =
  {
    consents: consentFields,
    interactions: interactionFields,
  };

/** The French name of a column of a refused row, or of a part of it: `consents[0].state` as `Consentements n° 1, réponse`. */
export function accessWords(path: string): string {
  const [, list = '', index = '', name = ''] = /^(\w+)\[(\d+)\](?:\.(.+))?$/.exec(path) ?? [];
  const parts = elements[list];
  if (parts === undefined) return columnWords(path);
  const label = parts[name]?.label ?? name;
  return `${columnWords(list)} n° ${Number(index) + 1}${label === '' ? '' : `, ${label.charAt(0).toLowerCase()}${label.slice(1)}`}`;
}

const columnWords = (column: string): string =>
  columnFacts.find((facts) => facts.column === column)?.label ??
  wordOf(
    {
      row: 'Ligne',
      kind: 'Nature de la ligne',
      reference: 'Référence',
      row_reference: 'Référence de la ligne',
      consents: 'Consentements',
      interactions: 'Échanges',
      clear_fields: 'Champs à vider',
    },
    column,
  );

const rowKinds: Readonly<Record<string, string>> = {
  lead: 'prise de contact',
  correction: 'correction',
  consent: 'réponse sur un consentement',
  interaction: 'échange',
};

const details: Readonly<Record<string, string>> = {
  recordedAt: 'recueilli le',
  validUntil: 'jusqu’au',
  legalEntity: 'pour',
  wordingVersion: 'texte',
  source: 'source',
  at: 'le',
  duration: 'durée en secondes',
  voluntary: 'à votre initiative',
  content: 'contenu',
};

type Event = Readonly<Record<string, unknown>>;
const textOf = (value: unknown): string => {
  if (typeof value === 'boolean') return value ? 'oui' : 'non';
  return typeof value === 'string' || typeof value === 'number'
    ? instantOr(String(value))
    : JSON.stringify(value);
};
const instantOr = (text: string): string =>
  /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))
    ? moment(new Date(text))
    : text;
const withDetails = (words: string, rest: Event): string =>
  [words, ...Object.entries(rest).map(([name, value]) => `${wordOf(details, name)} ${textOf(value)}`)].join(
    ', ',
  );

interface EventWords {
  /** An event without these is no event. */
  readonly needs: readonly string[];
  readonly words: (event: Event) => string;
}
const events: Readonly<Record<string, EventWords>> = {
  consents: {
    needs: ['purpose', 'channel', 'state'],
    words: ({ purpose, channel, state, ...rest }) =>
      withDetails(
        `${optInWords(`${textOf(purpose)}.${textOf(channel)}`)} : ${answerWords(textOf(state), true)}`,
        rest,
      ),
  },
  interactions: {
    needs: ['kind'],
    words: ({ kind, ...rest }) => withDetails(interactionWords(textOf(kind)), rest),
  },
};

/** The lines of a value of a refused row, for its person. A text that cannot be read is shown as its sender wrote it. */
export function rowValueWords(column: string, value: string | number): readonly string[] {
  const text = String(value);
  const of = events[column];
  if (of !== undefined) {
    const all = jsonOf(text);
    return Array.isArray(all) && all.every((one) => isEvent(one, of.needs)) ? all.map(of.words) : [text];
  }
  if (column === 'kind') return [wordOf(rowKinds, text)];
  if (column === 'clear_fields') return [text.split(',').map(accessWords).join(', ')];
  return [wordOf(columnFacts.find((facts) => facts.column === column)?.words ?? {}, instantOr(text))];
}

const isEvent = (one: unknown, needs: readonly string[]): one is Event =>
  typeof one === 'object' && one !== null && needs.every((name) => typeof (one as Event)[name] === 'string');

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const refusals: Readonly<Record<string, string>> = {
  REQUIRED: 'manquant',
  EMPTY: 'vide',
  UNKNOWN_FIELD: 'inconnu',
  GIVEN_TWICE: 'donné deux fois',
  NOT_ALLOWED_HERE: 'non prévu ici',
  NOT_ALLOWED_VALUE: 'valeur non prévue',
  BAD_FORMAT: 'mal écrit',
  TOO_LONG: 'trop long',
  OUT_OF_RANGE: 'hors limites',
  OUTER_BLANKS: 'espaces en trop',
  BAD_JSON: 'illisible',
  BROKEN_TEXT: 'caractère illisible',
  PERSONAL_REFERENCE: 'semble être un numéro de téléphone',
  UNKNOWN_CLIENT: 'client inconnu',
  REFERENCE_USED: 'déjà utilisé',
  UNKNOWN_LEAD: 'contact inconnu',
  LEAD_ERASED: 'contact effacé',
  CLIENT_CLOSED: 'contrat du client terminé',
  LEAD_FULL: 'le contact deviendrait trop grand',
  ERASED_SINCE: 'antérieur à l’effacement de la personne',
  OPERATION_ENDED: 'opération terminée',
  RETENTION_ENDED: 'plus ancien que la durée de conservation',
  UNKNOWN_STATUS: 'état inconnu',
  SET_ASIDE: 'mis de côté par Relais',
  INTERNAL: 'n’a pas pu être enregistré',
};

/** `email BAD_FORMAT` as `Adresse e-mail : mal écrit`. */
export function refusalWords(reason: string): string {
  const [column = '', code = ''] = reason.split(' ');
  return `${accessWords(column)} : ${wordOf(refusals, code)}`;
}

/** A right exercised, or a requested change, as the log records it. */
export function rightWords(entry: string, detail: string): string {
  switch (entry) {
    case 'withdrawn':
      return `retrait ou opposition : ${optInWords(detail)}`;
    case 'consent_ended':
      return `accord arrivé à échéance : ${optInWords(detail)}`;
    case 'opposition_kept':
      return `inscription sur la liste d’opposition : ${optInWords(detail)}`;
    case 'erased':
      return 'effacement de vos données';
    case 'corrected':
      return `données corrigées : ${fieldWords(detail)}`;
    default:
      return detail === '' ? entry : `${entry} : ${detail}`;
  }
}

const fieldWords = (names: string): string =>
  names
    .split(' ')
    .map((name) => columnFacts.find(({ column, path }) => column === name || path === name)?.label ?? name)
    .join(', ');
