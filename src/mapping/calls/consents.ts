// Compiles the consent blocks of a file: that of the create, and that of the update where it has its own.
// Invariant: every block passes the same checks, and both write the same opt-ins (C20).
import {
  compileConsent,
  reportUnsaid,
  reportUpdate,
  takenBack,
  type CompiledConsent,
} from '../consent/block.ts';
import type { CompiledMapping } from '../contract.ts';
import { blockAt, listAt } from '../document/yaml.ts';
import type { Scope } from '../scope.ts';
import { hasCalls } from './calls.ts';
import { checkGates } from './parts.ts';

/** The consent block of each action; an erase has none. */
export type Consents = ReturnType<typeof compileConsents>;

export function compileConsents(mapping: Record<string, unknown>, scope: Scope) {
  const create = compileConsent(mapping['consent'], scope);
  checkGates(listAt(mapping, 'consent'), create, hasCalls(mapping), scope.report);
  const block = blockAt(mapping, 'update');
  if (!Object.hasOwn(block, 'consent')) {
    // One block serves both: it may write nothing for a grant, as where only refusals have a list; never for a refusal.
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
