// Compiles a checked file into a mapping: for each action, the functions that write a lead and read an answer.
// Invariant: everything that does not depend on the lead is decided here; `apply` only reads the lead and calls the compiled functions.
import type { Action } from '../../connectors/contract.ts';
import { entitiesOf } from '../domain/consent.ts';
import { actionNames, compileActions, type CompiledActions, type PlannedCall } from './actions.ts';
import { createApply, planKey, safeTitle, type ApplyParts } from './apply.ts';
import { hasCalls } from './calls/calls.ts';
import { xmlScope } from './formats/check-layout.ts';
import { compileConsents, tablesOf } from './calls/consents.ts';
import { compileCallback } from './calls/callback.ts';
import { compileReadBack, withReadBack } from './calls/read-back.ts';
import type { Schemas } from './formats/client-schema.ts';
import { compileAccepts } from './fields/conditions.ts';
import { onUpdateOf, reportOnUpdate, tellsOf, type UpdateRequest } from './calls/on-update.ts';
import type { ActionPlan, CallName, CompiledMapping, ConnectorFacts } from './contract.ts';
import { blockAt, isRecord, textAt } from './document/yaml.ts';
import { hearsLines, scheduleOf, writingFiles } from './files.ts';
import { charsetOf } from './formats/encoding.ts';
import { readLayout, type Layout } from './formats/layout.ts';
import type { Report } from './document/problems.ts';
import type { RecordPlan } from './record.ts';
import {
  compileResponse,
  judgeBeside,
  judgeNow,
  reportUnread,
  unread,
  type Judge,
} from './response/rules.ts';
import type { FaultsOf } from './response/faults.ts';
import { inWords } from './tools/rule-words.ts';
import { compileTiming, wayOf, bySettings, noFinancialIn } from './transport/timing.ts';
import { compileSandbox } from './transport/sandbox.ts';
import { emptyPolicy, impersonalIn, reportContents, type Compiling, type Scope } from './scope.ts';
import { reportClearText } from './transport/settings.ts';
import { bodyWith, type Entry } from './fields/values.ts';
import type { DataCategory } from '../domain/lead.ts';
import { compileTemplate } from './fields/template.ts';

export interface CompileInput extends Compiling {
  /** Every known connector, for the checks of a file that names none of them. */
  readonly connectors: readonly ConnectorFacts[];
  readonly clientId: string;
  readonly schemas: Schemas;
  readonly now: () => number;
}

/** Compiles a mapping. Problems are added to the report; undefined when a part is missing. */
export function compileMapping(input: CompileInput): CompiledMapping | undefined {
  const { mapping, report, connector, client } = input;
  const layout = readLayout(mapping, connector, report);
  const scope = scopeOf(input, layout);
  const accepts = Object.hasOwn(mapping, 'accepts')
    ? compileAccepts(mapping['accepts'], scope)
    : acceptsEvery;
  const title = compileTitle(mapping['title'], scope);
  const consents = compileConsents(mapping, scope);
  const { create: consent, update: changed } = consents;
  const compiled = compileActions({ ...input, scope, layout, consents });
  const { actions } = compiled;
  const sandbox = compileSandbox({ ...input, actions });
  const timing = compileTiming(mapping, report, wayOf(connector));
  const create = actions.get('create');
  const hasLookup = looksUp(create, connector);
  const asks = mapping['onUnknown'] === 'lookup';
  if (asks && !hasLookup && connector !== undefined && create?.settings !== undefined)
    report.error(['onUnknown'], 'MAP-506', [
      'onUnknown: lookup a besoin de send.lookup.',
      'onUnknown: lookup needs send.lookup.',
    ]);
  const judge = defaultJudge(input, hasLookup, compiled, layout);
  reportContents(actions, connector, scope);
  reportOnUpdate(mapping, updateRequests(compiled), scope);
  reportSignedBytes(compiled, connector, report);
  const readBack = compileReadBack({ ...input, consents, create });
  if (connector === undefined || client === undefined || create === undefined) return undefined;
  if (consent === undefined || changed === undefined) return undefined;
  const sent = { actions: Object.fromEntries(actions), connector, client };
  const written = { consents: { create: consent, update: changed } };
  const { facts, inParts } = bySettings(sent, timing.retry, mapping, report);
  return {
    clientId: input.clientId,
    clientName: client.name,
    destinationId: textAt(mapping, 'destination') ?? '',
    connector: connector.type,
    connectorFacts: connector,
    client,
    sandbox,
    ...withReadBack(compiled.secretNames, readBack, compileCallback({ ...input, hasLookup })),
    categories: [...new Set([...compiled.plans.values()].flatMap((plan) => [...plan.record.categories]))],
    blocks: scope.blocks,
    accepts,
    ...timing,
    ...facts,
    ...onUpdateOf(mapping, scope),
    hasLookup,
    ...(connector.settingsKey === 'file' ? scheduleOf(mapping, report, layout) : {}),
    ...functionsOf(compiled, { ...sent, ...written, layout, title, judge, scope }),
    ...writingFiles(mapping, compiled, layout, { settingsKey: connector.settingsKey, inParts, report }),
    inWords: inWords(mapping),
    ...tablesOf(consent, changed),
  };
}

