// Compiles the parts that only destinations of files have: schedule, frame, writing a long file in parts, names of rows.
// Invariant: the parts inside their frame are the same bytes as the file written at once.
import type { Action } from '../../connectors/contract.ts';
import type { CompiledActions, PlannedCall } from './actions.ts';
import { planKey } from './apply.ts';
import type { CompiledMapping, ConnectorFacts } from './contract.ts';
import type { Report } from './document/problems.ts';
import { blockAt, textAt } from './document/yaml.ts';
import { parseDuration } from './fields/time.ts';
import type { Entry } from './fields/values.ts';
import type { InParts } from './formats/encoding.ts';
import type { Layout } from './formats/layout.ts';
import { defaultGuard } from '../domain/full-file.ts';

const lateMs = 30 * 60_000;

export function scheduleOf(
  mapping: Record<string, unknown>,
  report: Report,
  layout: Layout,
): Pick<CompiledMapping, 'schedule'> {
  const file = blockAt(mapping, 'file');
  const cron = textAt(file['schedule'], 'cron');
  if (cron === undefined) return {};
  const empty = file['empty'] === 'header' ? 'header' : 'skip';
  if (empty === 'header') checkEmpty(layout, report);
  const late = blockAt(file, 'schedule')['late'];
  const within = parseDuration(blockAt(file, 'ack')['within']);
  return {
    schedule: {
      cron,
      empty,
      timezone: textAt(file['schedule'], 'timezone') ?? 'Europe/Paris',
      lateMs: parseDuration(late) ?? lateMs,
      ackWithinMs: within,
    },
  };
}

/** A file without leads must be recognised as one. */
function checkEmpty({ inParts, csv }: Layout, report: Report): void {
  if (inParts === undefined)
    report.error(['file', 'empty'], 'MAP-615', [
      'un fichier d’un enregistrement ne s’écrit pas sans lui.',
      'a file of one record cannot be written without one.',
    ]);
  else if (csv?.dialect.header === false)
    report.error(['file', 'empty'], 'MAP-615', [
      'un CSV sans en-tête est vide quand il n’y a pas de leads : écrivez csv.header: true, ou empty: skip.',
      'a CSV without a heading has no bytes where there are no leads: write csv.header: true, or empty: skip.',
    ]);
}

/** True when an acknowledgement reports each lead by itself; then reports an error unless the file holds the name that its lines use. */
export function hearsLines(
  { actions, plans }: CompiledActions,
  connector: ConnectorFacts | undefined,
  report: Report,
): boolean {
  const settings = actions.get('create')?.settings;
  const namedBy = settings === undefined ? undefined : connector?.itemAnswers?.namedBy(settings);
  if (namedBy === undefined) return false;
  const source = namedBy === 'key' ? 'delivery.key' : 'id';
  for (const [action, { record }] of plans)
    if (!record.fields.some((field) => field.source === source))
      report.error(['file', 'ack', 'lines', namedBy], 'MAP-620', [
        `aucun champ de ${action} n’écrit ${source} : le destinataire ne peut pas désigner un lead par là.`,
        `no field of ${action} writes ${source}: the recipient cannot name a lead by it.`,
      ]);
  return true;
}

/** @param layout of the mapping; an action may have its own */
export function writingFiles(
  mapping: Record<string, unknown>,
  { plans }: CompiledActions,
  layout: Layout,
  { settingsKey, inParts, report }: Way,
): Pick<CompiledMapping, 'frame' | 'writePart' | 'full'> {
  if (settingsKey !== 'file') return {};
  const written = partsOf(mapping, { plans }, layout, inParts);
  return { ...written, ...fullFiles(mapping, written, inParts, report) };
}

interface Way {
  readonly settingsKey: string;
  /** The connector takes a file of any length. */
  readonly inParts: boolean;
  readonly report: Report;
}

function partsOf(
  mapping: Record<string, unknown>,
  { plans }: Pick<CompiledActions, 'plans'>,
  layout: Layout,
  inParts: boolean,
): Pick<CompiledMapping, 'frame' | 'writePart'> {
  const layouts = [...plans.values()].map((plan) => plan.layout ?? layout);
  if (layouts.some(({ inParts }) => inParts === undefined)) return {};
  const planOf = (action: Action): PlannedCall | undefined => plans.get(planKey(action));
  const writer = (action: Action): InParts => (planOf(action)?.layout ?? layout).inParts as InParts;
  const columns = (action: Action): readonly string[] => planOf(action)?.record.columns ?? [];
  const frame: CompiledMapping['frame'] = (action, batch) => writer(action).frame(columns(action), batch);
  if (!inParts || JSON.stringify(mapping).includes('batch.rows')) return { frame };
  return {
    frame,
    writePart: (records, action, batch) =>
      writer(action).part(
        columns(action),
        records.map((record) => record.values as readonly Entry[]),
        batch,
      ),
  };
}

// Checks the mapping of files that hold every current lead each time (`mode: full`).
// Invariant: such a file is one, is complete, and itself shows what changed and what was removed.

/** Undefined where files contain new leads alone. */
function fullFiles(
  mapping: Record<string, unknown>,
  { writePart }: Pick<CompiledMapping, 'writePart'>,
  inParts: boolean,
  report: Report,
): Pick<CompiledMapping, 'full'> {
  const file = blockAt(mapping, 'file');
  if (file['mode'] !== 'full') return {};
  for (const action of ['update', 'erase'] as const)
    if (Object.hasOwn(mapping, action))
      report.atKey.error([action], 'MAP-622', [
        `file.mode est full : le fichier suivant dit de lui-même ce qui ${action === 'update' ? 'a changé' : 'a été effacé'}, et cela n’a pas de fichier à soi.`,
        `file.mode is full: the next file says what ${action === 'update' ? 'has changed' : 'was erased'} by itself, and there is no file of its own for it.`,
      ]);
  if (!inParts)
    report.error(['file', 'mode'], 'MAP-623', [
      'un e-mail contient un nombre limité de leads, et les autres de l’heure partent dans d’autres : aucun ne les contiendrait tous.',
      'a mail holds so many leads at most, and the others of the hour leave in further mails: no mail would hold all of them.',
    ]);
  else if (writePart === undefined)
    report.error(['file', 'mode'], 'MAP-623', [
      'ces enregistrements ne s’écrivent pas par parties (batch.rows dans un champ, ou un enregistrement par fichier) : plusieurs fichiers partiraient, et aucun ne contiendrait tous les leads.',
      'these records cannot be written in parts (batch.rows in a field, or one record in a file): several files would leave, and none would hold all leads.',
    ]);
  const [minute = ''] = (textAt(file['schedule'], 'cron') ?? '').trim().split(/\s+/);
  if (!/^\d+$/.test(minute))
    report.error(['file', 'schedule', 'cron'], 'MAP-624', [
      'chaque lead repart avec chaque fichier : une fois par heure au plus, donc le premier champ est une minute fixe.',
      'every lead leaves again with each file: once an hour is the most, so the first field is one minute.',
    ]);
  const { shrink, fewest } = blockAt(file, 'guard');
  return {
    full: {
      shrink: typeof shrink === 'number' ? shrink : defaultGuard.shrink,
      fewest: typeof fewest === 'number' ? fewest : defaultGuard.fewest,
    },
  };
}
