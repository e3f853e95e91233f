// Resolves the paths of the closed source model to functions that read a lead.
// Invariant: every path is resolved when the mapping is compiled; reading never fails and never invents.
import type { Action } from '../../../connectors/contract.ts';
import type { ClientFacts } from '../../domain/destination.ts';
import { columnFacts } from '../../domain/lead-fields/columns.ts';
import {
  optionalBlocks,
  sourceModel,
  type DataCategory,
  type Lead,
  type OptionalBlock,
  type SourceField,
  type SourceType,
} from '../../domain/lead.ts';
import type { Mode, WriteSituation } from '../contract.ts';
import { suggest } from '../document/suggest.ts';
import { type Formatted, plainNumber } from './formatter-parts.ts';
import { compileFormat } from './formatters.ts';

// Gives the French words for values on a lead sheet, from the definitions of the fields.
// Invariant: every value of every enum has one.

/** Words by every path of the model, and by the bare names of fields inside lists; undefined where values have no words. */
const wordsOf = new Map<string, SourceField['words']>(
  sourceModel.flatMap(
    ({ path, words, element = [] }): readonly (readonly [string, SourceField['words']])[] => [
      ...element.map((field) => [field.path, field.words] as const),
      ...element.map((field) => [`${path}.${field.path}`, field.words] as const),
      [path, words],
    ],
  ),
);

/** The French word for a value of a source; the value itself when it has none. */
export function frenchLabel(path: string, value: unknown): unknown {
  // Inside a list a field of the lead is named with the list before it.
  const words = wordsOf.get(wordsOf.has(path) ? path : path.slice(path.lastIndexOf('.') + 1));
  return typeof value === 'string' && words !== undefined && Object.hasOwn(words, value)
    ? words[value]
    : value;
}

/** Section of a lead sheet for each category of data. */
export const sectionTitles = {
  identity: 'Contact',
  project: 'Projet',
  statistical: 'Origine du contact',
  financial: 'Situation financière',
  technical: 'Réception',
} as const;

export const consentSection = 'Consentement (opt-in)';

export interface Context {
  readonly lead: Lead;
  readonly situation: WriteSituation;
  readonly client: Pick<ClientFacts, 'id' | 'name'>;
  /** The element of the list, inside `each`. */
  readonly element?: unknown;
}

export interface Source {
  readonly path: string;
  readonly type: SourceType;
  /** Many values: `identity.phones.number`. */
  readonly list: boolean;
  readonly values?: readonly string[];
  readonly category: DataCategory | 'technical';
  readonly person: boolean;
  readonly read: (context: Context) => unknown;
  /** The block of the lead it belongs to, where that is read only when a mapping asks for it. */
  readonly block?: OptionalBlock;
  /** Known only when the file is built. */
  readonly late?: 'sequence' | 'rows';
}

function phones(lead: Lead) {
  const { mobile, landline } = lead.identity;
  return [
    ...(mobile === undefined ? [] : [{ type: 'mobile' as const, number: mobile }]),
    ...(landline === undefined ? [] : [{ type: 'landline' as const, number: landline }]),
  ];
}

/** Sources that are no field of the lead, or combine several. */
const special: Readonly<Record<string, (context: Context) => unknown>> = {
  'identity.phone': ({ lead }) => lead.identity.mobile ?? lead.identity.landline,
  'identity.phones': ({ lead }) => phones(lead),
  'client.id': ({ client }) => client.id,
  'client.name': ({ client }) => client.name,
  'delivery.key': ({ situation }) => situation.key,
  'delivery.action': ({ situation }): Action => situation.action,
  'delivery.reference': ({ situation }) => situation.recipientReference,
  'delivery.sentAt': ({ situation }) => situation.writtenAt,
};

const late: Readonly<Record<string, 'sequence' | 'rows'>> = {
  'batch.sequence': 'sequence',
  'batch.rows': 'rows',
};

function reader({ path, place }: SourceField): (context: Context) => unknown {
  const own = special[path];
  if (own !== undefined) return own;
  const keys = place.split('.');
  return ({ lead }) => {
    let value: unknown = lead;
    for (const key of keys) {
      if (typeof value !== 'object' || value === null) return undefined;
      value = (value as Record<string, unknown>)[key];
    }
    return value;
  };
}

const blockOf = ({ place }: SourceField): Pick<Source, 'block'> => {
  const block = optionalBlocks.find((name) => name === place.split('.')[0]);
  return block === undefined ? {} : { block };
};

