// Answers that no rule of the file reads, and rules that no answer meets.
// Invariant: what is not read is not understood: never an acceptance.
import type { ConnectorFacts } from '../contract.ts';
import type { Report } from '../document/problems.ts';
import { blockAt } from '../document/yaml.ts';
import type { Judge } from './rules.ts';

/** Read by a call's own rules; what belongs to none is not understood. */
export const unread: Judge = ({ answer }) => ({ kind: 'unknown', reason: `UNMATCHED_${answer.status}` });

/** The connector knows by itself what became of a mail, a text message or a file. */
export function reportUnread(
  mapping: Record<string, unknown>,
  { type, settingsKey, lookupKey }: ConnectorFacts,
  report: Report,
): void {
  if (!Object.hasOwn(mapping, 'response')) return;
  const why =
    lookupKey === undefined
      ? `the connector ${type} knows by itself what an answer means. Remove them.`
      : Object.hasOwn(blockAt(mapping, settingsKey), lookupKey)
        ? `the lines of ${settingsKey}.${lookupKey} say it for each lead. Remove them.`
        : `they are for the answers to ${settingsKey}.${lookupKey}, which is not there. Add it, or remove them.`;
  report.warn(['response'], 'MAP-516', `nothing reads these rules: ${why}`, { at: 'key' });
}
