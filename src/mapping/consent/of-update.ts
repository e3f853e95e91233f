// Checks the separate consent block of an update: its fields, values and calls may differ from the create's, its opt-ins not.
// Invariant: an update writes every opt-in of the create in every state that may follow: no withdrawal is lost (C20).
import type { ConsentState } from '../../domain/lead.ts';
import type { Path, Report } from '../document/problems.ts';
import type { ConsentNeed } from '../fields/values.ts';
import type { CompiledConsent } from './block.ts';
import { omitted } from './choices.ts';

/** States that an answer can change to, and those of them that end a consent. */
const following: readonly ConsentState[] = ['granted', 'refused', 'withdrawn'];
export const takenBack: readonly ConsentState[] = ['refused', 'withdrawn'];

export function reportUpdate(create: CompiledConsent, update: CompiledConsent, report: Report): void {
  const before = needsOf(create);
  const now = needsOf(update);
  for (const [name, need] of before)
    if (!now.has(name))
      report.error(
        ['update', 'consent'],
        'MAP-309',
        [
          `la création transmet ${pair(need)}, ce bloc non : le destinataire n’apprendrait pas un retrait (C20).`,
          `the create tells ${words(need)}, this block does not: the recipient would not hear of a withdrawal (C20).`,
        ],
        { at: 'key' },
      );
  for (const [name, need] of now) {
    if (!before.has(name))
      report.error(
        ['update', 'consent'],
        'MAP-309',
        [
          `ce bloc transmet ${pair(need)}, la création non : ajoutez-y une ligne pour cela, ou retirez celle-ci (C20).`,
          `this block tells ${words(need)}, the create does not: add a line for it there, or remove this one (C20).`,
        ],
        { at: 'key' },
      );
  }
  reportUnsaid({ consent: update, states: following, path: ['update', 'consent'] }, report);
}

interface ToldByUpdate {
  readonly consent: CompiledConsent;
  readonly states: readonly ConsentState[];
  readonly path: Path;
}

/** Reports opt-ins that an update leaves out in these states: the recipient would keep the old value. */
export function reportUnsaid({ consent, states, path }: ToldByUpdate, report: Report): void {
  for (const need of needsOf(consent).values())
    for (const state of states)
      if (!isTold(consent, need, state))
        report.error(
          path,
          'MAP-310',
          [
            `une mise à jour n’écrit rien quand ${pair(need)} est ${state} : le destinataire garderait ce qu’il a. Écrivez une valeur, ou commandez un appel, dans cet état.`,
            `an update writes nothing when ${words(need)} is ${state}: the recipient would keep what it has. Write a value, or send a call, in that state.`,
          ],
          { at: 'key' },
        );
}

const words = ({ purpose, channel }: ConsentNeed): string => `${purpose} by ${channel}`;
const pair = ({ purpose, channel }: ConsentNeed): string => `${purpose}.${channel}`;

const needsOf = ({ table }: CompiledConsent): ReadonlyMap<string, ConsentNeed> =>
  new Map(table.map((row) => [words(row), row]));

function isTold({ lines }: CompiledConsent, need: ConsentNeed, state: ConsentState): boolean {
  return lines.some(({ table, target }) =>
    table.some(
      (row) =>
        words(row) === words(need) &&
        // A list is written even where this answer is absent from it.
        (row.values[state] !== omitted || target.steps.at(-1)?.append === true),
    ),
  );
}
