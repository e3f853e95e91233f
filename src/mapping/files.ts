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
import type { InParts } from './formats/in-parts.ts';
import type { Layout } from './formats/layout.ts';
import { fullFiles } from './transport/full-files.ts';

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
      ...(within === undefined ? {} : { ackWithinMs: within }),
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
  return { ...written, ...fullFiles(mapping, { writePart: written.writePart, inParts }, report) };
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
