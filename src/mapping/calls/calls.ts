// Compiles the calls of an action whose delivery needs several: each has an address, a body and rules, and uses ids of earlier answers.
// Invariant: every consent line is in a call that is always sent; a call never uses an id that no earlier call gives.
import { checkConsentCarried, distribute, type ConsentPlaces, type RawCall } from './consent-by-call.ts';
import {
  compileWhen,
  methodOf,
  onUnknownOf,
  rereadsOf,
  urlCaptures,
  withCaptures,
  compileCaptures,
  saysSomething,
  type CallsInput,
} from './parts.ts';
import { compileQuestion, type Question } from './question.ts';
import type { SchemaCheck } from '../formats/client-schema.ts';
import type { CallPlan } from '../contract.ts';
import { quietableLines } from '../consent/block.ts';
import { blockAt, isRecord, listAt, textAt } from '../document/yaml.ts';
import { isUndo, undoName, longestUndoable } from '../../domain/verdict.ts';
import {
  namesLead,
  reportGone,
  reportNameless,
  reportNamelessUndo,
  saysAnything,
} from '../transport/erase-names-lead.ts';
import { type Layout, inLayout, ownLayout } from '../formats/layout.ts';
import type { Path, Report } from '../document/problems.ts';
import { compileLines, type RecordPlan } from '../record.ts';
import { compileResponse, type Judge } from '../response/rules.ts';
import type { Scope } from '../scope.ts';
import { holdsOwn, overlay } from '../transport/overlay.ts';
import { checkSettings } from '../transport/settings.ts';

export interface CompiledCall {
  readonly plan: CallPlan;
  /** Ids of earlier calls it uses when they are present. */
  readonly reads: readonly string[];
  readonly record: RecordPlan;
  readonly layout: Layout;
  readonly schema: SchemaCheck | undefined;
  readonly targets: readonly string[];
  readonly secretNames: readonly string[];
  readonly judge: Judge;
  readonly question: Question;
  /** The request names its lead. */
  readonly isNamed: boolean;
  readonly undo?: CompiledCall;
}

export const hasCalls = (mapping: Record<string, unknown>): boolean => Object.hasOwn(mapping, 'calls');

/** The calls of an action; an update or erase without a list of its own is one call of that name. */
function rawCalls({ mapping, action, report }: CallsInput): readonly RawCall[] {
  const block = action === 'create' ? mapping : blockAt(mapping, action);
  const at: Path = action === 'create' ? [] : [action];
  if (Object.hasOwn(block, 'calls')) {
    if (Object.hasOwn(block, 'fields'))
      report.atKey.error([...at, 'fields'], 'MAP-657', [
        'les champs sont dans chacun des appels, pas à côté.',
        'fields stand in each of the calls, not beside them.',
      ]);
    return listAt(block, 'calls').flatMap((raw, index) =>
      isRecord(raw)
        ? [{ raw, path: [...at, 'calls', index], name: textAt(raw, 'name') ?? `call${index + 1}` }]
        : [],
    );
  }
  if (action === 'update' && !Object.hasOwn(block, 'fields')) {
    report.atKey.error(at, 'MAP-657', [
      'la création est faite d’appels : donnez à update ses propres appels, ou ses propres send et fields.',
      'the create is made of calls: give update its own calls, or its own send and fields.',
    ]);
    return [];
  }
  return [{ raw: block, path: at, name: action }];
}

export function compileCalls(input: CallsInput): readonly CompiledCall[] {
  const { action, report, consent, connector } = input;
  if (!connector.makesCalls) {
    report.atKey.error(['calls'], 'MAP-657', [
      `le connecteur ${connector.type} ne fait pas d’appels : seul un webhook en fait.`,
      `connector ${connector.type} makes no calls: only a webhook does.`,
    ]);
    return [];
  }
  if (action === 'create' && Object.hasOwn(blockAt(input.mapping, 'send'), 'lookup'))
    report.atKey.error(['send', 'lookup'], 'MAP-657', [
      'une interrogation est dans le send de l’appel sur lequel elle porte.',
      'a look-up belongs in the send of the call it asks about.',
    ]);
  if (action === 'create' && Object.hasOwn(input.mapping, 'schema'))
    report.atKey.error(['schema'], 'MAP-657', [
      'un schéma décrit un seul corps : écrivez-le dans l’appel dont c’est le corps.',
      'a schema describes one body: write it into the call whose body it is.',
    ]);
  const raws = rawCalls(input);
  const seen = new Set<string>();
  for (const { name, path } of raws) {
    if (seen.has(name))
      report.error([...path, 'name'], 'MAP-651', [
        `deux appels s’appellent « ${name} ».`,
        `two calls are named "${name}".`,
      ]);
    seen.add(name);
  }
  reportUndos(raws, input);
  const places = distribute(raws, action === 'erase' ? undefined : consent, report);
  const calls = raws.flatMap((raw, index) => compileCall(raw, input, places[index] ?? nothing) ?? []);
  if (calls.length > 0 && calls.length === raws.length && action !== 'erase' && consent !== undefined)
    checkConsentCarried(raws, calls, consent, action, report);
  const [first] = calls;
  if (action === 'erase' && first !== undefined && !calls.some(({ isNamed }) => isNamed))
    reportNameless(first.plan.settings, [action], report);
  return calls;
}

