// Compiles the body of a look-up that is sent by POST; its fields are written like those of a lead.
// Invariant: a look-up contains references alone. A person found by their mail or phone is no proof that this lead arrived
// (guarantee 5), and no personal data leaves with a look-up; without a reference it needs, it is not sent.
import mappingSchema from '../../../mappings/schema/mapping.schema.json' with { type: 'json' };
import type { Body } from '../../../connectors/contract.ts';
import type { Lead } from '../../domain/lead.ts';
import { reportAt, type Path } from '../document/problems.ts';
import { reportStructure } from '../document/structure.ts';
import { blockAt, isRecord, listAt } from '../document/yaml.ts';
import { type Asked, type ConnectorFacts, type FaultFormat, bodyBlocks } from '../contract.ts';
import { joinLines } from '../fields/lines.ts';
import { isReference, referencesWritten } from '../transport/erase-names-lead.ts';
import { sourceIn } from '../fields/scoped-source.ts';
import { bodyWith, type Entry, type FieldProblem } from '../fields/values.ts';
import { isBlank, type Context, type Source } from '../fields/source.ts';
import { readLayout, inLayout, type Layout } from '../formats/layout.ts';
import { looksForAsked } from '../response/answer.ts';
import { isAsked } from '../response/conditions.ts';
import { compileLines, type RecordPlan } from '../record.ts';
import type { Compiling, Scope } from '../scope.ts';

export interface Question {
  /** The body of the look-up; undefined where a reference it needs is unknown. */
  readonly write: (asked: Asked) => Body | undefined;
  readonly secrets: readonly string[];
  /** Protocol that reports errors inside its answers: its own, else that of the file. */
  readonly faults: FaultFormat | undefined;
}

interface QuestionInput extends Compiling {
  readonly connector: ConnectorFacts;
  readonly scope: Scope;
  readonly layout: Layout;
}

const { $defs, properties } = mappingSchema;
const fieldList = { $defs, type: 'array', items: { $ref: '#/$defs/field' } };
const blockSchemas = new Map(bodyBlocks.map((format) => [format, { $defs, ...properties[format] }]));

const addressOnly: Body = { bytes: new Uint8Array(0), mediaType: '', extension: '' };

/** @param at path in the file of a part of the settings */
export function compileQuestion(settings: unknown, at: (path: Path) => Path, input: QuestionInput): Question {
  const { connector, report } = input;
  const key = connector.lookupKey ?? '';
  const block = blockAt(settings, key);
  const byAddress: Question = { write: () => addressOnly, secrets: [], faults: input.layout.faults };
  if (connector.answers !== 'rules') return byAddress;
  if (!Object.hasOwn(block, 'fields')) {
    reportByAddress(block, at([key]), input);
    return byAddress;
  }
  const lines = listAt(block, 'fields');
  const path = at([key, 'fields']);
  reportStructure(fieldList, lines, report, path);
  const layout = layoutOf(block, at([key]), input);
  const captures = input.scope.captures;
  const scope: Scope = {
    ...inLayout(input.scope, layout),
    // An id that only the look-up reads is not needed by the call.
    ...(captures === undefined ? {} : { captures: { ...captures, read: new Set() } }),
  };
  const record = compileLines(lines, path, scope, { whole: false, placeable: [], atEnd: [] });
  const references = referencesIn(lines, record, path, scope);
  const url = block['url'];
  if (references.length === 0 && !(typeof url === 'string' && /\{(?!since\})|^secret:/.test(url)))
    report.atKey.error(path, 'MAP-515', [
      'cette question ne nomme aucun lead : l’un de ses champs doit écrire id, delivery.key ou delivery.reference en entier, sans when ni map.',
      'this question names no lead: let one of its fields write id, delivery.key or delivery.reference whole, without when and map.',
    ]);
  const client = input.client ?? { id: '', name: '' };
  const write: Question['write'] = (asked) => {
    const { leadReference, ...situation } = asked;
    const context: Context = {
      lead: { reference: leadReference } as Lead,
      situation: { ...situation, now: asked.writtenAt, categories: [] },
      client,
    };
    if (references.some((source) => isBlank(source.read(context)))) return undefined;
    const entries: Entry[] = [];
    const problems: FieldProblem[] = [];
    for (const field of record.fields) field.write(context, entries, problems);
    if (problems.length > 0) return undefined;
    return bodyWith(record.secrets, [record.lines ? joinLines(entries) : entries], (written) =>
      layout.write(record.columns, written, undefined, asked.key),
    );
  };
  return { write, secrets: record.secrets, faults: layout.faults ?? input.layout.faults };
}