const acceptsEvery: CompiledMapping['accepts'] = () => ({ yes: true });

function functionsOf(
  { actions, plans }: CompiledActions,
  parts: Omit<ApplyParts, 'planOf' | 'impersonal'> & {
    readonly layout: Layout;
    readonly judge: Judge;
    readonly scope: Scope;
  },
): Pick<CompiledMapping, 'apply' | 'tells' | 'reads' | 'write' | 'question' | 'classify' | 'classifyBeside'> {
  const { layout, judge, consents, client, connector, title, scope } = parts;
  const { impersonal } = scope;
  const files = connector.settingsKey === 'file';
  const planOf = (action: Action, call = actions.get(action)?.calls?.[0]?.name): PlannedCall | undefined =>
    plans.get(planKey(action, call));
  const judgeOf = (call: CallName | undefined): Judge =>
    (call === undefined ? undefined : planOf(call.action, call.name)?.judge) ?? judge;
  return {
    apply: createApply({ planOf, consents, client, connector, title, impersonal }),
    tells: (action, call) => tellsOf(planOf(action, call)?.record, call),
    reads: (action, call) => readsOf(planOf(action, call)?.record),
    write: (records, action, batch, call) => {
      const plan = planOf(action, call);
      const columns = plan?.record.columns ?? [];
      const own = plan?.layout ?? layout;
      // An erase with nothing in it has no body, nor has a call: most recipients refuse a DELETE that has one. The call of
      // a procedure always has one: it names the procedure.
      if (
        !files &&
        own.faults === undefined &&
        columns.length === 0 &&
        (action === 'erase' || plan?.judge !== undefined)
      )
        return { bytes: new Uint8Array(0), mediaType: 'application/json', extension: 'json' };
      const entries: (readonly Entry[])[] = [];
      for (const { values } of records) entries.push(values as readonly Entry[]);
      const key = records[0]?.key ?? '';
      const secrets = plan?.record.secrets ?? [];
      if (secrets.length === 0) return own.write(columns, entries, batch, key);
      return bodyWith(secrets, entries, (written) => own.write(columns, written, batch, key));
    },
    question: (asked, call) => planOf(asked.action, call)?.question.write(asked),
    classify: (answer, stage, call) => judgeNow(judgeOf(call), answer, stage),
    classifyBeside: (answer, stage, call) => judgeBeside(judgeOf(call), answer, stage),
  };
}

const updateRequests = ({ actions, plans }: CompiledActions): readonly UpdateRequest[] =>
  [...plans].flatMap(([key, { record, plan }]) =>
    key.startsWith('update:') ? [{ record, settings: (plan ?? actions.get('update'))?.settings }] : [],
  );

/** The published libraries of Standard Webhooks verify text: they take no body that is not UTF-8. */
function reportSignedBytes(
  { actions, plans }: CompiledActions,
  connector: ConnectorFacts | undefined,
  report: Report,
): void {
  for (const [key, { layout, plan }] of plans) {
    const settings = (plan ?? actions.get(key.split(':')[0] as Action))?.settings;
    const encoding = layout.csv?.dialect.encoding ?? layout.xml?.encoding ?? 'utf-8';
    if (settings === undefined || connector?.signingSecret?.(settings) === undefined) continue;
    if (charsetOf(encoding) === 'utf-8') continue;
    report.warn([layout.format, 'encoding'], 'MAP-416', [
      `signature: standard sur un corps en ${encoding} : les bibliothèques publiées ne vérifient que de l’UTF-8. Écrivez en utf-8, ou signez par hmac.`,
      `signature: standard over a body in ${encoding}: the published libraries verify UTF-8 only. Write utf-8, or sign with hmac.`,
    ]);
    return;
  }
}

