// Words of the reason of an alert: each kind writes its own codes into it. French first.
// Invariant: a code that this release does not know is shown as it is; an alert names destinations and codes, never a lead.
import type { AlertKind } from '../domain/alert-kinds.ts';
import { counted, type OneAndSeveral } from '../domain/counted.ts';
import { anomalyWords } from './anomalies.ts';
import { codeWords } from './code-words.ts';
import { paris, reasonWords, type Both } from './words.ts';

type Words = (reason: string) => Both | undefined;

const requestStages: Readonly<Record<string, Both>> = {
  overdue: ['en retard', 'overdue'],
  written: ['destinataire à prévenir par écrit', 'recipient to be informed in writing'],
};

/** `12:overdue`, `12:day_21`. */
const request =
  (waits: (days: string) => Both): Words =>
  (reason) => {
    const [, id = '', stage = ''] = /^(\d+):(\w+)$/.exec(reason) ?? [];
    const days = /^day_(\d+)$/.exec(stage)?.[1];
    const [fr, en] = requestStages[stage] ?? (days === undefined ? [stage, stage] : waits(days));
    return id === '' ? undefined : [`demande de droits ${id} : ${fr}`, `request ${id}: ${en}`];
  };

/** A code in words after a colon, and in brackets where it has none. */
const behind = (code: string): Both => {
  const words = codeWords(code);
  return words === undefined ? [` (${code})`, ` (${code})`] : [` : ${words[0]}`, `: ${words[1]}`];
};

/** `FILE_42`, `HOUR_2026-11-26T06.00Z`; after a full stop its fault. */
const file: Words = (reason) => {
  const [, number, hour, code] =
    /^(?:FILE_(\d+)|HOUR_(\d{4}-\d\d-\d\dT\d\d\.\d\d)Z)(?:\.(.+))?$/.exec(reason) ?? [];
  const when = hour === undefined ? '' : paris(new Date(`${hour.replace('.', ':')}:00Z`));
  const why: Both = code === undefined ? ['', ''] : behind(code);
  if (number !== undefined) return [`fichier n° ${number}${why[0]}`, `file no. ${number}${why[1]}`];
  return hour === undefined ? undefined : [`fichier du ${when}${why[0]}`, `file of ${when}${why[1]}`];
};

const heldFile: Words = (reason) => {
  const [, rows, missing] = /^ROWS_(\d+)\.MISSING_(\d+)$/.exec(reason) ?? [];
  return rows === undefined
    ? undefined
    : [`${leadsText(rows)[0]}, ${missing} en moins`, `${leadsText(rows)[1]}, ${missing} fewer`];
};

const leads: OneAndSeveral = [
  ['lead', 'lead'],
  ['leads', 'leads'],
];
const leadsText = (count: string): Both => counted(Number(count), leads);

/** `BULK_RUN_7:CODE`. */
const bulkRun: Words = (reason) => {
  const [, id, code = ''] = /^BULK_RUN_(\d+):(.*)$/.exec(reason) ?? [];
  const [french, english] = behind(code);
  return id === undefined ? undefined : [`traitement groupé ${id}${french}`, `bulk run ${id}${english}`];
};

const clauses: Readonly<Record<string, Both>> = {
  C49: ['accueil avec la mention légale', 'greeting with the legal notice'],
  C50: ['numéro présenté', 'number to show'],
  C51: ['champ de l’opt-in et ses valeurs', 'opt-in field and its values'],
  C52: ['procédure et interlocuteur pour les droits', 'procedure and contact for rights'],
};
const goLive: Words = (reason) => {
  const missing = reason.split('+').map((clause) => clauses[clause] ?? ([clause, clause] as const));
  return [missing.map(([fr]) => fr).join(', '), missing.map(([, en]) => en).join(', ')];
};

const clientMail: Words = (reason) => {
  const [, id, code = ''] = /^mail_(\d+):(.*)$/.exec(reason) ?? [];
  const [french, english] = behind(code);
  return id === undefined ? undefined : [`e-mail ${id}${french}`, `mail ${id}${english}`];
};

