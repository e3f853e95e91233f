// The story of one delivery, told for a person: French first, English on demand.
// Invariant: told from the hand-over log; no content, only names of fields and the opt-in sent.
import { connectFailureCodes } from '../../connectors/guard/failures.ts';
import { isEnd, reasonText, splitReason } from '../domain/delivery.ts';
import type { Sql } from '../store/database.ts';
import { writtenTo } from './written-to.ts';
import { deliveryStory, type ListedDelivery, type StoryEntry } from '../store/support.ts';
import { outcomeText } from './answer-words.ts';
import { nextTry, weatherFor } from './next-try.ts';
import { actionWords, advice, inLanguage, nextWords, stateWords, type Language } from './story-words.ts';
import { paris } from './table.ts';
import { out, strong } from './terminal.ts';

/** Codes that say that no byte of a lead left this house. */
const nothingLeft: ReadonlySet<string> = new Set([
  ...connectFailureCodes,
  'SECRET_MISSING',
  'SECRET_MALFORMED',
  'HOST_KEY_MISMATCH',
]);

export async function tellStory(sql: Sql, row: ListedDelivery, language: Language): Promise<void> {
  const say = (fr: string, en: string): string => inLanguage([fr, en], language);
  const action = inLanguage(actionWords[row.action], language);
  out(
    strong(
      say(
        `Livraison ${row.id} : ${action} de la demande ${row.leadReference} (révision ${row.revision}) pour ${row.clientId}, vers ${row.destinationId}`,
        `Delivery ${row.id}: ${action} of lead ${row.leadReference} (revision ${row.revision}) for ${row.clientId}, to ${row.destinationId}`,
      ),
    ),
  );
  const fact = (label: string, value: string): void => out(`  ${label.padEnd(18)} ${value}`);
  const reason = reasonText(row.reason, language);
  const state = strong(inLanguage(stateWords[row.state], language));
  fact(say('État', 'State'), `${state}${reason === '' ? '' : ` — ${reason}`}`);
  fact(say('Clé (webhook-id)', 'Key (webhook-id)'), row.key);
  fact(say('Prévue le', 'Planned'), paris(row.createdAt));
  if (row.recipientReference !== undefined)
    fact(say('Référence client', 'Their reference'), row.recipientReference);
  if (isEnd(row.state)) fact(say('Terminée le', 'Ended'), paris(row.settledAt));
  else {
    const next = await nextTry(sql, row);
    if (next !== undefined) fact(say('Prochain essai', 'Next try'), inLanguage(next, language));
    fact(say('Délai maximal', 'Expires'), paris(row.expiresAt));
  }
  out(`\n${strong(say('Ce qui s’est passé', 'What happened'))}`);
  const entries = await deliveryStory(sql, row.id);
  const stayed = stayedHere(entries);
  if (!entries.some((one) => one.entry === 'departed' && !stayed.has(one)))
    out(
      `  ${isEnd(row.state) ? say('Rien n’est parti.', 'Nothing has left.') : say('Rien n’est encore parti.', 'Nothing has left yet.')}`,
    );
  for (const entry of entries) {
    out(
      `  ${paris(entry.at)}  ${stayed.has(entry) ? toldAsPrepared(entry, language) : told(entry, language)}`,
    );
    for (const detail of details(entry, language)) out(`${' '.repeat(23)}${detail}`);
  }
  out(`\n${strong(say('Ce que vous pouvez faire', 'What you can do'))}`);
  if (row.state === 'failed' && entries.at(-1)?.entry === 'closed')
    return out(`  ${say('Rien : elle est classée.', 'Nothing: it is closed.')}`);
  const weather = row.state === 'waiting' ? await weatherFor(sql, row) : undefined;
  for (const line of advice(row, weather?.sends)) out(`  ${inLanguage(line, language)}`);
  const contact = await writtenTo(sql, row);
  if (contact !== undefined)
    out(`  ${say('Interlocuteur pour les droits :', 'Contact for rights:')} ${contact}`);
}

/**
 * Departures whose attempt ended in our own house: the log notes a departure before anything can leave, and a
 * connection that was never made tells afterwards that nothing did.
 */
function stayedHere(entries: readonly StoryEntry[]): ReadonlySet<StoryEntry> {
  const same = (a: StoryEntry, b: StoryEntry): boolean =>
    a.run === b.run && a.attempt === b.attempt && a.callName === b.callName;
  return new Set(
    entries.filter(
      (one) =>
        one.entry === 'departed' &&
        entries.some(
          (other) => other.entry === 'outcome' && same(one, other) && nothingLeft.has(codeOf(other)),
        ),
    ),
  );
}

const codeOf = ({ reason }: StoryEntry): string => splitReason(reason).code ?? reason;

function toldAsPrepared({ attempt, run, target }: StoryEntry, language: Language): string {
  const again = run > 1 ? inLanguage([`, rejeu ${run - 1}`, `, run ${run}`], language) : '';
  return inLanguage(
    [
      `Tentative ${attempt}${again} préparée pour ${target} ; rien n’est parti`,
      `Attempt ${attempt}${again} made ready for ${target}; nothing left`,
    ],
    language,
  );
}

