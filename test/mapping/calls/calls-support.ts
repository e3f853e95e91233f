// What the tests of several calls share: the smallest file around a list of calls, and the body of each call.
import { callSituations } from '../../../src/mapping/calls/situations.ts';
import type { CompiledMapping, WriteSituation } from '../../../src/mapping/contract.ts';
import type { Lead } from '../../../src/domain/lead.ts';
import { lead, optIn, situation } from '../support.ts';

/** A webhook whose calls are given; the opt-in too where the text has none. */
export const severalCalls = (calls: string): string => `destination: demo-crm
connector: webhook
send: {auth: {bearer: secret:DEMO}}
response: [{accepted: {status: 201, json: {ok: true}}, reference: $.id}]
${/^consent:/m.test(calls) ? '' : optIn}${calls}`;

/** Body of each call, as JSON unless it is read otherwise, `(not made)` where the lead needs none, `(none)` where it has no body. */
export function bodiesOf(
  mapping: CompiledMapping,
  someone: Lead = lead(),
  over: Partial<WriteSituation> = {},
  read: (text: string) => unknown = JSON.parse,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    callSituations(mapping, someone, situation(over)).map(({ call, situation: own, applies }) => {
      if (!applies) return [call.name, '(not made)'];
      const result = mapping.apply(someone, own);
      if (!result.ok) return [call.name, result];
      const text = Buffer.from(
        mapping.write([result.record], own.action, undefined, call.name).bytes,
      ).toString();
      return [call.name, text === '' ? '(none)' : read(text)];
    }),
  );
}
