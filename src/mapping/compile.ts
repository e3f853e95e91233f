// Puts the compiled parts of one mapping together: for each action, what a lead becomes.
// Invariant: everything that can be decided is decided here; `apply` only reads the lead and follows closures.
import type { Action } from '../../connectors/contract.ts';
import type { ClientFacts } from '../domain/destination.ts';
import { createApply, planKey } from './apply.ts';
import { compileCalls, hasCalls } from './calls/calls.ts';
import type { CompiledCall } from './calls/calls.ts';
import { capturesIn } from './calls/captures.ts';
import { xmlScope } from './formats/check-xml.ts';
import { checkGates } from './calls/consent-by-call.ts';
import type { SchemaCheck, Schemas } from './formats/client-schema.ts';
import { compileAccepts } from './fields/conditions.ts';
import { compileConsent } from './consent/block.ts';
import type { ActionPlan, CallName, CompiledMapping, ConnectorFacts } from './contract.ts';
import { blockAt, isRecord, listAt, textAt } from './document/yaml.ts';
import { reportNameless } from './transport/erase-names-lead.ts';
import { readLayout } from './formats/layout.ts';
import type { Layout } from './formats/layout.ts';
import type { Report } from './document/problems.ts';
import { compileRecord, type RecordPlan } from './record.ts';
import { compileResponse, judgeBeside, judgeNow } from './response/rules.ts';
import type { Judge } from './response/rules.ts';
import { inWords } from './tools/rule-words.ts';
import { compileTiming } from './transport/timing.ts';
import { compileSandbox } from './transport/sandbox.ts';
import { emptyPolicy } from './scope.ts';
import type { Scope } from './scope.ts';
import { compileSettings, reportClearText } from './transport/settings.ts';
import { compileTitle } from './fields/title.ts';
import type { Entry } from './fields/values.ts';

export interface CompileInput {
  readonly mapping: Record<string, unknown>;
  readonly report: Report;
  readonly connector: ConnectorFacts | undefined;
  readonly client: ClientFacts | undefined;
  readonly clientId: string;
  readonly schemas: Schemas;
  readonly now: () => number;
}

const actionNames = ['create', 'update', 'erase'] as const;

/** Compiles a mapping; problems go to the report, and nothing is given when a part is missing. */
export function compileMapping(input: CompileInput): CompiledMapping | undefined {
  const { mapping, report, connector, client, clientId, now, schemas } = input;
  const layout = readLayout(mapping, connector, report);
  const scope = scopeOf(input, layout);
  const accepts = compileAccepts(mapping['accepts'], scope);
  const title = compileTitle(mapping['title'], scope);
  const consent = compileConsent(mapping['consent'], scope);
  const plans = new Map<string, PlannedCall>();
  const actions = new Map<Action, ActionPlan>();
  const secretNames = new Set<string>();
  const several = hasCalls(mapping);
  checkGates(mapping, consent, several, report);
  const known = new Map<string, { readonly conditional: boolean }>();
  let main: SchemaCheck | undefined;
  for (const action of actionNames) {
    if (action !== 'create' && !Object.hasOwn(mapping, action)) continue;
    if (connector !== undefined && !connector.actions.includes(action)) {
      report.error([action], 'MAP-407', `connector ${connector.type} has no ${action}.`, { at: 'key' });
      continue;
    }
    if (connector !== undefined && (several || Object.hasOwn(blockAt(mapping, action), 'calls'))) {
      const calls = compileCalls({
        ...{ mapping, action, scope, layout, consent, connector, client, report, now, known, schemas },
      });
      for (const call of calls) {
        plans.set(planKey(action, call.plan.name), call);
        for (const name of call.secretNames) secretNames.add(name);
      }
      const plan = actionOf(calls);
      if (plan !== undefined) actions.set(action, plan);
      continue;
    }
    const settings =
      connector === undefined ? undefined : compileSettings(mapping, action, connector, client, report);
    const record = compileRecord(mapping, action, scope, consent);
    const own = action === 'update' ? blockAt(mapping, 'update') : {};
    const schema = Object.hasOwn(own, 'schema')
      ? schemas(own, ['update'], layout, record.targets)
      : action === 'create' || record.whole
        ? (main ??= schemas(mapping, [], layout, record.targets))
        : undefined;
    if (settings === undefined) continue;
    if (action === 'erase') reportNameless(settings.plan.settings, record.columns, [action], report);
    reportCaptures(settings.plan.settings, action, mapping, report);
    plans.set(planKey(action), { record, layout, schema });
    actions.set(action, settings.plan);
    for (const name of settings.secretNames) secretNames.add(name);
  }
  const sandbox = compileSandbox({ mapping, connector, client, report, actions });
  const files = connector?.settingsKey === 'file';
  const timing = compileTiming(mapping, report, files);
  const create = actions.get('create');
  const base = create?.settings;
  const hasLookup =
    create?.calls?.some((call) => call.hasLookup) ??
    (isRecord(base) && (Object.hasOwn(base, 'lookup') || Object.hasOwn(base, 'ack')));
  if (mapping['onUnknown'] === 'lookup' && connector !== undefined && base !== undefined && !hasLookup) {
    report.error(['onUnknown'], 'MAP-506', 'onUnknown: lookup needs send.lookup.');
  }
  // Without a known connector the file is checked as the webhook it most likely is.
  const proves =
    connector === undefined
      ? Object.hasOwn(mapping, 'send')
      : connector.settingsKey === 'send' && !connector.fireAndForget;
  if (connector === undefined) {
    for (const key of ['send', 'file']) reportClearText(mapping[key], (path) => [key, ...path], report);
  }
  const judge = several ? unread : compileResponse(mapping['response'], { report, proves, hasLookup, now });
  if (connector === undefined || client === undefined || consent === undefined || create === undefined)
    return undefined;
  const all = [...plans.values()];
  const planOf = (action: Action, call = actions.get(action)?.calls?.[0]?.name): PlannedCall | undefined =>
    plans.get(planKey(action, call));
  const judgeOf = (call: CallName | undefined): Judge =>
    (call === undefined ? undefined : planOf(call.action, call.name)?.judge) ?? judge;
  const file = blockAt(mapping, 'file');
  const cron = textAt(file['schedule'], 'cron');
  return {
    clientId,
    clientName: client.name,
    destinationId: textAt(mapping, 'destination') ?? '',
    connector: connector.type,
    client,
    actions: Object.fromEntries(actions),
    ...(sandbox === undefined ? {} : { sandbox }),
    targets: [...new Set([...actions.values()].flatMap((plan) => plan.targets))],
    secretAddress: [...actions.values()].some(hidesAddress),
    secretNames: [...secretNames],
    categories: [...new Set(all.flatMap((plan) => [...plan.record.categories]))],
    accepts,
    ...timing,
    updateOn: updateOn(mapping),
    hasLookup,
    ...(files && cron !== undefined
      ? {
          schedule: {
            cron,
            timezone: textAt(file['schedule'], 'timezone') ?? 'Europe/Paris',
          },
        }
      : {}),
    maxItems: connector.maxItems,
    apply: createApply({ planOf, consent, client, connector, title }),
    reads: (action, call) => readsOf(planOf(action, call)?.record),
    write: (records, action, batch, call) => {
      const plan = planOf(action, call);
      const columns = plan?.record.columns ?? [];
      // An erase with nothing in it has no body, nor has a call: most recipients refuse a DELETE that has one.
      if (!files && columns.length === 0 && (action === 'erase' || plan?.judge !== undefined))
        return { bytes: new Uint8Array(0), mediaType: 'application/json', extension: 'json' };
      return (plan?.layout ?? layout).write(
        columns,
        records.map((record) => record.values as readonly Entry[]),
        batch,
      );
    },
    classify: (answer, stage, call) => judgeNow(judgeOf(call), answer, stage),
    classifyBeside: (answer, stage, call) => judgeBeside(judgeOf(call), answer, stage),
    inWords: inWords(mapping),
    consentTable: consent.table,
  };
}

