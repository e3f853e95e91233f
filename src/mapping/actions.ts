// Compiles the request, or the several calls, of each action of a destination.
// Invariant: an action is compiled where the file has it and the connector supports it; anything else is reported.
import type { Action } from '../../connectors/contract.ts';
import { planKey } from './apply.ts';
import { compileCalls, hasCalls, reportReading, type CompiledCall } from './calls/calls.ts';
import { capturesIn, type CallsInput } from './calls/parts.ts';
import type { Consents } from './calls/consents.ts';
import { compileQuestion } from './calls/question.ts';
import type { CompiledConsent } from './consent/block.ts';
import type { ActionPlan, ConnectorFacts } from './contract.ts';
import type { Report } from './document/problems.ts';
import { blockAt, listAt, textAt } from './document/yaml.ts';
import type { SchemaCheck } from './formats/client-schema.ts';
import { type Layout, inLayout, ownLayout } from './formats/layout.ts';
import { compileRecord, type RecordPlan } from './record.ts';
import { namesLead, needsReference, reportGone, reportNameless } from './transport/erase-names-lead.ts';
import { compileSettings, placesOf } from './transport/settings.ts';

export const actionNames = ['create', 'update', 'erase'] as const;

export type PlannedCall = Pick<CompiledCall, 'record' | 'layout' | 'schema' | 'question'> &
  Partial<Pick<CompiledCall, 'plan' | 'judge'>> & {
    /** Ids without which the request is not sent; only where the action has no list of calls. */
    readonly needs?: readonly string[];
  };

export interface CompiledActions {
  readonly actions: ReadonlyMap<Action, ActionPlan>;
  /** Keyed by `planKey`. */
  readonly plans: ReadonlyMap<string, PlannedCall>;
  readonly secretNames: ReadonlySet<string>;
}

const consentOf = (action: Action, { create, update }: Consents): CompiledConsent | undefined =>
  action === 'update' ? update : create;

type ActionsInput = Omit<CallsInput, 'action' | 'known' | 'connector' | 'consent'> & {
  readonly consents: Consents;
  readonly connector: ConnectorFacts | undefined;
};

export function compileActions(input: ActionsInput): CompiledActions {
  const { mapping, report, connector } = input;
  const actions = new Map<Action, ActionPlan>();
  const plans = new Map<string, PlannedCall>();
  const secretNames = new Set<string>();
  const known: CallsInput['known'] = new Map();
  const compileSingle = singleRequests(input);
  for (const action of actionNames) {
    if (action !== 'create' && !Object.hasOwn(mapping, action)) continue;
    if (connector !== undefined && !connector.actions.includes(action)) {
      report.atKey.error([action], 'MAP-407', [
        `le connecteur ${connector.type} n’a pas ${action}.`,
        `connector ${connector.type} has no ${action}.`,
      ]);
      continue;
    }
    if (connector !== undefined && (hasCalls(mapping) || Object.hasOwn(blockAt(mapping, action), 'calls'))) {
      const consent = consentOf(action, input.consents);
      const calls = compileCalls({ ...input, action, consent, connector, known });
      for (const call of calls) {
        plans.set(planKey(action, call.plan.name), call);
        if (call.undo !== undefined) plans.set(planKey(action, call.undo.plan.name), call.undo);
        for (const name of call.secretNames) secretNames.add(name);
      }
      const plan = actionOf(calls);
      if (plan !== undefined) actions.set(action, plan);
      continue;
    }
    const single = compileSingle(action);
    if (single === undefined) continue;
    plans.set(planKey(action), single.planned);
    actions.set(action, single.plan);
    for (const name of single.secretNames) secretNames.add(name);
  }
  return { actions, plans, secretNames };
}

interface SingleRequest {
  readonly planned: PlannedCall;
  readonly plan: ActionPlan;
  readonly secretNames: readonly string[];
}

/** Compiles actions of one request each; they share the schema of the file. */
function singleRequests(input: ActionsInput): (action: Action) => SingleRequest | undefined {
  const { mapping, report, connector, client, scope, layout, consents, schemas } = input;
  const sharesConsent = consents.update === consents.create;
  let ofFile: SchemaCheck | undefined;
  const schemaOf = (action: Action, record: RecordPlan, written: Layout): SchemaCheck | undefined => {
    const own = action === 'update' ? blockAt(mapping, 'update') : {};
    if (Object.hasOwn(own, 'schema')) return schemas(own, ['update'], written, record.targets);
    if (action !== 'create' && !record.whole) return undefined;
    // Its own consent block has other targets, and the schema must accept those too.
    if (action === 'update' && !sharesConsent) return schemas(mapping, [], layout, record.targets);
    return (ofFile ??= schemas(mapping, [], layout, record.targets));
  };
  return (action) => {
    const settings =
      connector === undefined ? undefined : compileSettings(mapping, action, connector, client, report);
    const own = action === 'create' ? layout : ownLayout(blockAt(mapping, action), [action], input);
    const record = compileRecord(mapping, action, inLayout(scope, own), consentOf(action, consents), {
      sharesConsent: action !== 'update' || sharesConsent,
    });
    const schema = schemaOf(action, record, own);
    if (settings === undefined || connector === undefined) return undefined;
    const at = placesOf(mapping, action, connector);
    const question = compileQuestion(settings.plan.settings, at, { ...input, connector });
    const erasing = {
      settings: settings.plan.settings,
      record,
      lines: listAt(blockAt(mapping, action), 'fields'),
    };
    if (action === 'erase') reportGone(erasing, report);
    if (action === 'erase' && !namesLead(erasing, connector))
      reportNameless(settings.plan.settings, [action], report);
    reportCaptures(settings.plan.settings, action, mapping, report);
    reportReading(settings.plan.settings, undefined, at(['method']), report);
    const needs = action === 'erase' && needsReference(erasing, connector) ? ['reference'] : [];
    const planned = { record, layout: own, schema, question, needs };
    const secretNames = [...settings.secretNames, ...record.secrets, ...question.secrets];
    return { planned, plan: settings.plan, secretNames };
  };
}

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
  report.error(own ? [action, 'send', 'url'] : ['send', 'url'], 'MAP-652', [
    `aucun appel antérieur ne donne {${id}} : la création n’a pas d’appels.`,
    `no earlier call captures {${id}}: the create has no calls.`,
  ]);
}
