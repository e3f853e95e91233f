// Checks that calls with an opt-in come as early as the ids they need permit.
// Invariant: a failed call leaves the results of earlier ones: no record may exist at the recipient without its opt-in.
import type { Path, Report } from '../document/problems.ts';
import type { RecordPlan } from '../record.ts';

/** One raw call with its path in the file. */
export interface RawCall {
  readonly raw: Record<string, unknown>;
  readonly path: Path;
  readonly name: string;
}

/** The lines and the ids of a compiled call. */
export interface Carrying {
  readonly record: Pick<RecordPlan, 'parts'>;
  /** Ids of earlier calls it uses. */
  readonly reads: readonly string[];
}

const givesTo = (giver: RawCall, call: Carrying | undefined): boolean =>
  call?.reads.some((id) => id.startsWith(`${giver.name}.`)) === true;

/** Reports a call that carries an opt-in and follows a call that it does not need. */
export function checkEarly(
  index: number,
  /** Calls that may precede it nevertheless: they carry an opt-in too. */
  alike: ReadonlySet<number>,
  raws: readonly RawCall[],
  calls: readonly Carrying[],
  report: Report,
): void {
  const raw = raws[index];
  const call = calls[index];
  if (raw === undefined || call === undefined) return;
  const givers = new Set(call.reads.map((id) => id.slice(0, id.indexOf('.'))));
  for (let before = index - 1; before >= 0; before -= 1) {
    const earlier = raws[before];
    if (earlier === undefined || givers.has(earlier.name) || alike.has(before)) continue;
    // An opt-in call between the two needs the earlier one, and is checked by itself.
    const served = [...alike].some((at) => at > before && at < index && givesTo(earlier, calls[at]));
    if (served) continue;
    // A call whose id this one uses may need the earlier one itself.
    const needed = [...givers].some((name) => {
      const at = raws.findIndex((candidate) => candidate.name === name);
      return at > before && givesTo(earlier, calls[at]);
    });
    if (needed) continue;
    report.error([...raw.path, 'name'], 'MAP-655', [
      `« ${raw.name} » porte un opt-in et n’a pas besoin de « ${earlier.name} » : mettez-le avant, sinon un échec entre les deux laisse là une personne sans l’opt-in.`,
      `"${raw.name}" carries an opt-in and does not need "${earlier.name}": put it before, or a failure between them leaves a person there without the opt-in.`,
    ]);
    return;
  }
}
