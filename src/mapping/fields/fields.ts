// Compiles the list of fields: each line becomes a function that writes its target.
// Invariant: a person's value is the lead's or absent, never a default or a constant (C13).
import mappingSchema from '../../../mappings/schema/mapping.schema.json' with { type: 'json' };
import type { DataCategory } from '../../domain/lead.ts';
import { isRecord } from '../document/yaml.ts';
import { checkConstant, checkOptInOutside, reportSecret, secretIn } from './lints.ts';
import { sectionTitles, findSource } from './source.ts';
import { compileEach, type CompiledField, type FieldWhere } from './each.ts';
import { compileLineText, type LineOf } from './lines.ts';
import type { Path } from '../document/problems.ts';
import { compileReading, type FieldReading } from './reading.ts';
import { checkEmpty, emptyPolicy, reportNoPreset, type Scope } from '../scope.ts';
import { parseTarget, type Target } from './target.ts';
import { compileCondition } from './conditions.ts';
import { type Cell, type RpcType, asText, rpcTypes } from './values.ts';
import type { Both } from '../../../connectors/contract.ts';

const knownKeys = new Set(Object.keys(mappingSchema.$defs.field.properties));

/** Compiles one line of `fields:`; undefined after reporting. */
export function compileField(
  raw: unknown,
  path: Path,
  scope: Scope,
  list?: string,
): CompiledField | undefined {
  if (!isRecord(raw)) return undefined;
  const { report } = scope;
  const to = raw['to'];
  if (Object.hasOwn(raw, 'preset')) reportNoPreset(path, scope);
  else if (to === undefined)
    report.error(path, 'MAP-102', [
      'la clé « to » manque : quel champ est écrit ?',
      'key "to" is missing: which field is written?',
    ]);
  if (typeof to !== 'string') return undefined;
  const target = parseTarget(to, scope.format, { nested: list !== undefined });
  if ('fault' in target) return report.error([...path, 'to'], 'MAP-217', target.fault);
  const kinds = ['from', 'value', 'template', 'each'].filter((key) => Object.hasOwn(raw, key));
  if (kinds.length !== 1) {
    // An unknown key, such as `form` for `from`, has been reported already.
    if (kinds.length === 0 && Object.keys(raw).some((key) => !knownKeys.has(key))) return undefined;
    const message: Both =
      kinds.length === 0
        ? [
            `« ${to} » n’a rien à écrire : ajoutez from, value, template ou each.`,
            `"${to}" has nothing to write: add from, value, template or each.`,
          ]
        : [
            `« ${to} » a ${kinds.join(' et ')} : gardez-en un.`,
            `"${to}" has ${kinds.join(' and ')}: keep one.`,
          ];
    report.error(path, 'MAP-106', message);
    return undefined;
  }
  if (!Object.hasOwn(raw, 'each')) checkOptInOutside(raw, path, scope, target);
  const categories = new Set<DataCategory>();
  const when = Object.hasOwn(raw, 'when')
    ? compileCondition(raw['when'], [...path, 'when'], {
        scope,
        categories,
        list,
      })
    : undefined;
  const where: FieldWhere = {
    raw,
    path,
    scope,
    target,
    categories,
    when,
    list,
  };
  return kinds[0] === 'each' ? compileEach(where, compileField) : compileSingle(where);
}

function compileSingle(where: FieldWhere): CompiledField | undefined {
  const { raw, path, scope, target, categories, when, list } = where;
  if (Object.hasOwn(raw, 'value')) checkConstant(raw['value'], path, scope, target);
  const shared = { scope, categories, target, list };
  const reading = compileReading(raw, path, { ...shared, mode: scope.format });
  if (reading === undefined) return undefined;
  const forPeople = scope.sheet
    ? (compileReading(raw, path, { ...shared, mode: 'sheet' }) ?? reading)
    : reading;
  checkEmpty(raw['empty'], [...path, 'empty'], scope);
  const empty = emptyPolicy(raw['empty'], scope.empty);
  const required = raw['required'] === true;
  const field = target.text;
  const line = compileLineText(raw['line'], [...path, 'line'], scope.report);
  const secrets = secretsOf(where, line);
  const typed = compileRpcType(raw, path, scope, list);
  const { section, label } = sheetPlace(raw, reading, target, line);
  return {
    target,
    path,
    categories,
    source: reading.source,
    secrets,
    constant: Object.hasOwn(raw, 'value') && when === undefined,
    free: reading.free,
    line,
    write: (context, out, problems) => {
      if (when?.(context) === false) return;
      const value = reading.read(context, field, problems);
      if (value !== undefined && line !== undefined) {
        out.push({ target, kind: 'line', text: line.write(reading.show(value)) });
      } else if (value !== undefined) {
        out.push(
          Array.isArray(value)
            ? { target, kind: 'cells', cells: value as readonly Cell[], ...typed }
            : { target, kind: 'cell', cell: value as Cell, ...typed },
        );
      } else if (required) {
        problems.push({ field, code: 'REQUIRED' });
      } else if (empty !== 'omit' && line === undefined) {
        out.push({ target, kind: 'cell', cell: empty === 'null' ? null : '' });
      }
    },
    sheet: (context, out) => {
      if (when?.(context) === false) return;
      const value = forPeople.read(context, field, []);
      if (value !== undefined) out.push({ section, label, value: forPeople.show(value) });
    },
  };
}

/** A text of lines is for people to read and may hold no secret. */
function secretsOf({ raw, path, scope }: FieldWhere, line: LineOf | undefined): readonly string[] {
  const name = secretIn(raw['value']);
  if (name === undefined) return [];
  if (line !== undefined) reportSecret(`secret:${name}`, [...path, 'value'], scope);
  return [name];
}

function sheetPlace(
  raw: Record<string, unknown>,
  reading: Pick<FieldReading, 'category'>,
  target: Target,
  line: LineOf | undefined,
): { section: string; label: string } {
  const { section, label } = raw;
  return {
    section: typeof section === 'string' ? section : sectionTitles[reading.category],
    label: typeof label === 'string' ? label : (line?.label ?? target.text),
  };
}

/**
 * Finds the XML-RPC type of a field: the file's, else that of its source. A decimal source is a double whatever
 * the amount: 285000 is not an int, since 285000.5 would not be one.
 */
function compileRpcType(
  raw: Readonly<Record<string, unknown>>,
  path: Path,
  scope: Scope,
  list: string | undefined,
): { readonly type?: RpcType } {
  const type = rpcTypes.find((known) => known === raw['type']);
  if (type !== undefined && scope.rpc !== 'xmlRpc')
    scope.report.atKey.error([...path, 'type'], 'MAP-712', [
      'seul XML-RPC nomme des types : ailleurs utilisez as.',
      'only XML-RPC names types: elsewhere use as.',
    ]);
  if (type !== undefined) return { type };
  const converted = Object.hasOwn(raw, 'as') || Object.hasOwn(raw, 'map');
  const decimal = !converted && findSource(asText(raw['from']), list)?.type === 'decimal';
  return scope.rpc === 'xmlRpc' && decimal ? { type: 'double' } : {};
}