const sourceOf = (
  field: SourceField,
  path: string,
  list: boolean,
  read: Source['read'],
  /** The field of the lead that may contain this element. */
  whole = field,
): Source => ({
  ...blockOf(whole),
  path,
  type: field.type,
  list,
  category: field.category,
  person: field.person,
  read,
  values: field.values,
  late: late[path],
});

const all: ReadonlyMap<string, Source> = new Map(
  sourceModel.flatMap((field): readonly (readonly [string, Source])[] => {
    const read = reader(field);
    const inner = (field.element ?? []).map((element) => {
      const values: Source['read'] = (context) =>
        (read(context) as readonly Record<string, unknown>[]).map((item) => item[element.path]);
      const path = `${field.path}.${element.path}`;
      return [path, sourceOf(element, path, true, values, field)] as const;
    });
    return [[field.path, sourceOf(field, field.path, field.type === 'list', read)], ...inner];
  }),
);

const elements: ReadonlyMap<string, ReadonlyMap<string, Source>> = new Map(
  sourceModel.flatMap((list) => {
    if (list.element === undefined) return [];
    const own = list.element.map((field): readonly [string, Source] => {
      const read: Source['read'] = (context) =>
        (context.element as Record<string, unknown> | undefined)?.[field.path];
      return [field.path, sourceOf(field, field.path, false, read, list)];
    });
    return [[list.path, new Map(own)] as const];
  }),
);

/** The source at a path; inside `each`, of an element of the list. */
export function findSource(path: string, listPath?: string): Source | undefined {
  return (listPath === undefined ? undefined : elements.get(listPath)?.get(path)) ?? all.get(path);
}

/** The names that senders of leads use, and the sources that have their values. */
const byColumn: ReadonlyMap<string, string> = new Map([
  ['reference', 'id'],
  ['client_id', 'client.id'],
  ...columnFacts.map(({ column, path }): readonly [string, string] => [column, path]),
]);

/** A name without a group is a fact of the lead: `name` is not the client's, `reference` not the recipient's. */
const paths = [...all.keys()];
const ofTheLead = paths.filter((path) => !/^(client|delivery|batch)\./.test(path));

/** The known path nearest to one that does not exist. */
export function nearestSource(path: string, listPath?: string): string | undefined {
  const inner = listPath === undefined ? [] : [...(elements.get(listPath)?.keys() ?? [])];
  const column = byColumn.get(path);
  return (
    suggest(path, inner) ??
    (column !== undefined && all.has(column) ? column : undefined) ??
    suggest(path, path.includes('.') ? paths : ofTheLead)
  );
}

/** Lists `each` may name. */
export const listPaths: readonly string[] = [...elements.keys()];

/** The elements of a list, in order. */
export function readList(source: Source, context: Context): readonly unknown[] {
  const value = source.read(context);
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** True for an absent value: undefined, null, an empty text, or an invalid date. */
export const isBlank = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === 'string' && value.trim() === '') ||
  (value instanceof Date && Number.isNaN(value.getTime()));

// Writes a value without a formatter: plainly for machines, in French for people.
// Invariant: machine formats keep the value's type; people read words, local time and grouped digits.

const sheetFormats: Readonly<Record<string, unknown>> = {
  date: { date: 'dd/MM/yyyy HH:mm' },
  phone: { phone: 'spaced' },
  decimal: { number: { decimal: ',', group: ' ' } },
  integer: 'integer',
  boolean: { boolean: ['Oui', 'Non'] },
};

/** The formatter of a source that has none. */
export function defaultFormat(source: Source, mode: Mode): Formatted {
  const type = source.type;
  const kind = { type, list: source.list };
  const asIs: Formatted = { kind, apply: (value) => value };
  if (mode === 'sheet' && type === 'enum') {
    const label = (value: unknown): unknown => frenchLabel(source.path, value);
    return { kind, apply: source.list ? (value) => (value as readonly unknown[]).map(label) : label };
  }
  const wanted = mode === 'sheet' ? sheetFormats[type] : type === 'date' ? 'iso' : undefined;
  if (wanted === undefined) return asIs;
  const formatted = compileFormat(wanted, kind);
  return 'code' in formatted ? asIs : formatted;
}

/** A written value as a text. */
export function textOf(value: unknown): string {
  if (typeof value === 'number') return plainNumber(value);
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  return '';
}
