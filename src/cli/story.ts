// The story of one delivery, told for a person: French first, English on demand.
// Invariant: told from the hand-over log; no content, only names of fields and the opt-in sent.
import type { Sql } from '../store/database.ts';
import { isEnd, reasonText } from '../domain/delivery.ts';
import { deliveryStory, type ListedDelivery, type StoryEntry } from '../store/support.ts';
import { out, paris, strong } from './terminal.ts';

type Language = 'fr' | 'en';

const words = {
  fr: {
    title: (row: ListedDelivery) =>
      `Livraison ${row.id} : ${actionWords.fr[row.action]} de la demande ${row.leadReference} vers ${row.destinationId}`,
    state: 'État',
    key: 'Clé (webhook-id)',
    planned: 'Prévue le',
    limit: 'Délai maximal',
    due: 'Prochain essai',
    history: 'Ce qui s’est passé',
    nothing: 'Rien n’est encore parti.',
    next: 'Ce que vous pouvez faire',
  },
  en: {
    title: (row: ListedDelivery) =>
      `Delivery ${row.id}: ${row.action} of lead ${row.leadReference} to ${row.destinationId}`,
    state: 'State',
    key: 'Key (webhook-id)',
    planned: 'Planned',
    limit: 'Expires',
    due: 'Next try',
    history: 'What happened',
    nothing: 'Nothing has left yet.',
    next: 'What you can do',
  },
} as const;

const actionWords = { fr: { create: 'création', update: 'mise à jour', erase: 'effacement' } } as const;

const stateWords: Record<Language, Record<string, string>> = {
  fr: {
    planned: 'prévue',
    queued: 'en file',
    sending: 'en cours d’envoi',
    waiting: 'en attente',
    withheld: 'retenue',
    pending: 'décision du destinataire attendue',
    delivered: 'livrée',
    failed: 'échec',
    cancelled: 'annulée',
  },
  en: {
    planned: 'planned',
    queued: 'queued',
    sending: 'being sent',
    waiting: 'waiting',
    withheld: 'withheld',
    pending: 'the recipient decides',
    delivered: 'delivered',
    failed: 'failed',
    cancelled: 'cancelled',
  },
};

const outcomeWords: Record<Language, Record<string, string>> = {
  fr: {
    accepted: 'accepté',
    duplicate: 'déjà connu',
    pending: 'décision plus tard',
    unconfirmed: 'remis sans preuve',
    refused: 'refusé',
    invalid: 'contenu jugé invalide',
    unauthorized: 'accès refusé',
    throttled: 'trop rapide',
    unavailable: 'indisponible',
    unknown: 'issue inconnue',
    absent: 'inconnu du destinataire',
  },
  en: {},
};

export async function tellStory(sql: Sql, row: ListedDelivery, language: Language): Promise<void> {
  const word = words[language];
  const reason = reasonText(row.reason, language);
  out(strong(word.title(row)));
  out(
    `  ${word.state.padEnd(18)} ${strong(stateWords[language][row.state] ?? row.state)}${reason === '' ? '' : ` — ${reason}`}`,
  );
  out(`  ${word.key.padEnd(18)} ${row.key}`);
  out(`  ${word.planned.padEnd(18)} ${paris(row.createdAt)}`);
  if (!isEnd(row.state)) {
    out(`  ${word.limit.padEnd(18)} ${paris(row.expiresAt)}`);
    if (row.state === 'waiting' && row.dueAt < row.expiresAt)
      out(`  ${word.due.padEnd(18)} ${paris(row.dueAt)}`);
  }
  out(`\n${strong(word.history)}`);
  const entries = await deliveryStory(sql, row.id);
  if (entries.length === 0) out(`  ${word.nothing}`);
  for (const entry of entries) {
    out(`  ${paris(entry.at)}  ${told(entry, language)}`);
    for (const detail of details(entry, language)) out(`${' '.repeat(23)}${detail}`);
  }
  out(`\n${strong(word.next)}`);
  for (const line of advice(row, language)) out(`  ${line}`);
}