const nothing: ConsentPlaces = { placeable: [], atEnd: [], gates: [], noted: [] };

function compileCall(rawCall: RawCall, input: CallsInput, place: ConsentPlaces): CompiledCall | undefined {
  const call = compileRequest(rawCall, input, place);
  const undo = undoOf(rawCall, place.gates.length > 0, input);
  return call === undefined ? undefined : withUndo(call, undo);
}

/** Compiles one request: a call or its undo. */
function compileRequest(rawCall: RawCall, input: CallsInput, place: ConsentPlaces): CompiledCall | undefined {
  const { raw, path, name } = rawCall;
  const { mapping, action, client, report, known } = input;
  const send = sendOf(rawCall, input);
  const { settings } = send;
  const scope: Scope = { ...input.scope, captures: { known, read: new Set() } };
  const layout = ownLayout(raw, path, input);
  const when = compileWhen(raw, path, scope);
  const { gates } = place;
  const record = recordOf(rawCall, inLayout(scope, layout), place, when.categories);
  const schema = input.schemas(raw, path, layout, record.targets);
  const captures = compileCaptures(raw['capture'], name, [...path, 'capture'], report);
  const conditional = Object.hasOwn(raw, 'when') || gates.length > 0;
  const question = compileQuestion(settings?.plan.settings, send.at, { ...input, scope, layout });
  const fromUrls = urlCaptures(raw, { path, own: send.own, base: send.base }, input);
  for (const id of captures?.names ?? [])
    known.set(id, { conditional, isRead: methodOf(settings?.plan.settings) === 'GET' });
  const hasLookup = Object.hasOwn(send.own, 'lookup');
  const judge = withCaptures(
    compileResponse(mapping['response'], {
      report,
      hasLookup,
      now: input.now,
      proves: true,
      actions: [action],
      faults: { leads: layout.faults, questions: question.faults },
      own: { raw: raw['response'], path: [...path, 'response'] },
    }),
    captures,
  );
  if (settings === undefined) return undefined;
  const isNamed = namedBy(rawCall, { settings: settings.plan.settings, record }, input);
  const readsOnly = { columns: record.columns, captures: captures?.names ?? [] };
  reportReading(settings.plan.settings, readsOnly, send.at(['method']), report);
  const read = [...(scope.captures?.read ?? [])];
  const sure = read.filter((id) => known.get(id)?.conditional !== true);
  const { consent } = input;
  const reads = [...read, ...fromUrls.filter((id) => id !== 'reference')];
  const plan: CallPlan = {
    name,
    hasLookup,
    settings: settings.plan.settings,
    onUnknown: onUnknownOf(raw, { ...send.base, ...send.own }, input, path),
    captures: captures?.names ?? [],
    needs: [...new Set([...fromUrls, ...sure])],
    rereads: rereadsOf(settings.plan.settings, reads, input),
    applies: (lead, situation) =>
      when.test({ lead, situation, client: client ?? { id: '', name: '' } }) &&
      (gates.length === 0 || consent === undefined || gates.some((gate) => gate(lead, situation))) &&
      saysSomething(record, consent, lead, situation),
  };
  const { targets } = settings.plan;
  const secretNames = [...settings.secretNames, ...record.secrets, ...question.secrets];
  return { plan, reads, record, layout, schema, targets, secretNames, judge, question, isNamed };
}

/** True when a request names the lead; reports an undo that does not, and a call of an erasure that writes nothing. */
function namedBy(
  { raw, path, name }: RawCall,
  written: Pick<CompiledCall, 'record'> & { readonly settings: unknown },
  { action, connector, report }: CallsInput,
): boolean {
  const erasing = { ...written, lines: listAt(raw, 'fields') };
  const isNamed = namesLead(erasing, connector);
  if (action === 'erase' && !isUndo(name)) reportGone(erasing, report);
  if (isUndo(name) && !isNamed) reportNamelessUndo([...path, 'name'], report);
  else if (action === 'erase' && !saysAnything(erasing))
    reportNameless(written.settings, [...path, 'name'], report);
  return isNamed;
}

function withUndo(call: CompiledCall, undo: CompiledCall | undefined): CompiledCall {
  if (undo === undefined) return call;
  return {
    ...call,
    plan: { ...call.plan, undo: undo.plan },
    targets: [...call.targets, ...undo.targets],
    secretNames: [...call.secretNames, ...undo.secretNames],
    undo,
  };
}

/** The undo of a call: it uses the ids of the call and writes no opt-in, like an erase. */
function undoOf({ raw, path, name }: RawCall, isGated: boolean, input: CallsInput): CompiledCall | undefined {
  const undo = raw['undo'];
  if (!isRecord(undo) || input.action !== 'create') return undefined;
  if (isGated) reportGatedUndo(name, path, input.report);
  const ofErase: CallsInput = { ...input, action: 'erase', consent: undefined };
  return compileRequest({ raw: undo, path: [...path, 'undo'], name: undoName(name) }, ofErase, nothing);
}