function told(entry: StoryEntry, language: Language): string {
  const say = (fr: string, en: string): string => inLanguage([fr, en], language);
  const run = entry.run > 1 ? say(`, rejeu ${entry.run - 1}`, `, run ${entry.run}`) : '';
  const colon = say(' : ', ': ');
  const why = entry.reason === '' ? '' : `${colon}${reasonText(entry.reason, language)}`;
  const answer = `${outcomeText(entry.outcome, codeOf(entry), language)}${measured(entry)}`;
  const named = entry.callName === '' ? '' : say(` (appel ${entry.callName})`, ` (call ${entry.callName})`);
  const typed = entry.purpose === '' ? '' : ` (${entry.purpose})`;
  const { actor, attempt, target } = entry;
  switch (entry.entry) {
    case 'departed':
      return say(
        `Passage de relais${named}${colon}tentative ${attempt}${run} partie vers ${target}`,
        `Handed over${named}${colon}attempt ${attempt}${run} left for ${target}`,
      );
    case 'outcome':
      return `${say('Réponse', 'Answer')}${named}${colon}${answer}${why}${next(entry, language)}`;
    case 'outcome_unknown':
      return `${say('Aucune réponse : l’envoi s’est interrompu, issue inconnue', 'No answer: the send was cut off, outcome unknown')}${named}${next(entry, language)}`;
    case 'late':
      return `${say('Réponse tardive, sans effet', 'Late answer, without effect')}${colon}${answer}`;
    case 'lookup':
      return `${say('Destinataire interrogé', 'Recipient asked')}${named}${colon}${answer}${next(entry, language)}`;
    case 'withheld':
      return `${say('Retenue', 'Withheld')}${why}`;
    case 'reopened':
      return say('Cause réparée : reprise', 'Cause repaired: taken up again');
    case 'invalid':
      return `${say('Non envoyée', 'Not sent')}${why}`;
    case 'replayed':
      return say(
        `Rejeu demandé par ${actor}${colon}${entry.purpose}`,
        `Replayed by ${actor}${colon}${entry.purpose}`,
      );
    case 'cancelled':
      return `${say('Annulée par', 'Cancelled by')} ${actor}${why}${typed}`;
    case 'batch_voided':
      return say(
        'Fichier annulé : quelque chose a changé depuis, la demande repart dans un nouveau fichier',
        'File voided: something has changed since, the lead goes again in a new file',
      );
    case 'closed':
      return say(
        `Classée par ${actor}${colon}${entry.purpose}`,
        `Closed by ${actor}${colon}${entry.purpose}`,
      );
    case 'resolved':
      return entry.reason === 'received'
        ? say(
            `Reçue par le destinataire, selon ${actor}${colon}${entry.purpose}`,
            `Received, says ${actor}${colon}${entry.purpose}`,
          )
        : say(
            `Pas reçue par le destinataire, selon ${actor}${colon}${entry.purpose}`,
            `Not received, says ${actor}${colon}${entry.purpose}`,
          );
    case 'expired':
      return `${say('Délai maximal dépassé', 'Past its maximum age')}${why}`;
    default:
      return `${entry.entry}${why}${typed}`;
  }
}

function measured({ status, durationMs }: StoryEntry): string {
  const parts = [...(status > 0 ? [String(status)] : []), ...(durationMs > 0 ? [`${durationMs} ms`] : [])];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function next(entry: StoryEntry, language: Language): string {
  const words = nextWords[entry.nextStep];
  return words === undefined ? '' : ` → ${inLanguage(words, language)}`;
}

interface SentConsent {
  readonly field: string;
  readonly value: string;
  readonly purpose: string;
  readonly channel: string;
  readonly state: string;
}

function details(entry: StoryEntry, language: Language): readonly string[] {
  const say = (fr: string, en: string): string => inLanguage([fr, en], language);
  const fields = entry.fields ?? '';
  const listed = fields === '' ? [] : [`${say('champs : ', 'fields: ')}${fields.replaceAll(' ', ', ')}`];
  if (entry.entry !== 'departed') return listed;
  const isFormer = entry.reason === 'former_authorisation';
  const right = say(
    `autorisation ${entry.authorisation}${entry.document === null ? '' : ` « ${entry.document} »`}${isFormer ? ', qui a pris fin depuis : la personne et sa réponse seulement' : ''}`,
    `authorisation ${entry.authorisation}${entry.document === null ? '' : ` "${entry.document}"`}${isFormer ? ', ended since: the person and the answer only' : ''}`,
  );
  const digest = entry.digest?.toString('hex') ?? '-';
  return [
    `${say('destinataire : ', 'recipient: ')}${entry.recipient} (${right})`,
    say(
      `par ${entry.connector}, format v${entry.version}, révision ${entry.leadRevision} de la demande`,
      `by ${entry.connector}, mapping v${entry.version}, lead revision ${entry.leadRevision}`,
    ),
    ...(JSON.parse(entry.consents ?? '[]') as readonly SentConsent[]).map(
      (one) =>
        `${say('opt-in : ', 'opt-in: ')}${one.field} = ${one.value} (${one.purpose}, ${one.channel} : ${one.state})`,
    ),
    ...(entry.fileName === '' ? [] : [`${say('fichier : ', 'file: ')}${entry.fileName}`]),
    ...listed,
    `${say('empreinte : ', 'digest: ')}${digest} (${entry.bytes} ${say('octets', 'bytes')})`,
  ];
}
