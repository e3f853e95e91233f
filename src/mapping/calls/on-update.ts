// Reads which changes are sent as an update, and decides where an update may leave out a grant that the recipient acknowledged.
// Invariant: a field whose absence would read as an answer is never left out.
import { blockAt, listAt, textAt } from '../document/yaml.ts';
import type { RecordPlan } from '../record.ts';
import type { Scope } from '../scope.ts';
import { omitted } from '../consent/choices.ts';
import { type CompiledMapping, pairOf } from '../contract.ts';

/** A mail is read whole, and an empty cell of a CSV is an answer. */
const isWhole = ({ sheet, format }: Pick<Scope, 'sheet' | 'format'>): boolean =>
  sheet || format === 'csv' || format === 'none';

/** Reads which changes are sent as an update, and if it repeats acknowledged grants. */
export const onUpdateOf = (
  mapping: Record<string, unknown>,
  scope: Scope,
): Pick<CompiledMapping, 'updateOn' | 'optInOnUpdate'> => ({
  updateOn: updateOn(mapping),
  optInOnUpdate: optInOnUpdate(mapping, scope),
});

function updateOn(mapping: Record<string, unknown>): CompiledMapping['updateOn'] {
  const update = blockAt(mapping, 'update');
  if (!Object.hasOwn(update, 'on')) return ['corrected'];
  return (['corrected', 'interaction'] as const).filter((kind) => listAt(update, 'on').includes(kind));
}

/** Reads `update.optIn`. Mails and rows of a CSV always hold the opt-in. */
function optInOnUpdate(mapping: Record<string, unknown>, scope: Scope): CompiledMapping['optInOnUpdate'] {
  const { report } = scope;
  const update = blockAt(mapping, 'update');
  const wanted = update['optIn'];
  if (isWhole(scope)) {
    if (wanted === 'changed')
      report.error(['update', 'optIn'], 'MAP-311', [
        `${scope.format === 'csv' ? 'une cellule vide d’un CSV' : 'un champ absent d’un e-mail'} se lirait comme une réponse : l’opt-in est dans chacun. Retirez optIn, ou écrivez optIn: always.`,
        `${scope.format === 'csv' ? 'an empty cell of a CSV' : 'a field that is missing in a mail'} would read as an answer: the opt-in is in every one. Take optIn out, or write optIn: always.`,
      ]);
    return 'always';
  }
  return wanted === 'always' ? 'always' : 'changed';
}

export interface UpdateRequest {
  readonly record: RecordPlan;
  readonly settings: unknown;
}

/** Warns where leaving a grant out may not be intended: the recipient would lose it, or receives it nevertheless. */
export function reportOnUpdate(
  mapping: Record<string, unknown>,
  requests: readonly UpdateRequest[],
  { report, ...scope }: Scope,
): void {
  const wanted = blockAt(mapping, 'update')['optIn'];
  if (wanted === 'always' || isWhole(scope)) return;
  // By RFC 9110 a PUT replaces the whole record; many recipients keep the keys it leaves out.
  if (
    wanted === undefined &&
    requests.some(({ record, settings }) => record.quietable.size > 0 && textAt(settings, 'method') === 'PUT')
  )
    report.atKey.warn(['update'], 'MAP-312', [
      'une mise à jour omet un oui que le destinataire a déjà accepté. Ce PUT remplace-t-il toute la fiche ? Alors écrivez optIn: always ; sinon optIn: changed.',
      'an update leaves out a yes that the recipient has accepted already. Does this PUT replace the whole record? Then write optIn: always; else write optIn: changed.',
    ]);
  for (const { record } of requests)
    for (const part of record.parts)
      if ('consent' in part && part.consent.table.length > 0 && !record.quietable.has(part.consent))
        report.warn([...part.consent.path, 'to'], 'MAP-313', [
          `« ${part.consent.target.text} » est écrit à chaque mise à jour, son oui aussi, car il contient d’autres valeurs ou occupe un rang dans une liste : qui s’est désabonné chez le destinataire y serait réabonné. Donnez à update des champs sans lui, ou écrivez optIn: always une fois que c’est convenu.`,
          `"${part.consent.target.text}" is written with every update, a yes in it too, for it holds other values or is a place in a list: a person who unsubscribed in the recipient's own system would be subscribed again. Give update fields without it, or write optIn: always once that is agreed.`,
        ]);
}

/** Opt-ins that are sent when granted, by `purpose.channel`; absence from a list counts as sent too. */
export function tellsOf(record: RecordPlan | undefined, call: string | undefined): ReadonlySet<string> {
  const lines = (record?.parts ?? []).flatMap((part) => ('consent' in part ? [part.consent] : []));
  return new Set(
    lines
      // Lines of another call are here for the log only.
      .filter(({ target }) => !target.text.startsWith('call:') || target.text === `call:${call ?? ''}`)
      .flatMap(({ table, target }) =>
        table
          .filter(({ values }) => values.granted !== omitted || target.steps.at(-1)?.append === true)
          .map(pairOf),
      ),
  );
}