/** The `send` of a call: its own keys over those that all calls have in common. */
function sendOf({ raw, path }: RawCall, { mapping, action, connector, client, report }: CallsInput) {
  const own = blockAt(raw, 'send');
  const { lookup: _lookup, ...base } = blockAt(mapping, 'send');
  const { overlaid = [] } = connector;
  const at = (inner: Path): Path =>
    holdsOwn(own, inner, overlaid) ? [...path, 'send', ...inner] : ['send', ...inner];
  const settings = checkSettings(overlay([base, own], overlaid), at, connector, client, report);
  if (action !== 'create' && Object.hasOwn(own, 'lookup'))
    report.atKey.error([...path, 'send', 'lookup'], 'MAP-657', [
      `les appels de ${action} ne sont pas interrogés.`,
      `the calls of ${action} are not looked up.`,
    ]);
  return { own, base, settings, at };
}

function recordOf(
  { raw, path }: RawCall,
  scope: Scope,
  { placeable, atEnd, noted }: ConsentPlaces,
  categories: RecordPlan['categories'],
): RecordPlan {
  const lines = compileLines(listAt(raw, 'fields'), [...path, 'fields'], scope, {
    whole: false,
    placeable,
    atEnd,
  });
  const parts = [...lines.parts, ...noted.map((consent) => ({ consent }))];
  return {
    ...lines,
    parts,
    quietable: quietableLines(parts),
    categories: new Set([...lines.categories, ...categories]),
  };
}

// Checks the `undo` of calls, and reports one that could delete a record that is not ours.
// Invariant: an undo exists only where a later call can be refused, and never undoes an opt-in by itself.

/** Reports undos that could never be sent, or might delete a record that existed before. */
function reportUndos(raws: readonly RawCall[], { action, mapping, report }: CallsInput): void {
  for (const [index, { raw, path, name }] of raws.entries()) {
    if (!Object.hasOwn(raw, 'undo')) continue;
    const at: Path = [...path, 'undo'];
    if (action !== 'create')
      report.atKey.error(at, 'MAP-674', [
        `seul ce que la création a fait peut être retiré : ${action} ne connaît pas l’état d’avant.`,
        `only what the create made can be taken back: ${action} knows no earlier state.`,
      ]);
    else if (index === raws.length - 1)
      report.atKey.error(at, 'MAP-674', [
        `« ${name} » est le dernier appel : aucun après lui ne peut être refusé.`,
        `"${name}" is the last call: none after it can be refused.`,
      ]);
    if (name.length > longestUndoable)
      report.error([...path, 'name'], 'MAP-674', [
        `un appel avec un undo a un nom de ${longestUndoable} caractères au plus.`,
        `a call with an undo has a name of ${longestUndoable} signs at most.`,
      ]);
    const method = textAt(blockAt(raw, 'send'), 'method') ?? textAt(blockAt(mapping, 'send'), 'method');
    if (action === 'create' && (method === 'PUT' || method === 'PATCH'))
      report.atKey.warn(at, 'MAP-675', [
        `« ${name} » est un ${method}, qui peut modifier une fiche déjà là : son undo supprimerait celle-là. Ne retirez que ce que cet appel seul a pu faire.`,
        `"${name}" is a ${method}, which may change a record that was there before: its undo would delete that one. Undo only what this call alone can have made.`,
      ]);
  }
}

/** A refusal that was put on a list remains there, whatever happens to the lead. */
function reportGatedUndo(name: string, path: Path, report: Report): void {
  report.atKey.error([...path, 'undo'], 'MAP-674', [
    `l’opt-in commande « ${name} » : ce que la personne a répondu ne se retire pas.`,
    `the opt-in sends "${name}": what the person answered is not taken back.`,
  ]);
}

// Reports calls by GET that would lose data: a GET has no body and only reads an id for a later call.
// Invariant: a GET alone never counts as the delivery of a lead, and no value or opt-in is lost in its missing body.

/** @param call undefined for the one request of an action */
export function reportReading(
  settings: unknown,
  call: { readonly columns: readonly string[]; readonly captures: readonly string[] } | undefined,
  path: Path,
  report: Report,
): void {
  if (textAt(settings, 'method') !== 'GET') return;
  if (call === undefined)
    report.error(path, 'MAP-658', [
      'un GET ne transmet rien : seul l’un de plusieurs appels peut en être un.',
      'GET tells the recipient nothing: only one of several calls may be one.',
    ]);
  else if (call.columns.length > 0)
    report.error(path, 'MAP-658', [
      'un appel par GET n’a pas de corps : ses champs et opt-in vont dans un autre appel.',
      'a call by GET has no body: its fields and opt-ins belong to another call.',
    ]);
  else if (call.captures.length === 0)
    report.error(path, 'MAP-658', [
      'un appel par GET sert à un identifiant dont un appel suivant a besoin : prenez-le avec capture.',
      'a call by GET is there for an id that a later call needs: capture it.',
    ]);
}