function told(entry: StoryEntry, language: Language): string {
  const fr = language === 'fr';
  const run = entry.run > 1 ? (fr ? `, rejeu ${entry.run}` : `, run ${entry.run}`) : '';
  const outcome = outcomeWords[language][entry.outcome] ?? entry.outcome;
  const status =
    entry.status > 0 ? ` (${entry.status}${entry.durationMs > 0 ? `, ${entry.durationMs} ms` : ''})` : '';
  const why = entry.reason === '' ? '' : ` : ${reasonText(entry.reason, language)}`;
  switch (entry.entry) {
    case 'departed':
      return fr
        ? `Passage de relais : tentative ${entry.attempt}${run} partie vers ${entry.target}`
        : `Handed over: attempt ${entry.attempt}${run} left for ${entry.target}`;
    case 'outcome':
      return fr ? `Réponse : ${outcome}${status}${why}` : `Answer: ${outcome}${status}${why}`;
    case 'outcome_unknown':
      return fr
        ? 'Aucune réponse : le processus qui envoyait s’est arrêté, issue inconnue'
        : 'No answer: the sending process stopped, outcome unknown';
    case 'late':
      return fr
        ? `Réponse tardive, sans effet : ${outcome}${status}`
        : `Late answer, without effect: ${outcome}${status}`;
    case 'lookup':
      return fr ? `Destinataire interrogé : ${outcome}${status}` : `Recipient asked: ${outcome}${status}`;
    case 'withheld':
      return fr ? `Retenue${why}` : `Withheld${why}`;
    case 'reopened':
      return fr ? 'Cause réparée : reprise' : 'Cause repaired: taken up again';
    case 'invalid':
      return fr
        ? `Non envoyée, ne respecte pas le format du client${why}`
        : `Not sent, does not fit the client’s format${why}`;
    case 'replayed':
      return fr
        ? `Rejeu par ${entry.actor} : ${entry.purpose}`
        : `Replayed by ${entry.actor}: ${entry.purpose}`;
    case 'cancelled':
      return fr
        ? `Annulée par ${entry.actor}${why}${entry.purpose === '' ? '' : ` (${entry.purpose})`}`
        : `Cancelled by ${entry.actor}${why}`;
    case 'expired':
      return fr ? `Délai maximal dépassé${why}` : `Past its maximum age${why}`;
    default:
      return `${entry.entry}${why}`;
  }
}

function details(entry: StoryEntry, language: Language): readonly string[] {
  const fr = language === 'fr';
  const lines: string[] = [];
  if (entry.entry === 'departed') {
    lines.push(
      fr
        ? `destinataire : ${entry.recipient} (autorisation ${entry.authorisation}), format v${entry.version}, révision ${entry.leadRevision} de la demande`
        : `recipient: ${entry.recipient} (authorisation ${entry.authorisation}), mapping v${entry.version}, lead revision ${entry.leadRevision}`,
    );
    for (const one of JSON.parse(entry.consents ?? '[]') as {
      field: string;
      value: string;
      purpose: string;
      channel: string;
      state: string;
    }[]) {
      lines.push(`opt-in : ${one.field} = ${one.value} (${one.purpose}, ${one.channel} : ${one.state})`);
    }
    if (entry.fileName !== '') lines.push(fr ? `fichier : ${entry.fileName}` : `file: ${entry.fileName}`);
    lines.push(
      `${fr ? 'empreinte' : 'digest'} : ${entry.digest?.toString('hex').slice(0, 16) ?? '-'}…, ${entry.bytes} ${fr ? 'octets' : 'bytes'}`,
    );
  }
  if (entry.fields !== null && entry.fields !== '')
    lines.push(`${fr ? 'champs' : 'fields'} : ${entry.fields}`);
  return lines;
}

function advice(row: ListedDelivery, language: Language): readonly string[] {
  const fr = language === 'fr';
  if (row.leadErased && row.action !== 'erase')
    return [fr ? 'Rien : la personne a été effacée.' : 'Nothing: the person has been erased.'];
  switch (row.state) {
    case 'planned':
    case 'queued':
    case 'sending':
      return [fr ? 'Rien : elle est en route.' : 'Nothing: it is on its way.'];
    case 'waiting':
      return [
        fr
          ? `Essayer tout de suite : relais replay ${row.id} --reason "..."`
          : `Try now: relais replay ${row.id} --reason "..."`,
        fr
          ? `Abandonner : relais cancel ${row.id} --reason "..."`
          : `Give up: relais cancel ${row.id} --reason "..."`,
      ];
    case 'withheld':
      return [
        fr
          ? 'Réparer la cause ci-dessus ; elle repartira d’elle-même.'
          : 'Repair the cause above; it leaves by itself.',
      ];
    case 'pending':
      return [
        fr
          ? `Redemander maintenant : relais replay ${row.id} --reason "..."`
          : `Ask again now: relais replay ${row.id} --reason "..."`,
      ];
    case 'failed':
    case 'cancelled':
      return [
        fr
          ? `Après correction, rejouer : relais replay ${row.id} --reason "..."`
          : `Once repaired, replay: relais replay ${row.id} --reason "..."`,
      ];
    case 'delivered':
      return [
        fr
          ? `Rien. Si le client l’a perdue : relais replay ${row.id} --reason "..."`
          : `Nothing. If the client lost it: relais replay ${row.id} --reason "..."`,
      ];
  }
}
