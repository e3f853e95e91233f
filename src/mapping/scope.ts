// The context shared by the compilers of a mapping's parts: the report, the format, the categories of the contract.
// Invariant: read-only; a wrong part is reported and gives undefined, so that the next part is still checked.
import type { Action, Both } from '../../connectors/contract.ts';
import type { ClientFacts } from '../domain/destination.ts';
import type { DataCategory, OptionalBlock } from '../domain/lead.ts';
import type { ActionPlan, ConnectorFacts, Format, RpcFormat } from './contract.ts';
import { isRecord } from './document/yaml.ts';
import type { Report } from './document/problems.ts';
import type { Source } from './fields/source.ts';
import type { Encoding } from './formats/encoding.ts';
import type { CsvWriter } from './formats/write-csv.ts';

/** Shared by the compilers of the blocks of a file. */
export interface Compiling {
  readonly mapping: Record<string, unknown>;
  readonly report: Report;
  readonly connector: ConnectorFacts | undefined;
  readonly client: ClientFacts | undefined;
}

/** How an absent value is written. `keep` leaves the key out, so that the recipient keeps its value. */
export type EmptyPolicy = 'omit' | 'null' | 'blank';

export interface CaptureScope {
  /** `person.id` -> true when the call that gives it may be skipped. */
  readonly known: ReadonlyMap<string, { readonly conditional: boolean }>;
  readonly read: Set<string>;
}

export interface XmlScope {
  readonly record: string;
  readonly root?: string;
  readonly prefixes: ReadonlySet<string>;
  readonly rootAttributes: ReadonlySet<string>;
  readonly encoding: Encoding;
  /** SOAP: the header element, in which targets may also be placed. */
  readonly header?: string;
}

export interface Scope {
  readonly report: Report;
  readonly format: Format;
  /** The connector writes a sheet for people. */
  readonly sheet: boolean;
  /** The content may hold nothing of a person. */
  readonly impersonal: boolean;
  /** Name of the connector where financial data may not travel by it (C10). */
  readonly noFinancial?: Both;
  /** A body may hold secrets. */
  readonly bodySecrets: boolean;
  /** Many leads travel in one file. */
  readonly files: boolean;
  readonly formulaGuard: boolean;
  readonly maps: Readonly<Record<string, unknown>>;
  readonly empty: EmptyPolicy;
  /** Blocks of the lead that the file reads; noted as its sources are found. */
  readonly blocks: Set<OptionalBlock>;
  readonly xml?: XmlScope;
  /** The fields write the parameters of a procedure. */
  readonly rpc?: RpcFormat;
  /** Name of a format that has no null. */
  readonly noNull?: string;
  /** Ids earlier answers give, for `calls.person.id`; those read are noted. */
  readonly captures?: CaptureScope;
  /** Categories the contract covers; undefined when client.yaml could not be read. */
  readonly contract?: readonly DataCategory[];
  /** Plain names of those that a phone consent may name (`domain/consent.ts`). */
  readonly entities: ReadonlySet<string>;
  /** The dialect of a CSV: the values its cells can hold, and their form. */
  readonly csv?: CsvWriter;
}

/** Notes a source's category and reports the two that may not be there. */
export function useSource(
  source: Source,
  path: readonly (string | number)[],
  categories: Set<DataCategory>,
  scope: Scope,
): void {
  if (source.late !== undefined && !scope.files) {
    scope.report.error(path, 'MAP-219', [
      `la source « ${source.path} » n’existe que dans les fichiers.`,
      `source "${source.path}" exists in files only.`,
    ]);
  }
  if (source.category === 'technical') return;
  categories.add(source.category);
  if (source.category === 'financial' && scope.noFinancial !== undefined) {
    scope.report.error(path, 'MAP-403', [
      `« ${source.path} » est une donnée financière : elle ne peut pas voyager par ${scope.noFinancial[0]} (C10).`,
      `"${source.path}" is financial data: it may not travel by ${scope.noFinancial[1]} (C10).`,
    ]);
  } else if (scope.contract !== undefined && !scope.contract.includes(source.category)) {
    scope.report.error(path, 'MAP-402', [
      `« ${source.path} » est de la catégorie ${source.category}, que le contrat de client.yaml ne couvre pas.`,
      `"${source.path}" is of category ${source.category}, which the contract in client.yaml does not cover.`,
    ]);
  }
}

/** The same for a source whose value is written: reports data of a person where the content may hold none. */
export function useValue(
  source: Source,
  path: readonly (string | number)[],
  categories: Set<DataCategory>,
  scope: Scope,
): void {
  useSource(source, path, categories, scope);
  reportPerson(source, path, scope);
}

/** True when the settings say that the content may hold nothing of a person. */
export const impersonalIn = (connector: ConnectorFacts | undefined, settings: unknown): boolean =>
  isRecord(settings) && connector?.impersonal?.(settings) === true;

/** Reports an action with another kind of content: the fields are checked once for all actions. */
export function reportContents(
  actions: ReadonlyMap<Action, ActionPlan>,
  connector: ConnectorFacts | undefined,
  { impersonal, report }: Scope,
): void {
  for (const [action, { settings }] of actions)
    if (settings !== undefined && impersonalIn(connector, settings) !== impersonal)
      report.error([action, connector?.settingsKey ?? 'send'], 'MAP-419', [
        'chaque action dit le même contenu.',
        'every action says the same content.',
      ]);
}

export function reportPerson(
  { path: name, person }: Source,
  path: readonly (string | number)[],
  { impersonal, report }: Scope,
): void {
  if (impersonal && person)
    report.error(path, 'MAP-419', [
      `« ${name} » est une donnée de la personne : un avis ne nomme personne, et le lead se lit à l’adresse de readAt.`,
      `"${name}" is the person's: a notice names nobody, and the lead is read where readAt leads.`,
    ]);
}

export function emptyPolicy(value: unknown, fallback: EmptyPolicy): EmptyPolicy {
  if (value === undefined) return fallback;
  if (value === null || value === 'null') return 'null';
  return value === '' ? 'blank' : 'omit';
}

/** Checks `empty`: a flat format has no null and no absent cell. */
export function checkEmpty(value: unknown, path: readonly (string | number)[], scope: Scope): void {
  const { format, report } = scope;
  if (format === 'csv' && value === 'keep')
    report.error(path, 'MAP-222', [
      'un CSV a toujours chaque cellule : une valeur absente y est vide, jamais gardée.',
      'a CSV always has every cell: an absent value is an empty one, never kept.',
    ]);
  const { noNull } = scope;
  if (noNull !== undefined && value === null)
    report.error(path, 'MAP-222', [
      `${noNull} n’a pas de null : écrivez "" ou omit.`,
      `${noNull} has no null: write "" or omit.`,
    ]);
}

/** `{preset: rest}` that nothing has replaced. */
export function reportNoPreset(path: readonly (string | number)[], scope: Pick<Scope, 'report'>): void {
  scope.report.error(path, 'MAP-411', [
    'aucun modèle ne donne de lignes ici : ajoutez extends, ou retirez la ligne.',
    'no preset gives lines here: add extends, or remove the line.',
  ]);
}

/** Checks that a CSV can write the constants of the mapping itself; otherwise every lead would be refused for them. */
export function checkWritable(value: unknown, path: readonly (string | number)[], scope: Scope): void {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return;
  if (scope.csv?.unwritable(value) === undefined) return;
  scope.report.error(path, 'MAP-708', [
    `« ${String(value)} » ne peut pas s’écrire dans ce CSV.`,
    `"${String(value)}" cannot be written in this CSV.`,
  ]);
}
