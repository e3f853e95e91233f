// Lists the calls of an action for tools: each with its own key, and a mark in place of every id not yet given.
// Invariant: pure; a mark reads ‹person.id› and can never be mistaken for an id.
import type { Action, Body, Captured } from '../../../connectors/contract.ts';
import type { Lead } from '../../domain/lead.ts';
import type { CallPlan, CompiledMapping, WriteSituation } from '../contract.ts';

/** The situation in which a tool writes a lead at an instant, with every category of the contract. */
export const situationAt = (
  { client: { categories } }: Pick<CompiledMapping, 'client'>,
  at: Date,
  given: Omit<WriteSituation, 'writtenAt' | 'now' | 'categories'>,
): WriteSituation => ({ ...given, writtenAt: at, now: at, categories });

/** A mark for each id that calls of the destination give. */
export function captureMarks(mapping: CompiledMapping): Captured {
  const ids = (['create', 'update', 'erase'] as const).flatMap((action) =>
    (mapping.actions[action]?.calls ?? []).flatMap((call) => [...call.captures, ...call.needs]),
  );
  return Object.fromEntries(ids.map((id) => [id, `‹${id}›`]));
}

export const callPlanOf = (mapping: CompiledMapping, action: Action, name: string): CallPlan | undefined =>
  requestsOf(mapping, action).find((call) => call.name === name);

/** Every request an action can make: its calls and their undos. */
export const requestsOf = (mapping: CompiledMapping, action: Action): readonly CallPlan[] =>
  (mapping.actions[action]?.calls ?? []).flatMap((call) =>
    call.undo === undefined ? [call] : [call, call.undo],
  );

export interface CalledSituation {
  readonly call: CallPlan;
  readonly situation: WriteSituation;
  readonly applies: boolean;
}

/** Every call of an action in order; none where the action is one call. */
export function callSituations(
  mapping: CompiledMapping,
  lead: Lead,
  situation: WriteSituation,
): readonly CalledSituation[] {
  const captured = { ...captureMarks(mapping), ...situation.captured };
  return (mapping.actions[situation.action]?.calls ?? []).map((call) => {
    const own = { ...situation, captured, call: call.name, key: callKey(situation.key, call.name) };
    return { call, situation: own, applies: call.applies(lead, own) };
  });
}

/** The undos of the calls that this lead needs, last first, as they are sent after a refusal. */
export function undoSituations(
  mapping: CompiledMapping,
  lead: Lead,
  situation: WriteSituation,
): readonly CalledSituation[] {
  return callSituations(mapping, lead, situation)
    .flatMap(({ call: { undo }, situation: own, applies }) =>
      undo === undefined || !applies
        ? []
        : [
            {
              call: undo,
              situation: { ...own, call: undo.name, key: callKey(situation.key, undo.name) },
              applies,
            },
          ],
    )
    .toReversed();
}

/** Key of a call: the delivery's own, with the call's name; the same on every attempt (guarantee 4). */
export const callKey = (key: string, call: string): string => `${key}-${call}`;

/** A look-up without a lead, which tests if the recipient lets us look up at all. */
export function questionAboutNobody(mapping: CompiledMapping, call?: string): Body | undefined {
  const ids = Object.keys(captureMarks(mapping));
  return mapping.question(
    {
      action: 'create',
      key: 'test',
      leadReference: 'test',
      recipientReference: 'test',
      captured: Object.fromEntries(ids.map((id) => [id, 'test'])),
      writtenAt: new Date(0),
    },
    call,
  );
}

export const callNames = (mapping: CompiledMapping, action: Action): readonly string[] =>
  requestsOf(mapping, action).map((call) => call.name);
