// Reads the anomalies of a client's leads for support: the meaning of each, and the contact for it.
// Invariant: reads only; names forms, agents, notices and sellers by code, and leads by reference.
import type { AnomalyKind } from '../domain/anomaly.ts';
import { civilDate } from '../domain/civil-date.ts';
import { unknownClient } from '../errors/unknown.ts';
import { listAnomalies, type ListedAnomaly } from '../store/leads/anomalies.ts';
import type { ReadOnlySql } from '../store/database.ts';
import { clientIds } from '../store/destinations/destinations.ts';
import { isWithin, type SupportPlace, type Scope } from './place.ts';
import type { Both } from './words.ts';

interface AnomalyWords {
  readonly title: Both;
  readonly whatToDo: Both;
}

export const anomalyWords: Readonly<Record<AnomalyKind, AnomalyWords>> = {
  notice_unknown: {
    title: ['Mention d’information inconnue', 'unknown notice'],
    whatToDo: [
      'Ajouter le texte lu ou affiché sous `notices` de client.yaml, ou corriger le code envoyé.',
      'Add the text that is read or shown under `notices` of client.yaml, or correct the code that is sent.',
    ],
  },
  notice_not_in_force: {
    title: [
      'Mention d’un autre canal, ou pas encore en usage',
      'notice of another channel or not in use yet',
    ],
    whatToDo: [
      'Corriger le code envoyé par le formulaire, ou la date `from` de client.yaml.',
      'Correct the code that the form sends, or the date `from` of client.yaml.',
    ],
  },
  notice_missing: {
    title: ['Mention d’information non précisée', 'notice not named'],
    whatToDo: [
      'Faire envoyer la version de la mention (`notice`) par ce formulaire ou cet agent.',
      'Have this form or agent send the version of the notice (`notice`).',
    ],
  },
  question_not_asked: {
    title: ['Question de consentement non posée', 'consent question not asked'],
    whatToDo: [
      'Ajouter la question au formulaire ou au script : elle est obligatoire, le lead attend tant qu’il n’a pas de réponse.',
      'Add the question to the form or the script: it is mandatory, the lead waits without an answer.',
    ],
  },
  other_entity: {
    title: ['Consentement au nom d’une autre société', 'consent names another company'],
    whatToDo: [
      'Corriger la société nommée, ou l’ajouter à `legalEntities` de client.yaml ; la page du lead la montre (relais lead show).',
      'Correct the company named, or add it to `legalEntities` of client.yaml; the page of the lead shows it.',
    ],
  },
  bought_without_proof: {
    title: ['Lead acheté sans preuve de consentement', 'bought without proof of consent'],
    whatToDo: [
      'Réclamer la preuve au vendeur, et ne plus rien lui acheter sans preuve.',
      'Claim the proof from the seller, and buy nothing more from them without it.',
    ],
  },
};

export type { ListedAnomaly } from '../store/leads/anomalies.ts';

/** Anomalies of the last days. @throws FIND-001 in the same words for an unknown client and for another's */
export function anomaliesWithin(
  { reading, database }: SupportPlace,
  scope: Scope,
  { client, days }: { readonly client: string; readonly days: number },
): Promise<readonly ListedAnomaly[]> {
  if (!isWithin(scope, client)) throw unknownClient(client);
  return anomaliesSince(reading, client, new Date(database.now().getTime() - days * 86_400_000));
}

/** @throws FIND-001 for an unknown client */
export async function anomaliesSince(
  sql: ReadOnlySql,
  clientId: string,
  since: Date,
): Promise<readonly ListedAnomaly[]> {
  if (!(await clientIds(sql)).includes(clientId)) throw unknownClient(clientId);
  return listAnomalies(sql, clientId, civilDate(since));
}
