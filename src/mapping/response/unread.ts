// Handles answers that no rule reads, and reports rules that no answer reaches.
// Invariant: an answer that is not read is unknown: never an acceptance.
import type { ConnectorFacts } from '../contract.ts';
import type { Report } from '../document/problems.ts';
import { blockAt } from '../document/yaml.ts';
import type { Judge } from './rules.ts';
import type { Both } from '../../../connectors/contract.ts';

/** The judge of answers that belong to no call: their outcome is unknown. */
export const unread: Judge = ({ answer }) => ({ kind: 'unknown', reason: `UNMATCHED_${answer.status}` });

/** Reports rules that are never read, because the connector reads its answers itself or the look-up is missing. */
export function reportUnread(
  mapping: Record<string, unknown>,
  { type, settingsKey, lookupKey }: ConnectorFacts,
  report: Report,
): void {
  if (!Object.hasOwn(mapping, 'response')) return;
  const why: Both =
    lookupKey === undefined
      ? [
          `le connecteur ${type} sait de lui-même ce qu’une réponse veut dire. Retirez-les.`,
          `the connector ${type} knows by itself what an answer means. Remove them.`,
        ]
      : Object.hasOwn(blockAt(mapping, settingsKey), lookupKey)
        ? [
            `les lignes de ${settingsKey}.${lookupKey} le disent pour chaque lead. Retirez-les.`,
            `the lines of ${settingsKey}.${lookupKey} say it for each lead. Remove them.`,
          ]
        : [
            `elles sont pour les réponses à ${settingsKey}.${lookupKey}, qui n’est pas là. Ajoutez-le, ou retirez-les.`,
            `they are for the answers to ${settingsKey}.${lookupKey}, which is not there. Add it, or remove them.`,
          ];
  report.warn(
    ['response'],
    'MAP-516',
    [`rien ne lit ces règles : ${why[0]}`, `nothing reads these rules: ${why[1]}`],
    { at: 'key' },
  );
}
