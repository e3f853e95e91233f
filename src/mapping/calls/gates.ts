// Checks and evaluates how opt-ins decide on calls: a line may trigger one (`to: call:NAME`), and a call of opt-ins alone
// is skipped when they write nothing.
// Invariant: a withdrawal or refusal is always sent (C20).
import type { Lead } from '../../domain/lead.ts';
import type { CompiledConsent, ConsentLine } from '../consent/block.ts';
import { isQuiet } from '../consent/unchanged.ts';
import type { WriteSituation } from '../contract.ts';
import type { Report } from '../document/problems.ts';
import { isRecord } from '../document/yaml.ts';
import type { Entry } from '../fields/values.ts';
import type { RecordPlan } from '../record.ts';

const prefix = 'call:';

/** The name of the call that a consent line triggers; undefined for every other line. */
export const gatedCall = (line: { readonly target: { readonly text: string } }): string | undefined =>
  line.target.text.startsWith(prefix) ? line.target.text.slice(prefix.length) : undefined;

const gateValues = new Set<unknown>(['send', 'omit', 'hold']);

/** Checks that a line that triggers a call decides so in each state, and has no other key. */
export function checkGates(
  raws: readonly unknown[],
  consent: CompiledConsent | undefined,
  several: boolean,
  report: Report,
): void {
  for (const line of consent?.lines ?? []) {
    const name = gatedCall(line);
    if (name === undefined) continue;
    if (!several) {
      report.error([...line.path, 'to'], 'MAP-656', [
        `« call:${name} » nomme un appel, et ce fichier n’en a pas.`,
        `"call:${name}" names a call, and this file has no calls.`,
      ]);
      continue;
    }
    const raw = raws[Number(line.path.at(-1))];
    const values = isRecord(raw) ? raw['values'] : undefined;
    const other = isRecord(raw)
      ? ['each', 'line', 'proof'].find((key) => Object.hasOwn(raw, key))
      : undefined;
    if (other !== undefined)
      report.error(
        [...line.path, other],
        'MAP-656',
        [
          `une ligne qui commande un appel a des valeurs, pas de ${other}.`,
          `a line that sends a call has values, no ${other}.`,
        ],
        {
          at: 'key',
        },
      );
    for (const [state, value] of Object.entries(isRecord(values) ? values : {}))
      if (!gateValues.has(value))
        report.error([...line.path, 'values', state], 'MAP-656', [
          `une ligne qui commande un appel n’écrit pas de valeur : ${state} vaut send, omit ou hold.`,
          `a line that sends a call writes no value: ${state} is send, omit or hold.`,
        ]);
  }
}

/** Without a recorded answer the call is written, and then withheld as every other. */
export function sends(
  line: ConsentLine,
  consent: CompiledConsent,
  lead: Lead,
  { now, told }: WriteSituation,
): boolean {
  const answers = consent.answers(lead, now);
  if ('missing' in answers) return true;
  if (isQuiet(line.pairs, answers.current, told)) return false;
  const out: Entry[] = [];
  line.write(answers.current, out, [], []);
  return out.length > 0;
}

/** A field whose sources are only constants and references identifies the record of the opt-in, nothing more. */
const tellsOfLead = ({ source }: RecordPlan['fields'][number]): boolean =>
  !source.split(', ').every((name) => /^(\(|id$|calls\.|delivery\.|client\.|$)/.test(name));

/** A call of opt-ins alone is skipped when it would write none of them. */
export function saysSomething(
  record: RecordPlan,
  consent: CompiledConsent | undefined,
  lead: Lead,
  { now, told }: WriteSituation,
): boolean {
  const lines = record.parts.flatMap((part) =>
    'consent' in part && gatedCall(part.consent) === undefined ? [part.consent] : [],
  );
  if (told === undefined || consent === undefined || lines.length === 0 || record.fields.some(tellsOfLead))
    return true;
  const answers = consent.answers(lead, now);
  return (
    'missing' in answers || lines.some((line) => !isQuiet(record.quietable.get(line), answers.current, told))
  );
}
