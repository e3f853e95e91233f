// Compiles when a delivery is tried again: named schedules, lists of delays, deadlines, limits, hours, time-outs; and the parts
// of a compiled mapping that its settings decide.
// Invariant: every delivery has an end: a last attempt and a maximum age.
import type { DestinationLimits } from '../../domain/destination.ts';
import { rateLimitsBy, ratePeriods, type RateLimits } from '../../domain/rates.ts';
import type { RetryPolicy } from '../../domain/verdict.ts';
import { blockAt, textAt, isRecord } from '../document/yaml.ts';
import { near, type Report } from '../document/problems.ts';
import { parseDuration } from '../fields/time.ts';
import { compileHours, isZoneAt } from './hours.ts';
import type { Action, Both } from '../../../connectors/contract.ts';
import type { CompiledMapping, ConnectorFacts } from '../contract.ts';
import { settingsFor } from './settings.ts';

// Computes the parts of a compiled mapping that its settings decide: targets, parcel size, retries, banned categories.
// Invariant: what one action may not send, no action may: the fields are checked once for all of them.

type Blocks = Record<string, unknown>;
const all = ['create', 'update', 'erase'] as const satisfies readonly Action[];

/** Names the way that financial data may not travel, if any action uses it (C10). */
export function noFinancialIn(mapping: Blocks, connector: ConnectorFacts | undefined): Both | undefined {
  if (connector?.noFinancial === undefined) return undefined;
  for (const action of all) {
    const settings = settingsFor(mapping, connector, action);
    const way = isRecord(settings) ? connector.noFinancial(settings) : undefined;
    if (way !== undefined) return way;
  }
  return undefined;
}

interface Sent {
  readonly actions: CompiledMapping['actions'];
  readonly connector: ConnectorFacts;
  readonly client: CompiledMapping['client'];
}

type BySettings = Pick<
  CompiledMapping,
  'actions' | 'targets' | 'secretAddress' | 'covered' | 'maxItems' | 'retry'
>;

/** Everything of a compiled mapping that its settings decide. */
export function bySettings(
  sent: Sent,
  retry: Timing['retry'],
  mapping: Blocks,
  report: Report,
): { readonly facts: BySettings; readonly inParts: boolean } {
  const { actions, connector, client } = sent;
  const plans = Object.values(actions).filter((plan) => plan !== undefined);
  const targets = [...new Set(plans.flatMap((plan) => plan.targets))];
  const called = plans.flatMap((plan) => plan.calls?.map((call) => call.settings) ?? [plan.settings]);
  const secretAddress = called.some((settings) => connector.targets(settings).length === 0);
  const kinds = new Set(called.map((settings) => connector.targetKind(settings)));
  const listed = secretAddress ? [...kinds].flatMap((kind) => client[kind]) : [];
  const own = called.flatMap((settings) => connector.ownFolders?.(settings) ?? []);
  const limits = called.flatMap((settings) => connector.atMost?.(settings) ?? []);
  const why = called.map((settings) => connector.unaskable?.(settings)).find((words) => words !== undefined);
  if (why !== undefined && mapping['onUnknown'] === 'resend')
    report.error(['onUnknown'], 'MAP-621', [
      `${why[0]} : écrivez onUnknown: hold.`,
      `${why[1]}: write onUnknown: hold.`,
    ]);
  return {
    inParts: limits.length === 0,
    facts: {
      actions,
      targets,
      secretAddress,
      covered: [
        ...new Set([...targets, ...listed, ...own.filter((folder) => client.folders.includes(folder))]),
      ],
      maxItems: Math.min(connector.maxItems, ...limits),
      // Where a past departure cannot be looked up, a person decides an unknown outcome: sent again, the lead might exist twice.
      retry: why === undefined ? retry : { ...retry, onUnknown: 'hold' },
    },
  };
}

/** Named schedules. `standard`: 12 attempts after the first, over 3 days, the first within seconds. */
export const schedules: Readonly<Record<string, readonly string[]>> = {
  standard: ['5s', '30s', '2m', '10m', '30m', '1h', '2h', '4h', '8h', '12h', '18h', '24h'],
  patient: ['30s', '5m', '30m', '2h', '6h', '12h', '1d', '1d', '1d', '1d', '1d', '1d'],
  quick: ['2s', '10s', '30s', '2m', '5m', '15m'],
};