/** `RIGHT_OPEN:2026-12-14:`, `END_MISSING:2026-12-14:JPO-26`: the cause, the day by which to settle it, the operation. */
const kept: Words = (reason) => {
  const [, cause = '', day = '', operation = ''] = /^([A-Z_]+):(\d{4}-\d\d-\d\d):(.*)$/.exec(reason) ?? [];
  const words = keptBecause(operation)[cause];
  if (words === undefined) return undefined;
  const inFrench = day.split('-').toReversed().join('/');
  return [`${words[0]}, à régler avant le ${inFrench}`, `${words[1]}, to be settled by ${day}`];
};
const keptBecause = (operation: string): Readonly<Record<string, Both>> => ({
  RIGHT_OPEN: [
    'échéance dépassée : un droit n’est pas appliqué partout',
    'past its day: a right is not through',
  ],
  RESTRICTED: ['échéance dépassée : traitement limité', 'past its day: processing is restricted'],
  END_MISSING:
    operation === ''
      ? ['opération ponctuelle sans code ni fin', 'one-off operation without a code or an end']
      : [
          `opération ponctuelle ${operation} sans date de fin`,
          `one-off operation ${operation} without an end`,
        ],
});

const number =
  (of: OneAndSeveral): Words =>
  (reason) =>
    /^\d+$/.test(reason) ? counted(Number(reason), of) : undefined;

const bounces: OneAndSeveral = [
  ['retour', 'bounce'],
  ['retours', 'bounces'],
];

const arrivals: Readonly<Partial<Record<string, Both>>> = {
  TOLD_AGAIN: ['l’effacement ou la mise à jour repart', 'the erasure or update leaves again'],
  NOT_TOLD_AGAIN: [
    'rien ne repart automatiquement, à régler avec le client',
    'nothing leaves again by itself, to be settled with the client',
  ],
};

/** `SET_ASIDE`, or `PLANNING:` and a code. */
const intake: Words = (reason) => {
  const [, planning, code = ''] = /^(PLANNING:)?(.*)$/.exec(reason) ?? [];
  if (code !== 'SET_ASIDE' && planning === undefined) return undefined;
  const [french, english] =
    code === 'SET_ASIDE'
      ? [' : le programme s’est arrêté deux fois', ': the program ended over it twice']
      : behind(code);
  return planning === undefined
    ? [`ligne reçue${french}`, `row that came in${english}`]
    : [`préparation d’un lead${french}`, `planning of a lead${english}`];
};

const byKind: Readonly<Partial<Record<AlertKind, Words>>> = {
  request_due: request((days) => [`${days}e jour`, `day ${days}`]),
  request_recipient: request((days) => [`sans réponse au ${days}e jour`, `no answer by day ${days}`]),
  file_late: file,
  file_unacknowledged: file,
  file_gap: file,
  file_bounced: file,
  ack_unreadable: file,
  ack_lines_unknown: file,
  ack_contradicts: file,
  file_held: heldFile,
  bulk_stuck: bulkRun,
  internal_error: bulkRun,
  go_live_incomplete: goLive,
  client_mail_unsent: clientMail,
  retention_kept: kept,
  late_arrival: (reason) => arrivals[reason],
  right_waits: (reason) =>
    reason === 'withdrawal_refused'
      ? ['ligne d’un retrait refusée à l’entrée', 'row of a withdrawal refused at intake']
      : undefined,
  anomalies_pile_up: (reason) =>
    (anomalyWords as Readonly<Partial<Record<string, { readonly title: Both }>>>)[reason]?.title,
  intake_failed: intake,
  intake_refused: number(leads),
  bounce_unmatched: number(bounces),
};

export const alertText = (kind: AlertKind, reason: string): Both =>
  byKind[kind]?.(reason) ?? reasonWords(reason);
