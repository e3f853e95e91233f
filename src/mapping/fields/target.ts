// Parses targets: `contact.nom`, `lead.p:projet@devise`, `tags[]`, `legal.texts[0].id`, `lead.note#cdata`.
// Invariant: a target is parsed whole or refused; CSV and form names are taken literally, dots included.
import type { Both } from '../../../connectors/contract.ts';
import type { Format } from '../contract.ts';

export interface TargetStep {
  /** Empty: the element of a list is itself a list. */
  readonly name: string;
  /** XML: attributes that distinguish this element from its neighbours, `optin@canal=email`. */
  readonly fixed: readonly { readonly name: string; readonly value: string }[];
  /** JSON: the value is appended to a list. */
  readonly append: boolean;
  /** JSON: places in a list, from 0, and in the lists inside it. */
  readonly places: readonly number[];
}

export interface Target {
  /** As written, and as it appears in the log. */
  readonly text: string;
  readonly steps: readonly TargetStep[];
  readonly end: 'value' | 'cdata' | { readonly attribute: string };
}

export const xmlName = /^[\p{L}_][\p{L}\p{N}_.-]*(:[\p{L}_][\p{L}\p{N}_.-]*)?$/u;

export interface TargetFault {
  readonly fault: Both;
}

const wrong = (french: string, english: string): TargetFault => ({ fault: [french, english] });

const ofTarget = (text: string, french: string, english: string): TargetFault =>
  wrong(`le champ « ${text} »${french}`, `target "${text}"${english}`);

export function parseTarget(
  text: string,
  format: Format,
  /** Inside an element of a list, where `#text` is the element itself. */
  { nested = false } = {},
): Target | TargetFault {
  if (text.trim() === '') return wrong('le nom du champ est vide.', 'the target is empty.');
  if (text !== text.trim())
    return ofTarget(text, ' commence ou finit par une espace.', ' begins or ends with a space.');
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f]/.test(text))
    return wrong(
      'le nom du champ contient un caractère de contrôle.',
      'the target holds a control character.',
    );
  switch (format) {
    case 'csv':
    case 'form':
    case 'none':
      return { text, steps: [{ name: text, fixed: [], append: false, places: [] }], end: 'value' };
    case 'json':
      return parseJson(text, nested);
    case 'xml':
      return parseXml(text, nested);
  }
}

function parseJson(text: string, nested: boolean): Target | TargetFault {
  if (nested && text === '#text') return { text, steps: [], end: 'value' };
  const steps: TargetStep[] = [];
  const parts = text.split(betweenNames);
  for (const [index, part] of parts.entries()) {
    const [, written = '', lists = ''] = /^(.*?)((?:(?<!\\)\[\d{0,3}\])*)$/s.exec(part) ?? [];
    if (/(?<!\\)[[\]]/.test(written))
      return ofTarget(
        text,
        ` n’est pas compris près de « ${part} » : [0] à [999] est un rang dans une liste, [] en réunit les éléments ; écrivez \\[ pour un crochet du nom lui-même.`,
        ` is not understood near "${part}": [0] to [999] is a place in a list, [] joins one; write \\[ for a bracket of the name itself.`,
      );
    const name = written.replaceAll(/\\([.[\]])/g, '$1');
    const places = [...lists.matchAll(/\[(\d*)\]/g)].map(([, digits = '']) => digits);
    const append = places.at(-1) === '';
    // Inside an element `[0]` is an index of the element itself, which is then a list.
    if (name === '' && !(nested && index === 0 && lists !== ''))
      return ofTarget(text, ' a un nom vide entre ses points.', ' has an empty name between its dots.');
    if (places.slice(0, -1).includes('') || (append && index < parts.length - 1))
      return ofTarget(text, ' : [] ne peut venir qu’à la fin.', ': [] may only come last.');
    steps.push({ name, fixed: [], append, places: places.filter((place) => place !== '').map(Number) });
  }
  return { text, steps, end: 'value' };
}

