// Reads an XML sample into its places: attributes, namespaces, CDATA and order kept.
// Invariant: elements of one name are distinguished by an attribute where the sample does so, else they are a repeated group.
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { isRecord } from '../document/yaml.ts';
import { encodings, type Encoding } from '../contract.ts';
import type { SampleElement, SampleField, Shape, Unreadable } from './shape.ts';

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  cdataPropName: '#cdata',
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
});

export function readXmlSample(text: string): Shape | Unreadable {
  if (/<!DOCTYPE/i.test(text))
    return { unreadable: 'it holds a DOCTYPE; delete it, only elements are read.' };
  if (XMLValidator.validate(text) !== true)
    return { unreadable: 'it begins like XML and is not well-formed.' };
  const top = outermost(text);
  if (top === undefined) return { unreadable: 'the XML holds no element.' };
  const names = new Set(top.children.map((child) => child.name));
  const [first] = top.children;
  const wrapped = names.size === 1 && first !== undefined && first.children.length > 0;
  const record = wrapped ? first : top;
  const around = wrapped
    ? top.attributes.flatMap(([name]) => (/^(xmlns|xsi)\b/.test(name) ? [] : [name]))
    : [];
  const declared = namespacesOf([...top.attributes, ...(wrapped ? record.attributes : [])]);
  return {
    format: 'xml',
    layout: {
      ...(wrapped ? { root: top.name } : {}),
      record: record.name,
      ...declared,
      encoding: encodingOf(text),
    },
    slots: slotsOf(record, record.name, []),
    notes:
      around.length === 0
        ? []
        : [`<${top.name}> has attributes: xml.rootAttributes: { ${around.join(', ')} }`],
  };
}

/** The outermost element of a well-formed text. */
export const outermost = (text: string): SampleElement | undefined =>
  elementsOf(parsed(text)).find((element) => !element.name.startsWith('?'));

/** A name without its prefix, from which the source is guessed. */
export const localName = ({ name }: Pick<SampleElement, 'name'>): string => name.split(':').at(-1) ?? name;

/** `{ xmlns: ... }`, where any namespace is declared. */
export function namespacesOf(attributes: SampleElement['attributes']): {
  readonly xmlns?: Readonly<Record<string, string>>;
} {
  const declared = attributes.flatMap(([name, value]) =>
    name === 'xmlns' ? [['', value]] : name.startsWith('xmlns:') ? [[name.slice(6), value]] : [],
  );
  return declared.length === 0 ? {} : { xmlns: Object.fromEntries(declared) as Record<string, string> };
}

/** The encoding an XML sample declares; utf-8 where it declares none, or one in which no body can be written. */
export function encodingOf(text: string): Encoding {
  const declared = /^<\?xml[^>]*encoding=["']([\w-]+)/.exec(text)?.[1]?.toLowerCase();
  return encodings.find((encoding) => encoding === declared) ?? 'utf-8';
}

function parsed(text: string): unknown {
  try {
    return parser.parse(text) as unknown;
  } catch {
    // Deeper, or with more entities, than the parser takes.
    return undefined;
  }
}

export function slotsOf(
  element: SampleElement,
  path: string,
  parents: readonly string[],
  fixed?: string,
): readonly SampleField[] {
  const around = [localName(element), ...parents];
  const own = element.attributes
    .filter(([name]) => !name.startsWith('xmlns') && name !== fixed)
    .map(([name, value]): SampleField => ({ target: `${path}@${name}`, name, parents: around, value }));
  if (element.children.length === 0) {
    // The attribute that distinguishes this element from its neighbours gives its purpose: `tel` of type `mobile`.
    const purpose = element.attributes.find(([name]) => name === fixed)?.[1];
    const name = purpose === undefined ? localName(element) : `${localName(element)} ${purpose}`;
    const empty = element.text === '' && own.length > 0 && !element.cdata;
    const content: SampleField = {
      target: element.cdata ? `${path}#cdata` : path,
      name,
      parents,
      value: element.text,
    };
    return empty ? own : [...own, content];
  }
  return [...own, ...groupsOf(element.children).flatMap((group) => groupSlots(group, path, around))];
}

function groupSlots(
  group: readonly SampleElement[],
  path: string,
  parents: readonly string[],
): readonly SampleField[] {
  const [first] = group;
  if (first === undefined) return [];
  const target = `${path}.${first.name}`;
  if (group.length === 1) return slotsOf(first, target, parents);
  const fixed = first.attributes.find(
    ([name]) => new Set(group.map((element) => valueOf(element, name))).size === group.length,
  )?.[0];
  if (
    fixed !== undefined &&
    group.every((element) => element.children.length === 0 && safe(valueOf(element, fixed)))
  )
    return group.flatMap((element) =>
      slotsOf(element, `${target}@${fixed}=${valueOf(element, fixed) ?? ''}`, parents, fixed),
    );
  const attributes = first.attributes.map(([name, value]): SampleField => ({
    target: `@${name}`,
    name,
    parents: [first.name],
    value,
  }));
  const inner =
    first.children.length === 0
      ? [...attributes, { target: '#text', name: first.name, parents, value: first.text }]
      : [
          ...attributes,
          ...first.children.flatMap((child) => slotsOf(child, child.name, [first.name, ...parents])),
        ];
  return [{ target, name: first.name, parents, value: undefined, element: inner }];
}

const valueOf = (element: SampleElement, name: string): string | undefined =>
  element.attributes.find(([key]) => key === name)?.[1];
const safe = (value: string | undefined): boolean => value !== undefined && /^[^@#.]+$/.test(value);

/** Neighbours of one name, each name at its first place. */
function groupsOf(children: readonly SampleElement[]): readonly (readonly SampleElement[])[] {
  return [...Map.groupBy(children, (child) => child.name).values()];
}

function elementsOf(nodes: unknown): readonly SampleElement[] {
  if (!Array.isArray(nodes)) return [];
  return (nodes as unknown[]).flatMap((node) => {
    if (!isRecord(node)) return [];
    const name = Object.keys(node).find((key) => key !== ':@' && !key.startsWith('#'));
    if (name === undefined) return [];
    const inner = Array.isArray(node[name]) ? (node[name] as unknown[]) : [];
    const attributes = isRecord(node[':@']) ? Object.entries(node[':@']) : [];
    const cdata = inner.some((child) => isRecord(child) && Object.hasOwn(child, '#cdata'));
    return [
      {
        name,
        attributes: attributes.map(([key, value]) => [key, String(value)] as const),
        children: elementsOf(inner),
        text: inner.map(textOf).join('').trim(),
        cdata,
      },
    ];
  });
}

function textOf(node: unknown): string {
  if (!isRecord(node)) return '';
  if (typeof node['#text'] === 'string') return node['#text'];
  return Array.isArray(node['#cdata']) ? (node['#cdata'] as unknown[]).map(textOf).join('') : '';
}
