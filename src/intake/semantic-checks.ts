// Checks of a row beyond its schema: instants against now and each other, ranges, proof of a phone grant, reachability.
// Invariant: pure; judges the row, never repairs it.
import { phoneGrantDays } from '../domain/consent.ts';
import type { ConsentRecord, Interaction } from '../domain/lead.ts';
import { columnFacts, leadColumns, type LeadColumn, type LeadFields } from '../domain/lead-fields/columns.ts';
import { refusal, type ColumnRefusal } from './refusals.ts';
import type { CheckedRow } from './row.ts';

const dayMs = 86_400_000;
/** Clocks of the web server, the switchboard and the gateway differ a little. */
const aheadMs = 5 * 60_000;

/** A lead without one of these could not be filed or kept lawfully: never cleared. */
export const notClearable: readonly LeadColumn[] = columnFacts
  .filter(({ presence }) => presence !== 'optional')
  .map(({ column }) => column);

const reachedBy = ['last_name', 'email', 'mobile', 'landline'] as const;
const ranges = ['surface', 'budget'] as const;

/** Columns of the lead by which a correction is judged. */
export const judgedColumns: readonly LeadColumn[] = [
  ...reachedBy,
  ...ranges.flatMap((name) => [`${name}_min`, `${name}_max`] as const),
];

const instants = columnFacts.filter(({ type }) => type === 'date').map(({ column }) => column);

export function checkMeaning(row: CheckedRow, now: Date): readonly ColumnRefusal[] {
  const latest = now.getTime() + aheadMs;
  const problems: ColumnRefusal[] = [];
  for (const name of instants) {
    const value = row.fields[name];
    if (value instanceof Date && value.getTime() > latest)
      problems.push(refusal(name, 'OUT_OF_RANGE', 'in the future'));
  }
  if (row.kind === 'lead') problems.push(...checkReachable(row.fields, 'row'));
  if (row.kind === 'correction') problems.push(...checkCorrection(row));
  problems.push(...checkRanges(row.fields));
  row.consents.forEach((event, index) => problems.push(...checkConsent(event, `consents[${index}]`, latest)));
  row.interactions.forEach((event, index) =>
    problems.push(...checkInteraction(event, `interactions[${index}]`, latest)),
  );
  return problems;
}

/** A lead needs a name or an address. */
export function checkReachable(fields: LeadFields, column: string): readonly ColumnRefusal[] {
  if (reachedBy.some((name) => fields[name] !== undefined)) return [];
  return [refusal(column, 'REQUIRED', 'at least one of last_name, email, mobile and landline')];
}

export function checkRanges(fields: LeadFields): readonly ColumnRefusal[] {
  return ranges.flatMap((name) => {
    const min = fields[`${name}_min`];
    const max = fields[`${name}_max`];
    return typeof min === 'number' && typeof max === 'number' && min > max
      ? [refusal(`${name}_max`, 'OUT_OF_RANGE', `below ${name}_min`)]
      : [];
  });
}

function checkCorrection(row: CheckedRow): readonly ColumnRefusal[] {
  if (Object.keys(row.fields).length === 0 && row.clear.length === 0) {
    return [refusal('row', 'REQUIRED', 'a correction changes or clears at least one column')];
  }
  const problems: ColumnRefusal[] = [];
  for (const name of row.clear) {
    if (!leadColumns.includes(name))
      problems.push(
        refusal('clear_fields', 'NOT_ALLOWED_VALUE', 'column names, separated by commas without blanks'),
      );
    else if (notClearable.includes(name))
      problems.push(refusal('clear_fields', 'NOT_ALLOWED_VALUE', `${name} is mandatory`));
    else if (row.fields[name] !== undefined)
      problems.push(refusal('clear_fields', 'NOT_ALLOWED_VALUE', `${name} is also given a value`));
  }
  return problems;
}

function checkConsent(event: ConsentRecord, path: string, latest: number): readonly ColumnRefusal[] {
  const problems: ColumnRefusal[] = [];
  const at = event.recordedAt.getTime();
  if (at > latest) problems.push(refusal(`${path}.recordedAt`, 'OUT_OF_RANGE', 'in the future'));
  if (event.validUntil !== undefined && event.validUntil.getTime() <= at) {
    problems.push(refusal(`${path}.validUntil`, 'OUT_OF_RANGE', 'not after recordedAt'));
  }
  if (event.channel !== 'phone' || event.state !== 'granted') return problems;
  // C16b: the professional must prove the consent: the entity and the wording it was given to.
  for (const name of ['legalEntity', 'wordingVersion'] as const) {
    if (event[name] === undefined)
      problems.push(refusal(`${path}.${name}`, 'REQUIRED', 'a phone consent must be provable'));
  }
  if (event.validUntil !== undefined && event.validUntil.getTime() > at + phoneGrantDays * dayMs) {
    problems.push(
      refusal(`${path}.validUntil`, 'OUT_OF_RANGE', `a phone consent lives ${phoneGrantDays} days at most`),
    );
  }
  return problems;
}

/** The centre's own interactions: they express no will of the prospect, and must never restart retention (C08, C33). */
const ours = new Set(['failed_callback', 'email_sent', 'sms_sent', 'brochure_sent', 'invitation_letter']);

function checkInteraction(event: Interaction, path: string, latest: number): readonly ColumnRefusal[] {
  const problems: ColumnRefusal[] = [];
  if (event.at.getTime() > latest) problems.push(refusal(`${path}.at`, 'OUT_OF_RANGE', 'in the future'));
  if (event.voluntary && ours.has(event.kind)) {
    problems.push(refusal(`${path}.voluntary`, 'NOT_ALLOWED_VALUE', 'this kind is an action of the centre'));
  }
  return problems;
}