const readsOf = (record: RecordPlan | undefined): ReadonlyMap<string, readonly string[]> =>
  new Map(
    record?.columns.map((name) => [
      name,
      record.fields.filter((field) => field.target.text === name).map((field) => field.source),
    ]),
  );

type PlannedCall = Pick<CompiledCall, 'record' | 'layout' | 'schema'> &
  Partial<Pick<CompiledCall, 'plan' | 'judge'>>;

/** An address that only its secret knows names no target here. */
const hidesAddress = ({ settings, calls }: ActionPlan): boolean =>
  (calls?.map((call) => call.settings) ?? [settings]).some((callSettings) =>
    textAt(callSettings, 'url')?.startsWith('secret:'),
  );

/** Read by a call's own rules; what belongs to none is not understood. */
const unread: Judge = ({ answer }) => ({ kind: 'unknown', reason: `UNMATCHED_${answer.status}` });

function actionOf(calls: readonly CompiledCall[]): ActionPlan | undefined {
  const [first] = calls;
  if (first === undefined) return undefined;
  return {
    settings: first.plan.settings,
    targets: [...new Set(calls.flatMap((call) => call.targets))],
    calls: calls.map((call) => call.plan),
  };
}

/** Without calls there is no id to put into an address. */
function reportCaptures(
  settings: unknown,
  action: Action,
  mapping: Record<string, unknown>,
  report: Report,
): void {
  const [id] = capturesIn(textAt(settings, 'url'));
  if (id === undefined) return;
  const own = Object.hasOwn(blockAt(blockAt(mapping, action), 'send'), 'url');
  report.error(
    own ? [action, 'send', 'url'] : ['send', 'url'],
    'MAP-652',
    `no earlier call captures {${id}}: the create has no calls.`,
  );
}

function updateOn(mapping: Record<string, unknown>): CompiledMapping['updateOn'] {
  const update = blockAt(mapping, 'update');
  if (!Object.hasOwn(update, 'on')) return ['corrected'];
  return (['corrected', 'interaction'] as const).filter((kind) => listAt(update, 'on').includes(kind));
}

function scopeOf({ mapping, report, connector, client }: CompileInput, layout: Layout): Scope {
  const { csv, xml, format } = layout;
  return {
    report,
    format,
    sheet: connector?.sheet === true,
    files: connector?.settingsKey === 'file',
    formulaGuard: csv?.dialect.formulaGuard === true,
    maps: blockAt(mapping, 'maps'),
    empty: emptyPolicy(mapping['empty'], 'omit'),
    ...(xml === undefined ? {} : { xml: xmlScope(xml) }),
    ...(client === undefined ? {} : { contract: client.categories }),
    ...(csv === undefined ? {} : { csv }),
  };
}
