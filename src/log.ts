// Logs by allow-list: fixed event names and typed fields; anything else is dropped before pino gets it.
// Invariant: no personal data can be logged, because no field takes free text (guarantee 7). pino's redact is only a second
// safeguard.
import { pino, type Logger as Pino } from 'pino';

/** Every event the program can log. */
export const logEvents = [
  'process.started',
  'process.read_only',
  'process.stopping',
  'process.stopped',
  'process.failed',
  'intake.accepted',
  'intake.refused',
  'intake.unjudged',
  'planner.planned',
  'planner.set_aside',
  'dispatch.pushed',
  'dispatch.epoch_lost',
  'job.foreign',
  'worker.opened',
  'worker.closed',
  'delivery.attempted',
  'delivery.settled_late',
  'delivery.withheld',
  'delivery.broken',
  'delivery.stranded',
  'lease.recovered',
  'request.broken',
  'credential.got',
  'credential.not_got',
  'circuit.opened',
  'circuit.closed',
  'consent.ended',
  'consent.set_aside',
  'retention.begun',
  'retention.set_aside',
  'batch.built',
  'batch.sent',
  'batch.voided',
  'mapping.published',
  'mapping.unusable',
  'seal.written',
  'seal.refused',
  'keys.refused',
  'bounce.read',
  'bounce.failed',
  'bounce.refused',
  'bounce.subscribed',
  'callback.heard',
  'api.failed',
  'api.listening',
  'console.failed',
  'console.listening',
  'callback.refused',
  'callback.failed',
  'callback.shut_out',
  'alert.raised',
  'alert.failed',
  'event.untold',
  'client_mail.sent',
  'client_mail.unsent',
  'client.closing_broken',
  'client.deleted',
  'client_mail.failed',
  'service.away',
  'service.back',
  'redis.foreign',
  'redis.ours',
  'store.unavailable',
  'redis.unavailable',
  'loop.failed',
  'loop.worked',
  'claim.empty',
  'delivery.step',
] as const;
export type LogEvent = (typeof logEvents)[number];

/** Fields that may be logged. Texts must be codes or slugs; anything else is replaced. */
export interface LogFields {
  readonly client?: string;
  readonly destination?: string;
  readonly delivery?: number;
  readonly lead?: number;
  readonly batch?: number;
  readonly run?: number;
  readonly attempt?: number;
  readonly action?: string;
  readonly connector?: string;
  readonly outcome?: string;
  readonly verdict?: string;
  readonly reason?: string;
  readonly status?: number;
  readonly bytes?: number;
  readonly durationMs?: number;
  readonly waitMs?: number;
  readonly host?: string;
  readonly count?: number;
  readonly version?: number;
  readonly role?: string;
  readonly loop?: string;
  readonly code?: string;
  readonly signal?: string;
  readonly port?: number;
}

const fieldKinds: Record<keyof LogFields, 'code' | 'number'> = {
  client: 'code',
  destination: 'code',
  delivery: 'number',
  lead: 'number',
  batch: 'number',
  run: 'number',
  attempt: 'number',
  action: 'code',
  connector: 'code',
  outcome: 'code',
  verdict: 'code',
  reason: 'code',
  status: 'number',
  bytes: 'number',
  durationMs: 'number',
  waitMs: 'number',
  host: 'code',
  count: 'number',
  version: 'number',
  role: 'code',
  loop: 'code',
  code: 'code',
  signal: 'code',
  port: 'number',
};

/** Codes, slugs, host names; at most 120 characters. No `@`, no space: neither a name with a first name nor a mail fits. */
const codePattern = /^[A-Za-z0-9_.:/[\]-]{1,120}$/;

/** Eight or more digits with nothing but separators: possibly a phone number. */
const numberLike = /^[\d_./:-]*\d(?:[_./:-]?\d){7,}[\d_./:-]*$/;

export interface Log {
  /** Details of a round, a claim or a step: for analysing a fault, too many for daily use. */
  readonly debug: (event: LogEvent, fields?: LogFields) => void;
  readonly info: (event: LogEvent, fields?: LogFields) => void;
  readonly warn: (event: LogEvent, fields?: LogFields) => void;
  readonly error: (event: LogEvent, fields?: LogFields) => void;
}

/** @param destination a pino destination (stream); standard output when absent. */
export function createLog(options: { level: string; stream?: { write(line: string): void } }): Log {
  const settings = {
    level: options.level,
    base: null,
    redact: ['*.email', '*.body', '*.headers'],
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  const target: Pino = options.stream === undefined ? pino(settings) : pino(settings, options.stream);
  const at =
    (level: keyof Log) =>
    (event: LogEvent, fields: LogFields = {}) => {
      if (target.isLevelEnabled(level)) target[level](allowed(fields), event);
    };
  return sparing({ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') });
}

/** True for the 1st, 2nd, 4th, 8th … failure in a row: a line for these only, so that an outage does not fill the disk. */
export const isWorthLogging = (failures: number): boolean => Number.isInteger(Math.log2(failures));

/**
 * Events that every request, push or read causes while a service is unreachable or refuses everything. Loops count their failures
 * themselves.
 */
const ofOutages: ReadonlySet<LogEvent> = new Set<LogEvent>([
  'api.failed',
  'console.failed',
  'callback.failed',
  'redis.unavailable',
  'store.unavailable',
]);

/**
 * A log that writes an event of an outage once in a period for each code and loop, with the number suppressed since. A line for
 * each request or push would fill the disk, whose failure may be the cause.
 * @param now monotonic, ms
 */
export function sparing(log: Log, periodMs = 60_000, now = () => performance.now()): Log {
  const said = new Map<string, { readonly at: number; unsaid: number }>();
  const at =
    (level: 'warn' | 'error') =>
    (event: LogEvent, fields: LogFields = {}): void => {
      if (!ofOutages.has(event)) return log[level](event, fields);
      const name = `${event} ${String(fields.code ?? '')} ${String(fields.loop ?? '')}`;
      const count = typeof fields.count === 'number' ? fields.count : 1;
      const before = said.get(name);
      if (before !== undefined && now() - before.at < periodMs) {
        before.unsaid += count;
        return;
      }
      // Codes may be foreign; their number is small, but not guaranteed.
      if (said.size >= 200) said.clear();
      said.set(name, { at: now(), unsaid: 0 });
      log[level](event, before === undefined ? fields : { ...fields, count: before.unsaid + count });
    };
  return { ...log, warn: at('warn'), error: at('error') };
}

const nothing = (): void => undefined;
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function allowed(fields: LogFields): Record<string, string | number> {
  const kept: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(fields)) {
    const kind = (fieldKinds as Record<string, 'code' | 'number' | undefined>)[name];
    if (kind === 'number' && typeof value === 'number' && Number.isFinite(value))
      kept[name] = Math.round(value * 1000) / 1000;
    else if (kind === 'code' && typeof value === 'string') kept[name] = loggable(value);
  }
  return kept;
}

/** The text when it is a code or a slug, else `REDACTED`: for all output of the program besides the log. */
export const loggable = (text: string): string =>
  codePattern.test(text) && !numberLike.test(text) && !text.split(':').some((part) => numberLike.test(part))
    ? text
    : 'REDACTED';
