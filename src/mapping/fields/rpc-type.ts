// Finds the XML-RPC type of a field: the file's, else that of its source.
// Invariant: a decimal source is a double whatever the amount: 285000 is not an int, since 285000.5 would not be one.
import type { Path } from '../document/problems.ts';
import type { Scope } from '../scope.ts';
import { findSource } from './source.ts';
import { asText, rpcTypes } from './values.ts';
import type { RpcType } from './values.ts';

export function compileRpcType(
  raw: Readonly<Record<string, unknown>>,
  path: Path,
  scope: Scope,
  list: string | undefined,
): { readonly type?: RpcType } {
  const type = rpcTypes.find((known) => known === raw['type']);
  if (type !== undefined && scope.rpc !== 'xmlRpc')
    scope.report.error(
      [...path, 'type'],
      'MAP-712',
      ['seul XML-RPC nomme des types : ailleurs utilisez as.', 'only XML-RPC names types: elsewhere use as.'],
      {
        at: 'key',
      },
    );
  if (type !== undefined) return { type };
  const converted = Object.hasOwn(raw, 'as') || Object.hasOwn(raw, 'map');
  const decimal = !converted && findSource(asText(raw['from']), list)?.type === 'decimal';
  return scope.rpc === 'xmlRpc' && decimal ? { type: 'double' } : {};
}
