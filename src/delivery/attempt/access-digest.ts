// By what a destination is reached: its address and the secrets in force, as a digest that says whether they changed.
// Invariant: nothing of a secret can be learnt from it: keyed with the master key, kept in MySQL only.
import { createHmac } from 'node:crypto';
import type { KeyRing } from '../../domain/key-ring.ts';
import { derived } from '../../domain/keyed.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Access } from './careful-start.ts';

/** Secrets are read again once a second at most. */
const freshMs = 1_000;

export function createAccess(options: {
  readonly masterKeys: KeyRing;
  readonly secrets: (name: string) => readonly string[];
  readonly secretsFor?: (destinationId: string) => (name: string) => readonly string[];
}): (destinationId: string, mapping: CompiledMapping) => Access {
  const settingsOf = new WeakMap<CompiledMapping, string>();
  const known = new Map<string, { mapping: CompiledMapping; at: number; digest: Buffer }>();

  const digestOf = (destinationId: string, mapping: CompiledMapping): Buffer => {
    const settings =
      settingsOf.get(mapping) ??
      JSON.stringify(
        Object.values(mapping.actions).map((plan) => [
          plan?.settings,
          plan?.calls?.flatMap((call) => [call.settings, call.undo?.settings]),
        ]),
      );
    settingsOf.set(mapping, settings);
    const valuesOf = options.secretsFor?.(destinationId) ?? options.secrets;
    const secrets = mapping.secretNames.map((name) => [name, ...valuesOf(name)]);
    return createHmac('sha256', derived(options.masterKeys.current().bytes, 'access'))
      .update(JSON.stringify([destinationId, settings, secrets]))
      .digest();
  };

  return (destinationId, mapping) => {
    const before = known.get(destinationId);
    const isFresh = before?.mapping === mapping && performance.now() - before.at < freshMs;
    const digest = isFresh ? before.digest : digestOf(destinationId, mapping);
    if (!isFresh) known.set(destinationId, { mapping, at: performance.now(), digest });
    return { digest, isFirst: before === undefined };
  };
}
