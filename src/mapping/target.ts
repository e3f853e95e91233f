// The language of targets: `contact.nom`, `lead.p:projet@devise`, `tags[]`, `legal.texts[0].id`, `lead.note#cdata`.
// Invariant: a target is understood whole or refused; CSV and form names are taken literally, dots included.
import type { Format } from './format.ts';

export interface Step {
  readonly name: string;
  /** XML: attributes that tell this element from its neighbours, `optin@canal=email`. */
  readonly fixed: readonly { readonly name: string; readonly value: string }[];
  /** JSON: the value joins a list. */
  readonly append: boolean;
  /** JSON: place in a list, from 0. */
  readonly index?: number;
}

export interface Target {
  /** As written, and as it appears in the log. */
  readonly text: string;
  readonly steps: readonly Step[];
  readonly end: 'value' | 'cdata' | { readonly attribute: string };
}

export const xmlName = /^[\p{L}_][\p{L}\p{N}_.-]*(:[\p{L}_][\p{L}\p{N}_.-]*)?$/u;

/** Understands a target; a text instead of a target says what is wrong. */
export function parseTarget(text: string, format: Format, nested = false): Target | string {
  if (text.trim() === '') return 'the target is empty.';
  if (text !== text.trim()) return `target "${text}" begins or ends with a space.`;
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f]/.test(text)) return 'the target holds a control character.';
  switch (format) {
    case 'csv':
    case 'form':
    case 'none':
      return { text, steps: [{ name: text, fixed: [], append: false }], end: 'value' };
    case 'json':
      return parseJson(text, nested);
    case 'xml':
      return parseXml(text, nested);
  }
}

function parseJson(text: string, nested: boolean): Target | string {
  if (nested && text === '#text') return { text, steps: [], end: 'value' };
  const steps: Step[] = [];
  const parts = splitDots(text);
  for (const [index, part] of parts.entries()) {
    const place = /\[(\d{0,3})\]$/.exec(part);
    const append = place?.[1] === '';
    const name = place === null ? part : part.slice(0, -place[0].length);
    if (name === '') return `target "${text}" has an empty name between its dots.`;
    if (append && index < parts.length - 1) return `target "${text}": [] may only come last.`;
    steps.push({
      ...{ name, fixed: [], append },
      ...(place === null || append ? {} : { index: Number(place[1]) }),
    });
  }
  return { text, steps, end: 'value' };
}

function parseXml(text: string, nested: boolean): Target | string {
  const steps: Step[] = [];
  let end: Target['end'] = 'value';
  const parts = splitDots(text);
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    const match = /^([^@#]*)((?:@[^@#=]+=[^@#]*)*)(@[^@#=]+)?(#text|#cdata)?$/.exec(part);
    if (match === null) return `target "${text}" is not understood near "${part}".`;
    const [, name = '', fixedText = '', attribute, ending] = match;
    if (!last && (attribute !== undefined || ending !== undefined)) {
      return `target "${text}": ${attribute ?? ending ?? ''} may only come last.`;
    }
    if (attribute !== undefined && ending !== undefined)
      return `target "${text}" names both an attribute and a content.`;
    if (name === '' && !(nested && parts.length === 1 && fixedText === ''))
      return `target "${text}" has an empty name.`;
    const fixed = [...fixedText.matchAll(/@([^@#=]+)=([^@#]*)/g)].map(([, key = '', value = '']) => ({
      name: key,
      value,
    }));
    for (const one of [
      ...(name === '' ? [] : [name]),
      ...fixed.map((item) => item.name),
      ...(attribute === undefined ? [] : [attribute.slice(1)]),
    ]) {
      if (!xmlName.test(one)) return `"${one}" in target "${text}" is not an XML name.`;
    }
    if (name !== '') steps.push({ name, fixed, append: false });
    if (attribute !== undefined) end = { attribute: attribute.slice(1) };
    else if (ending === '#cdata') end = 'cdata';
  }
  return { text, steps, end };
}

function splitDots(text: string): readonly string[] {
  // `\.` is a dot inside a name.
  return text.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'));
}

const stepKey = (step: Step): string =>
  step.name +
  step.fixed.map((one) => `@${one.name}=${one.value}`).join('') +
  (step.index === undefined ? '' : `[${step.index}]`);

/** Same slot, same key: two lines with one key write over each other. */
export function slotKey(target: Target): string {
  const path = target.steps.map(stepKey).join('\u0000');
  return typeof target.end === 'object' ? `${path}\u0001${target.end.attribute}` : path;
}

/** Keys of the groups a target stands in. */
export function groupKeys(target: Target): readonly string[] {
  return target.steps.flatMap((step, index) => {
    const before = target.steps.slice(0, index).map(stepKey);
    const own = index < target.steps.length - 1 ? [[...before, stepKey(step)].join('\u0000')] : [];
    // A place in a list stands inside the list.
    return step.index === undefined ? own : [[...before, step.name].join('\u0000'), ...own];
  });
}

/** Last name of a target, as lints read it. */
export function lastName(target: Target): string {
  if (typeof target.end === 'object') return target.end.attribute;
  return target.steps.at(-1)?.name ?? target.text;
}

/** XML prefixes a target uses. */
export function prefixesOf(target: Target): readonly string[] {
  const names = target.steps.flatMap((step) => [step.name, ...step.fixed.map((one) => one.name)]);
  if (typeof target.end === 'object') names.push(target.end.attribute);
  return names.flatMap((name) => (name.includes(':') ? [name.slice(0, name.indexOf(':'))] : []));
}
