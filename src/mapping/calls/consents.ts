// The consent blocks of a file: the create's, and the update's where it tells the opt-in elsewhere.
// Invariant: each block is held to all that the consent of a file is held to, and both tell the same opt-ins (C20).
import { compileConsent } from '../consent/block.ts';
import type { CompiledConsent } from '../consent/block.ts';
import { reportUnsaid, reportUpdate, takenBack } from '../consent/of-update.ts';
import type { CompiledMapping } from '../contract.ts';
import { blockAt, listAt } from '../document/yaml.ts';
import type { Scope } from '../scope.ts';
import { hasCalls } from './calls.ts';
import { checkGates } from './gates.ts';

/** The opt-in as each action tells it; an erase tells none. */
export interface Consents {
  readonly create: CompiledConsent | undefined;
  readonly update: CompiledConsent | undefined;
}

export function compileConsents(mapping: Record<string, unknown>, scope: Scope): Consents {
  const create = compileConsent(mapping['consent'], scope);
  checkGates(listAt(mapping, 'consent'), create, hasCalls(mapping), scope.report);
  const block = blockAt(mapping, 'update');
  if (!Object.hasOwn(block, 'consent')) {
    // Written for both: a yes may stay unsaid, as where only a refusal has a list of its own; a no may not.
    if (create !== undefined && Object.hasOwn(mapping, 'update'))
      reportUnsaid({ consent: create, states: takenBack, path: ['consent'] }, scope.report);
    return { create, update: create };
  }
  const update = compileConsent(block['consent'], scope, ['update', 'consent']);
  checkGates(listAt(block, 'consent'), update, hasCalls(mapping), scope.report);
  if (create !== undefined && update !== undefined) reportUpdate(create, update, scope.report);
  return { create, update };
}

/** The truth tables that people read. */
export const tablesOf = (
  consent: CompiledConsent,
  changed: CompiledConsent,
): Pick<CompiledMapping, 'consentTable' | 'updateConsentTable'> => ({
  consentTable: consent.table,
  ...(changed === consent ? {} : { updateConsentTable: changed.table }),
});