/** How deliveries reach their recipient. */
type Way = 'one by one' | 'in files' | 'fetched';

export const wayOf = (
  connector: { readonly settingsKey: 'send' | 'file'; readonly fetched?: object } | undefined,
): Way => {
  if (connector?.fetched !== undefined) return 'fetched';
  return connector?.settingsKey === 'file' ? 'in files' : 'one by one';
};

type Raw = Readonly<Record<string, unknown>>;

const ms = { shortest: 100, hour: 3_600_000, day: 86_400_000 };
/** A longer list of delays is a mistake. */
const maxDelays = 50;
/** A lead that was fetched and not answered for is due again at once: the recipient decides when it fetches. */
const fetchedDelays: readonly string[] = Array.from({ length: maxDelays }, () => '1s');
/** Deliveries in flight at once. For fetched leads: ten fetches whose answers are awaited. */
const togetherBy: Readonly<Record<Way, number>> = { 'one by one': 8, 'in files': 1, fetched: 2_000 };

interface Timing {
  readonly retry: RetryPolicy;
  readonly maxAgeMs: number;
  /** A lead that waits longer raises an alert. */
  readonly promiseMs: number;
  readonly limits: DestinationLimits;
  readonly timeouts: { readonly connectMs: number; readonly responseMs: number; readonly totalMs: number };
}

/** Reads retry, maxAge, promise, onUnknown, pending, limits, hours and timeouts of a mapping. */
export function compileTiming(mapping: unknown, report: Report, way: Way): Timing {
  const files = way === 'in files';
  const raw = (typeof mapping === 'object' && mapping !== null ? mapping : {}) as Record<string, unknown>;
  const delays = compileDelays(raw['retry'] ?? (way === 'fetched' ? fetchedDelays : 'standard'), report);
  const maxAgeMs = durationAt(raw, ['maxAge'], 7 * ms.day, report);
  const total = delays.reduce((sum, delay) => sum + delay, 0);
  if (total > maxAgeMs) {
    report.warn([Object.hasOwn(raw, 'retry') ? 'retry' : 'maxAge'], 'MAP-606', [
      'les nouveaux essais dépassent maxAge : les derniers n’ont jamais lieu.',
      'the retries go on longer than maxAge: the last ones never happen.',
    ]);
  }
  const onUnknown = raw['onUnknown'];
  // `ack.within` of a file is the deadline of its pending rows, unless the mapping gives another.
  const within = durationAt(raw, ['file', 'ack', 'within'], ms.day, report);
  const written = typeof raw['maxAge'] === 'string' ? raw['maxAge'] : '7d';
  const hours = compileHours(raw['hours'], { maxAgeMs, written }, report);
  const limits = limitsOf(blockAt(raw, 'limits'), togetherBy[way], report);
  warnOfFullWindows(limits, { maxAgeMs, written }, report);
  return {
    retry: {
      delays,
      onUnknown: onUnknown === 'lookup' || onUnknown === 'hold' ? onUnknown : 'resend',
      maxRetryAfterMs: 6 * ms.hour,
      pendingForMs: durationAt(raw, ['pending', 'for'], within, report),
      pendingEveryMs: durationAt(raw, ['pending', 'every'], 300_000, report),
    },
    maxAgeMs,
    // A lead of a file waits for its slot, usually once a day.
    promiseMs: durationAt(raw, ['promise'], files ? 26 * ms.hour : ms.hour, report),
    limits: { ...limits, hours },
    timeouts: {
      connectMs: timeoutAt(raw, 'connect', 5_000, report),
      responseMs: timeoutAt(raw, 'response', 15_000, report),
      totalMs: timeoutAt(raw, 'total', files ? 120_000 : 30_000, report),
    },
  };
}