/** Reports mistakes in a look-up that has no body. */
function reportByAddress(
  block: Record<string, unknown>,
  at: Path,
  { mapping, report }: Pick<QuestionInput, 'mapping' | 'report'>,
): void {
  for (const format of bodyBlocks.filter((known) => Object.hasOwn(block, known)))
    report.atKey.error([...at, format], 'MAP-102', [
      `« ${format} » a besoin de champs à côté : sans eux la question n’a pas de corps.`,
      `"${format}" needs fields beside it: without them the question has no body.`,
    ]);
  if (asksForList(block['url']) && !asksWhose(mapping))
    report.error([...at, 'url'], 'MAP-515', [
      'cette question demande la liste de ce qui est arrivé récemment : la règle accepted avec on: lookup doit demander à qui est la fiche, comme "leads[reference=asked].id": {exists: true}.',
      'this question asks for a list of what came lately: let the accepted rule with on: lookup ask whose record it is, such as "leads[reference=asked].id": {exists: true}.',
    ]);
}

/** The address of the look-up names a point in time, but no lead. */
const asksForList = (url: unknown): boolean =>
  typeof url === 'string' && url.replaceAll('{since}', '').length < url.length && !/\{(?!since\})/.test(url);

/** True when every rule that accepts an answer of a look-up compares the record's owner. */
function asksWhose(mapping: Record<string, unknown>): boolean {
  const lists = [mapping, ...listAt(mapping, 'calls')].map((part) => listAt(part, 'response'));
  const yes = lists
    .flat()
    .filter(isRecord)
    .filter((rule) => [rule['on']].flat().includes('lookup') && isRecord(rule['accepted']));
  return (
    yes.length > 0 &&
    yes.every((rule) =>
      Object.entries(blockAt(rule['accepted'], 'json')).some(
        ([place, wanted]) => looksForAsked(place) || isAsked(wanted),
      ),
    )
  );
}

/** A look-up may have another format than the lead: a form is looked up by JSON. */
function layoutOf(
  block: Record<string, unknown>,
  at: Path,
  { mapping, connector, layout, report }: QuestionInput,
): Layout {
  const own = bodyBlocks.filter((format) => Object.hasOwn(block, format));
  if (own.length === 0) return layout;
  // Another record of SOAP is placed in the same envelope.
  const kept = own.length === 1 && own[0] === 'xml' ? ['soap'] : [];
  const others = Object.fromEntries(
    Object.entries(mapping).filter(
      ([key]) => kept.includes(key) || !bodyBlocks.some((format) => format === key),
    ),
  );
  const inside = own.includes('soap') && !own.includes('xml') ? (['xml'] as const) : [];
  const blocks = [...own, ...inside].map(
    (format) => [format, { ...blockAt(mapping, format), ...blockAt(block, format) }] as const,
  );
  for (const [format, merged] of blocks)
    reportStructure(blockSchemas.get(format) ?? {}, merged, report, [...at, format]);
  const moved = reportAt(report, (inner) => [...at, ...inner]);
  return readLayout({ ...others, ...Object.fromEntries(blocks) }, connector, moved);
}

/** Sources a look-up may use besides references: the client, and the kind of message. */
const isHarmless = (path: string): boolean =>
  ['', '(constant)', '(secret)', 'client.id', 'client.name', 'delivery.action', 'delivery.sentAt'].includes(
    path,
  );

/** The references that the look-up needs; any other source of the lead is reported. */
function referencesIn(
  lines: readonly unknown[],
  record: RecordPlan,
  path: Path,
  scope: Scope,
): readonly Source[] {
  const { report } = scope;
  for (const [index, raw] of lines.entries())
    if (isRecord(raw) && Object.hasOwn(raw, 'consent'))
      report.error([...path, index], 'MAP-514', [
        'une question ne demande qu’avec des références : elle n’écrit pas d’opt-in.',
        'a question asks with references only: it writes no opt-in.',
      ]);
  for (const field of record.fields) {
    const other = field.source.split(', ').find((name) => !isReference(name) && !isHarmless(name));
    if (other !== undefined || field.categories.size > 0)
      report.error(field.path, 'MAP-514', [
        `une question ne demande qu’avec des références (id, delivery.key, delivery.reference, calls.NOM.id), jamais avec « ${other ?? 'le lead'} » : une personne trouvée par ses données n’est pas ce lead.`,
        `a question asks with references only (id, delivery.key, delivery.reference, calls.NAME.id), never with "${other ?? 'the lead'}": a person found by their data is not this lead.`,
      ]);
  }
  return referencesWritten(record.fields, lines).flatMap((name) => sourceIn(name, scope) ?? []);
}