function parseXml(text: string, nested: boolean): Target | TargetFault {
  const steps: TargetStep[] = [];
  let end: Target['end'] = 'value';
  const parts = splitDots(text);
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    const match = /^([^@#]*)((?:@[^@#=]+=[^@#]*)*)(@[^@#=]+)?(#text|#cdata)?$/.exec(part);
    if (match === null)
      return ofTarget(text, ` n’est pas compris près de « ${part} ».`, ` is not understood near "${part}".`);
    const [, name = '', fixedText = '', attribute, ending] = match;
    if (!last && (attribute !== undefined || ending !== undefined)) {
      const what = attribute ?? ending ?? '';
      return ofTarget(text, ` : ${what} ne peut venir qu’à la fin.`, `: ${what} may only come last.`);
    }
    if (attribute !== undefined && ending !== undefined)
      return ofTarget(
        text,
        ' nomme à la fois un attribut et un contenu.',
        ' names both an attribute and a content.',
      );
    if (name === '' && !(nested && parts.length === 1 && fixedText === ''))
      return ofTarget(text, ' a un nom vide.', ' has an empty name.');
    const fixed = [...fixedText.matchAll(/@([^@#=]+)=([^@#]*)/g)].map(([, key = '', value = '']) => ({
      name: key,
      value,
    }));
    const own = attribute?.slice(1);
    if (own !== undefined && fixed.some((pair) => pair.name === own))
      return ofTarget(
        text,
        ` écrit deux fois l’attribut « ${own} ».`,
        ` writes the attribute "${own}" twice.`,
      );
    const reserved = [own, ...fixed.map((pair) => pair.name)].find(
      (written) => written !== undefined && /^(xmlns$|xmlns:|xsi:nil$)/.test(written),
    );
    if (reserved !== undefined)
      return ofTarget(
        text,
        ` : ${reserved} est écrit par le format lui-même.`,
        `: ${reserved} is written by the format itself.`,
      );
    for (const written of [
      ...(name === '' ? [] : [name]),
      ...fixed.map((item) => item.name),
      ...(attribute === undefined ? [] : [attribute.slice(1)]),
    ]) {
      if (!xmlName.test(written))
        return wrong(
          `« ${written} » du champ « ${text} » n’est pas un nom XML.`,
          `"${written}" in target "${text}" is not an XML name.`,
        );
    }
    if (name !== '') steps.push({ name, fixed, append: false, places: [] });
    if (attribute !== undefined) end = { attribute: attribute.slice(1) };
    else if (ending === '#cdata') end = 'cdata';
  }
  return { text, steps, end };
}

/** `\.` is a dot inside a name. */
const betweenNames = /(?<!\\)\./;

const splitDots = (text: string): readonly string[] =>
  text.split(betweenNames).map((part) => part.replaceAll('\\.', '.'));

const nameKey = (step: TargetStep): string =>
  step.name + step.fixed.map((pair) => `@${pair.name}=${pair.value}`).join('');

const stepKey = (step: TargetStep): string =>
  nameKey(step) + step.places.map((place) => `[${place}]`).join('');

/** The key of a slot: two lines with the same key overwrite each other. */
export function slotKey(target: Target): string {
  const path = target.steps.map(stepKey).join('\u0000');
  return typeof target.end === 'object' ? `${path}\u0001${target.end.attribute}` : path;
}

/** The containers of a target, outermost first: groups of names, and indexed lists. */
export function containersOf(
  target: Target,
): readonly { readonly key: string; readonly kind: 'group' | 'list' }[] {
  return target.steps.flatMap((step, index) => {
    const before = target.steps.slice(0, index).map(stepKey);
    const keyOf = (own: string): string => [...before, own].join('\u0000');
    const deeper = step.places.length + (step.append ? 1 : 0);
    const lists = Array.from({ length: deeper }, (_, depth) => ({
      key: keyOf(
        nameKey(step) +
          step.places
            .slice(0, depth)
            .map((place) => `[${place}]`)
            .join(''),
      ),
      kind: 'list' as const,
    }));
    const group = { key: keyOf(stepKey(step)), kind: 'group' as const };
    return index < target.steps.length - 1 ? [...lists, group] : lists;
  });
}

/** Last name of a target, as lints read it. */
export function lastName(target: Target): string {
  if (typeof target.end === 'object') return target.end.attribute;
  return target.steps.at(-1)?.name ?? target.text;
}

/** XML prefixes a target uses. */
export function prefixesOf(target: Target): readonly string[] {
  const names = target.steps.flatMap((step) => [step.name, ...step.fixed.map((pair) => pair.name)]);
  if (typeof target.end === 'object') names.push(target.end.attribute);
  return names.flatMap((name) => (name.includes(':') ? [name.slice(0, name.indexOf(':'))] : []));
}