/** The duration at a path, in ms; the fallback where none is written, or after reporting. */
export function durationAt(
  raw: Raw,
  path: readonly [string, ...string[]],
  fallback: number,
  report: Report,
): number {
  const key = path[path.length - 1] ?? '';
  const block = path.slice(0, -1).reduce(blockAt, raw);
  if (!Object.hasOwn(block, key)) return fallback;
  const value = parseDuration(block[key]);
  if (value !== undefined && value > 0) return value;
  report.error(path, 'MAP-601', [
    `${key} est une durée : un nombre et s, m, h ou d, comme 30s ou 10d.`,
    `${key} is a duration: a number and s, m, h or d, such as 30s or 10d.`,
  ]);
  return fallback;
}

function timeoutAt(
  raw: Raw,
  key: 'connect' | 'response' | 'total',
  fallback: number,
  report: Report,
): number {
  const value = durationAt(raw, ['timeouts', key], fallback, report);
  if (value >= ms.shortest && value <= ms.hour) return value;
  const written = String(blockAt(raw, 'timeouts')[key]);
  report.error(
    ['timeouts', key],
    'MAP-608',
    value > ms.hour
      ? [
          `personne ne répond après ${written} : une heure au plus.`,
          `nobody answers after ${written}: an hour at most.`,
        ]
      : [
          `${written} est trop court pour une réponse par le réseau : aucun lead n’en aurait. 100ms au moins.`,
          `${written} is too short for an answer over a network: every lead would go without one. 100ms at least.`,
        ],
  );
  return fallback;
}

function limitsOf(limits: Raw, concurrency: number, report: Report): DestinationLimits {
  const whole = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined;
  return {
    concurrency: whole(limits['concurrency']) ?? concurrency,
    ...rateLimitsBy((key) => whole(limits[key])),
    ...zoneOf(limits, report),
  };
}

/** The time zone whose midnight ends a day; without one a day is 24 hours from its first departure. */
function zoneOf(limits: Raw, report: Report): Pick<RateLimits, 'zone'> {
  const zone = textAt(limits, 'zone');
  if (zone === undefined || limits['perDay'] === undefined) return {};
  return isZoneAt(['limits', 'zone'], zone, report) ? { zone } : {};
}

/** Warns where a full window lasts longer than the maximum age of the leads that wait for its end. */
function warnOfFullWindows(
  limits: RateLimits,
  deadline: { readonly maxAgeMs: number; readonly written: string },
  report: Report,
): void {
  for (const { key, milliseconds } of ratePeriods)
    if (limits[key] !== undefined && deadline.maxAgeMs <= milliseconds)
      report.warn(['limits', key], 'MAP-611', [
        `ce qui arrive une fois que ${limits[key]} sont parties peut attendre ${milliseconds / 3_600_000} h et dépasser son maxAge (${deadline.written}).`,
        `what comes once ${limits[key]} have left can wait for ${milliseconds / 3_600_000}h and pass its maxAge (${deadline.written}).`,
      ]);
}

function compileDelays(raw: unknown, report: Report): readonly number[] {
  const named = typeof raw === 'string' && Object.hasOwn(schedules, raw) ? schedules[raw] : undefined;
  if (named === undefined && !Array.isArray(raw)) {
    near(report, raw, Object.keys(schedules)).error(['retry'], 'MAP-602', [
      `retry est ${Object.keys(schedules).join(', ')} ou une liste de délais : [5s, 30s, 2m].`,
      `retry is ${Object.keys(schedules).join(', ')} or a list of delays: [5s, 30s, 2m].`,
    ]);
    return [];
  }
  const list = named ?? (raw as unknown[]);
  if (list.length === 0 || list.length > maxDelays) {
    report.error(['retry'], 'MAP-602', [
      `la liste des délais a de 1 à ${maxDelays} entrées.`,
      `the list of delays has between 1 and ${maxDelays} entries.`,
    ]);
  }
  return list.flatMap((delay, index) => {
    const value = parseDuration(delay);
    if (value !== undefined && value >= 1_000) return [value];
    report.error(['retry', index], 'MAP-602', [
      'un délai est un nombre et s, m, h ou d, une seconde au moins : 5s, 30s, 2m.',
      'a delay is a number and s, m, h or d, one second at least: 5s, 30s, 2m.',
    ]);
    return [];
  });
}
