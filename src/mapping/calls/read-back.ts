// Compiles `readBack:`, by which an accepted record is read back and its opt-in compared with the one written.
// Invariant: the read-back uses references only and changes nothing; its result is names of fields, never values.
import { consentStates, type ConsentState } from '../../domain/lead.ts';
import {
  unchanged,
  type CallbackPlan,
  type ConsentSent,
  type ReadBackPlan,
  type ActionPlan,
  type CompiledMapping,
} from '../contract.ts';
import { omitted } from '../consent/choices.ts';
import type { Consents } from './consents.ts';
import { blockAt, isRecord, listAt, textAt } from '../document/yaml.ts';
import { near, type Path } from '../document/problems.ts';
import type { Compiling } from '../scope.ts';
import { asText } from '../fields/values.ts';
import { understand, placeForms, placeOf, type Extract, type Opened } from '../response/answer.ts';
import { overlay } from '../transport/overlay.ts';
import { checkSettings } from '../transport/settings.ts';
import { durationAt } from '../transport/timing.ts';
import { capturesIn, gatedCall } from './parts.ts';

interface ReadBackInput extends Compiling {
  readonly consents: Consents;
  readonly create: ActionPlan | undefined;
}

export interface CompiledReadBack {
  readonly plan: ReadBackPlan;
  readonly secretNames: readonly string[];
}

/** The secrets and plans that a mapping exposes for its read-back and callback. */
export const withReadBack = (
  secretNames: ReadonlySet<string>,
  readBack: CompiledReadBack | undefined,
  callback: CallbackPlan | undefined,
): Pick<CompiledMapping, 'secretNames' | 'readBack' | 'callback'> => ({
  secretNames: [
    ...secretNames,
    ...(readBack?.secretNames ?? []),
    ...(callback === undefined ? [] : [callback.secret]),
  ],
  callback,
  ...(readBack === undefined ? {} : { readBack: readBack.plan }),
});

const defaultAfterMs = 10_000;

/** Compiles `readBack:`; undefined where there is none, or after reporting. */
export function compileReadBack(input: ReadBackInput): CompiledReadBack | undefined {
  const { mapping, connector, client, report } = input;
  const block = mapping['readBack'];
  if (!isRecord(block) || connector === undefined) return undefined;
  const key = connector.lookupKey;
  if (connector.answers !== 'rules' || key === undefined)
    return report.atKey.error(['readBack'], 'MAP-670', [
      `le connecteur ${connector.type} ne peut pas être interrogé sur ce qu’il a gardé.`,
      `connector ${connector.type} cannot be asked what it kept.`,
    ]);
  const { lookup: _lookup, method: _method, ...base } = blockAt(mapping, 'send');
  const { url, headers, auth } = block;
  const asked = Object.fromEntries(
    Object.entries({ url, headers, auth }).filter(([, value]) => value !== undefined),
  );
  const settings = checkSettings(
    overlay([base, { url, [key]: asked }], connector.overlaid ?? []),
    (path) => ['readBack', ...(path[0] === key ? path.slice(1) : path.filter((part) => part === 'url'))],
    connector,
    client,
    report,
  );
  reportIds(textAt(block, 'url'), input);
  const fields = compileFields(block, input);
  if (settings === undefined || fields.length === 0) return undefined;
  return {
    plan: {
      settings: settings.plan.settings,
      afterMs: durationAt(mapping, ['readBack', 'after'], defaultAfterMs, report),
      fields: fields.map(({ field }) => field),
      needsReference: textAt(block, 'url')?.includes('{reference}') === true,
      needs: capturesIn(block['url']),
      lost: (answer, sent) => understand(answer, (opened) => lostIn(opened, fields, sent)),
    },
    secretNames: settings.secretNames,
  };
}

/** An address may name only ids that the create always gives. */
function reportIds(url: string | undefined, { create, report }: ReadBackInput): void {
  const captured = create?.calls?.flatMap(({ captures }) => captures) ?? [];
  for (const id of capturesIn(url))
    if (!captured.includes(id))
      near(report, id, captured).error(['readBack', 'url'], 'MAP-652', [
        `aucun appel de la création ne donne {${id}}.`,
        `no call of the create captures {${id}}.`,
      ]);
}

interface ReadField {
  readonly field: string;
  readonly place: Extract;
  /** The recipient's value for each state, where it differs from the one written. */
  readonly values: Readonly<Partial<Record<ConsentState, string>>> | undefined;
}

function compileFields(
  block: Record<string, unknown>,
  { consents, report }: ReadBackInput,
): readonly ReadField[] {
  const all = [consents.create, consents.update].flatMap((consent) => consent?.table ?? []);
  const fields = new Set(all.map(({ field }) => field));
  return listAt(block, 'optIn').flatMap((raw, index): readonly ReadField[] => {
    const path: Path = ['readBack', 'optIn', index];
    const field = textAt(raw, 'field') ?? '';
    const values = isRecord(raw) && isRecord(raw['values']) ? raw['values'] : undefined;
    if (!fields.has(field)) {
      near(report, field, [...fields]).error([...path, 'field'], 'MAP-671', [
        `aucune ligne du bloc consent n’écrit « ${field} ».`,
        `no line of the consent block writes "${field}".`,
      ]);
      return [];
    }
    if (gatedCall({ target: { text: field } }) !== undefined && values === undefined)
      report.atKey.error(path, 'MAP-671', [
        `« ${field} » commande un appel et n’écrit pas de valeur : dites avec values ce qui est dans la fiche pour chaque état.`,
        `"${field}" sends a call and writes no value: give in values what the record holds in each state.`,
      ]);
    const place = placeOf(isRecord(raw) ? raw['at'] : undefined, [...path, 'at'], report, [
      'MAP-671',
      [
        `at est l’endroit de l’opt-in dans la réponse : ${placeForms[0]}.`,
        `at is the place of the opt-in in the answer: ${placeForms[1]}.`,
      ],
    ]);
    return place === undefined ? [] : [{ field, place, values: textsOf(values) }];
  });
}

const textsOf = (values: Record<string, unknown> | undefined): ReadField['values'] =>
  values === undefined
    ? undefined
    : Object.fromEntries(
        consentStates.flatMap((state) =>
          Object.hasOwn(values, state) && values[state] !== 'omit' ? [[state, asText(values[state])]] : [],
        ),
      );

/** Fields whose value in the record differs from the one written. */
function lostIn(
  opened: Opened,
  fields: readonly ReadField[],
  sent: readonly ConsentSent[],
): readonly string[] {
  return fields.flatMap(({ field, place, values }) => {
    const own = sent.findLast((consent) => consent.field === field);
    if (own === undefined || own.value === unchanged) return [];
    const wanted = values === undefined ? (own.value === omitted ? undefined : own.value) : values[own.state];
    return wanted === undefined || isSame(place(opened), wanted) ? [] : [field];
  });
}

/** `true` and "true", 1 and "1" are equal: a recipient may keep a grant in a type of its own. */
function isSame(found: unknown, wanted: string): boolean {
  if (found === undefined || found === null) return wanted === 'null' || wanted === '';
  return asText(found).trim().toLowerCase() === wanted.trim().toLowerCase();
}