/** The rules for an answer that belongs to no call of a list. */
function defaultJudge(
  input: CompileInput,
  looksUp: boolean,
  compiled: CompiledActions,
  layout: Layout,
): Judge {
  const { mapping, report, connector, now } = input;
  const hasLookup = looksUp && !hearsLines(compiled, connector, report);
  const faults = faultsOf(compiled, layout);
  if (connector === undefined) reportSecrets(input);
  if (hasCalls(mapping)) return unread;
  // Without a known connector the file is checked as the webhook it most likely is.
  const proves = connector === undefined ? Object.hasOwn(mapping, 'send') : connector.answers === 'rules';
  if (connector !== undefined && !proves && !hasLookup) {
    reportUnread(mapping, connector, report);
    return unread;
  }
  const holds = mapping['onUnknown'] === 'hold';
  // Each call of an action has its own rules.
  const actions = actionNames.filter((action) => {
    const plan = compiled.actions.get(action);
    return action === 'create' || (plan !== undefined && plan.calls === undefined);
  });
  return compileResponse(mapping['response'], { report, proves, hasLookup, actions, holds, now, faults });
}

const faultsOf = ({ plans }: CompiledActions, { faults: leads }: Layout): FaultsOf => ({
  leads,
  questions: plans.get(planKey('create'))?.question.faults ?? leads,
});

/** True when the recipient can be asked about a lead: by a look-up request, or by the answer to a file. */
function looksUp(create: ActionPlan | undefined, connector: ConnectorFacts | undefined): boolean {
  const settings = create?.settings;
  const key = connector?.lookupKey;
  return (
    create?.calls?.some((call) => call.hasLookup) ??
    (key !== undefined && isRecord(settings) && Object.hasOwn(settings, key))
  );
}

const readsOf = (record: RecordPlan | undefined): ReadonlyMap<string, readonly string[]> =>
  new Map(
    record?.columns.map((name) => [
      name,
      record.fields.filter((field) => field.target.text === name).map((field) => field.source),
    ]),
  );

/** Reports a secret in clear, whatever the connector. */
function reportSecrets({ mapping, connectors, report }: CompileInput): void {
  for (const key of ['send', 'file'] as const) {
    const schemas = connectors
      .filter((known) => known.settingsKey === key)
      .map((known) => known.settingsSchema);
    reportClearText(mapping[key], (path) => [key, ...path], report, schemas);
  }
}

function scopeOf({ mapping, report, connector, client }: CompileInput, layout: Layout): Scope {
  const { csv, xml, header, rpc, noNull, format } = layout;
  const noFinancial = noFinancialIn(mapping, connector);
  return {
    report,
    format,
    sheet: connector?.sheet === true,
    impersonal: impersonalIn(connector, blockAt(mapping, connector?.settingsKey ?? 'send')),
    noFinancial,
    // Without a known connector the file is checked as the webhook it most likely is.
    bodySecrets: connector === undefined || connector.bodySecrets === true,
    files: connector?.settingsKey === 'file',
    formulaGuard: csv?.dialect.formulaGuard === true,
    maps: blockAt(mapping, 'maps'),
    empty: emptyPolicy(mapping['empty'], 'omit'),
    blocks: new Set(),
    entities: entitiesOf(client, textAt(mapping, 'destination')),
    xml: xml && xmlScope(xml, header),
    rpc,
    noNull,
    contract: client?.categories,
    csv,
  };
}

/**
 * Compiles the title of a mail, its subject, which may hold nothing of a person. One line without personal data,
 * whatever the template says. Compiles `title:`; without one a mail names the programme.
 */
function compileTitle(raw: unknown, scope: Scope): ApplyParts['title'] {
  if (typeof raw !== 'string') {
    if (!scope.sheet) return undefined;
    scope.blocks.add('project');
    return ({ lead }) =>
      lead.project.programme === undefined ? undefined : safeTitle(`Programme ${lead.project.programme}`);
  }
  const template = compileTemplate(raw, ['title'], {
    scope,
    categories: new Set<DataCategory>(),
    mode: 'sheet',
  });
  if (template?.person === true) {
    scope.report.error(['title'], 'MAP-214', [
      'le titre va dans l’objet d’un e-mail : il ne peut contenir aucune donnée de la personne.',
      "the title is put into a mail subject: it may not hold a person's data.",
    ]);
  }
  return (context) => {
    const text = template?.write(context);
    return text === undefined ? undefined : safeTitle(text);
  };
}
