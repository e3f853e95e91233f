// Writes the table of fields and the codes they use, in the order of the output.
// Invariant: every line of the file has its row; examples are an invented person's.
import { secretIn } from '../fields/secret-cells.ts';
import { blockAt, isRecord, listAt } from '../document/yaml.ts';
import { asText, isEmptyList } from '../fields/values.ts';
import { frenchLabel } from '../fields/french.ts';
import { findSource } from '../fields/source.ts';
import type { Block } from './blocks.ts';
import { elseWords, formatWords, presenceWords } from './french-writing.ts';
import { sourceLabel } from './french-sources.ts';
import { fieldType } from './json-types.ts';

type Raw = Readonly<Record<string, unknown>>;

export interface FieldsInput {
  /** The whole file, for its maps and its default for absent values. */
  readonly whole: Raw;
  /** The block that holds `fields`. */
  readonly block: Raw;
  /** The fields are JSON: each has a type. */
  readonly json: boolean;
  /** Target -> value as written for the invented lead. */
  readonly examples: ReadonlyMap<string, string>;
}

export function fieldBlocks({ whole, block, json, examples }: FieldsInput): readonly Block[] {
  const lines = listAt(block, 'fields').filter(isRecord);
  const rows = lines.flatMap((raw) => rowsOf(raw, whole, examples)).map((row) => (json ? row : untyped(row)));
  const codes = codeRows(lines, whole);
  return [
    {
      kind: 'table',
      head: json ? heads : untyped(heads),
      rows,
      exact: json ? [0, 5] : [0, 4],
    },
    ...(codes.length === 0
      ? []
      : [
          { kind: 'heading', level: 3, text: 'Codes' } as const,
          {
            kind: 'table',
            head: ['Champ', 'Notre valeur', 'Votre code'],
            rows: codes,
            exact: [0, 2],
          } as const,
        ]),
  ];
}

const heads = ['Champ', 'Type JSON', 'Contenu', 'Écriture', 'Présence', 'Exemple'];
const untyped = (row: readonly string[]): readonly string[] => row.filter((_, column) => column !== 1);

function rowsOf(
  raw: Raw,
  whole: Raw,
  examples: ReadonlyMap<string, string>,
  list?: string,
  parent = '',
): readonly (readonly string[])[] {
  if (Object.hasOwn(raw, 'consent')) {
    const which = asText(raw['consent']);
    return [
      [
        '',
        '',
        which === 'rest' ? 'Ici les champs de consentement' : `Ici le champ de consentement ${which}`,
        '',
        '',
        '',
      ],
    ];
  }
  const to = asText(raw['to']);
  const target = parent === '' ? to : /^[@#[]/.test(to) ? `${parent}${to}` : `${parent}.${to}`;
  const note = asText(raw['label']);
  const empty = Object.hasOwn(whole, 'empty') ? whole['empty'] : 'omit';
  const each = asText(raw['each']);
  if (each !== '') {
    const inner = listAt(raw, 'fields').filter(isRecord);
    return [
      [
        target,
        'liste (objets)',
        `${sourceLabel(each)} : un élément pour chacun`,
        'groupe répété',
        presenceWords(raw, empty),
        '',
      ],
      ...inner.flatMap((field) => rowsOf(field, whole, examples, each, to)),
    ];
  }
  const source = contentWords(raw, list);
  const content = note === '' || note === source ? source : `${note} (${source})`;
  const example = parent === '' ? (examples.get(to) ?? '') : '';
  const type = fieldType(raw, blockAt(whole, 'maps'), list);
  return [[target, type, content, formatWords(raw, list), presenceWords(raw, empty), example]];
}

function contentWords(raw: Raw, list: string | undefined): string {
  const secret = secretIn(raw['value']);
  if (secret !== undefined) return `Confidentiel (${secret})`;
  if (isEmptyList(raw['value'])) return 'Liste, vide si rien ne s’y ajoute';
  if (Object.hasOwn(raw, 'value'))
    return `Constante « ${raw['value'] === null ? 'null' : asText(raw['value'])} »`;
  const template = asText(raw['template']);
  if (template !== '')
    return `Texte : ${template.replaceAll(/\{\{\s*([^{}|]*?)\s*(?:\|[^{}]*)?\}\}/g, (_, path: string) => `« ${sourceLabel(path, list)} »`)}`;
  return sourceLabel(asText(raw['from']), list);
}

function codeRows(
  lines: readonly Raw[],
  whole: Raw,
  list?: string,
  parent = '',
): readonly (readonly string[])[] {
  const maps = isRecord(whole['maps']) ? whole['maps'] : {};
  return lines.flatMap((raw): readonly (readonly string[])[] => {
    const to = asText(raw['to']);
    if (Object.hasOwn(raw, 'each'))
      return codeRows(listAt(raw, 'fields').filter(isRecord), whole, asText(raw['each']), to);
    const named = raw['map'];
    const map = typeof named === 'string' ? maps[named] : named;
    if (!isRecord(map)) return [];
    const source = findSource(asText(raw['from']), list);
    const path = list === undefined ? (source?.path ?? '') : `${list}.${source?.path ?? ''}`;
    const target = parent === '' ? to : /^[@#]/.test(to) ? `${parent}${to}` : `${parent}.${to}`;
    return [
      ...Object.entries(map)
        .filter(([key]) => key !== 'else')
        .map(([key, code]) => [
          target,
          asText(frenchLabel(path, key)),
          code === null ? 'null' : asText(code),
        ]),
      // A closed list with an entry for each value has no other.
      ...((source?.values ?? ['']).every((value) => value !== '' && Object.hasOwn(map, value))
        ? []
        : [[target, `toute autre valeur : ${elseWords(map['else'])}`, '']]),
    ];
  });
}
