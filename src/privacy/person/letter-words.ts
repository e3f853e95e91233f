// French words of the letter: opt-ins, answers, exchanges, ways of sending, reception.
// Invariant: a code without words of its own is shown as it is, never left out.
import { columnFacts } from '../../domain/lead-fields/columns.ts';
import type { RequestState } from '../../domain/requests.ts';
import { interactionFields } from '../../domain/lead-fields/interaction.ts';
import { optInWords } from '../../domain/lead-values.ts';
import type { Reception } from './person-file.ts';

const wordOf = (words: Readonly<Record<string, string>>, name: string): string => words[name] ?? name;

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

/** The French name of a column of a refused row. */
export const accessWords = (column: string): string =>
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
