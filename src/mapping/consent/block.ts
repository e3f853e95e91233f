// Compiles a consent block: the client's own field and value for each of the four states, in every exchange (C16, C20).
// Invariant: the value written is the one the file gives for the recorded state; absence is never an answer.
import { answerToTell, toldAheadMs } from '../../domain/consent.ts';
import type { CurrentConsent } from '../../domain/consent.ts';
import { isNamedEntity } from '../../domain/legal-entity.ts';
import type { Lead } from '../../domain/lead.ts';
import { pairOf } from '../consent-contract.ts';
import { compileLine } from './line.ts';
import type { AnswerLine } from './needs.ts';
import type { CompiledMapping } from '../contract.ts';
import type { Path } from '../document/problems.ts';
import type { Scope } from '../scope.ts';
import type { ConsentNeed } from '../fields/values.ts';

/** A line as the record places it. */
export type ConsentLine = Pick<AnswerLine, 'target' | 'path' | 'line' | 'pairs' | 'write' | 'say' | 'table'>;

export interface CompiledConsent {
  readonly lines: readonly ConsentLine[];
  /** The answers in force, one for each purpose and channel the block names; or those that are missing. */
  readonly answers: (
    lead: Lead,
    now: Date,
  ) => { readonly current: readonly CurrentConsent[] } | { readonly missing: readonly ConsentNeed[] };
  /** The first field whose value for its state is `hold`. */
  readonly held: (current: readonly CurrentConsent[]) => string | undefined;
  readonly freshUntil: (current: readonly CurrentConsent[]) => Date | undefined;
  readonly table: CompiledMapping['consentTable'];
  readonly sheet: (
    current: readonly CurrentConsent[],
  ) => readonly { readonly label: string; readonly value: string }[];
}

/** A phone grant that names another company than the client's or the recipient's proves nothing for them (C16b). */
function answerOf(
  lead: Lead,
  { purpose, channel }: ConsentNeed,
  now: Date,
  entities: ReadonlySet<string>,
): CurrentConsent | undefined {
  const found = answerToTell(lead.consents, purpose, channel, now);
  return found?.state === 'granted' &&
    channel === 'phone' &&
    !isNamedEntity(found.record.legalEntity, entities)
    ? { state: 'refused', record: found.record, lapsed: true }
    : found;
}

/** Compiles a consent block; the file's is mandatory, so an absent one is a problem. */
export function compileConsent(
  raw: unknown,
  scope: Scope,
  path: Path = ['consent'],
): CompiledConsent | undefined {
  const { report } = scope;
  if (!Array.isArray(raw) || raw.length === 0) {
    report.error(path, 'MAP-301', [
      'le bloc consent manque : l’opt-in doit être dans chaque échange (C20).',
      'the consent block is missing: the opt-in must be in every exchange (C20).',
    ]);
    return undefined;
  }
  const pairs: ConsentNeed[] = [];
  const lines = raw.flatMap(
    (line: unknown, index) => compileLine(line, [...path, index], scope, pairs) ?? [],
  );
  if (lines.length > 0 && !lines.some((line) => line.answers)) {
    report.error(path, 'MAP-306', [
      'aucune ligne du bloc consent n’a de values : l’opt-in lui-même n’est pas écrit.',
      'no line of the consent block has values: the opt-in itself is not written.',
    ]);
  }
  const byAddress = scope.blocks.has('refusedAtAddress');
  return {
    lines,
    answers: (lead, now) => {
      const current: CurrentConsent[] = [];
      let missing: ConsentNeed[] | undefined;
      for (const pair of pairs) {
        const found = answerOf(lead, pair, now, scope.entities);
        if (found === undefined) (missing ??= []).push(pair);
        else if (byAddress && lead.refusedAtAddress?.has(pairOf(pair)) === true)
          current.push({ ...found, refusedAtAddress: true });
        else current.push(found);
      }
      return missing === undefined ? { current } : { missing };
    },
    held: (current) => {
      for (const line of lines) {
        const field = line.held(current);
        if (field !== undefined) return field;
      }
      return undefined;
    },
    freshUntil: (current) => {
      let earliest: Date | undefined;
      for (const { until } of current) {
        if (until !== undefined && (earliest === undefined || until < earliest)) earliest = until;
      }
      return earliest === undefined ? undefined : new Date(earliest.getTime() - toldAheadMs);
    },
    table: lines.flatMap((line) => line.table),
    sheet: (current) => lines.flatMap((line) => line.sheet(current)),
  };
}
