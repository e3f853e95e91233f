// Merges layers of settings: those of an action or a call over the common ones, a sandbox's over production's.
// Invariant: a key of the upper layer replaces the lower one's; blocks that are merged by key (headers) ignore letter case,
// and null removes a name.
import type { Path } from '../document/problems.ts';
import { isRecord } from '../document/yaml.ts';

type Settings = Readonly<Record<string, unknown>>;

/** @param overlaid the keys whose blocks are merged, name by name */
export function overlay(layers: readonly Settings[], overlaid: readonly string[]): Record<string, unknown> {
  const result: Record<string, unknown> = Object.assign({}, ...layers) as Record<string, unknown>;
  for (const key of overlaid) {
    const blocks = layers.map((layer) => layer[key]).filter((block) => block !== undefined);
    if (blocks.length > 0 && blocks.every(isRecord)) result[key] = namesOver(blocks);
  }
  return result;
}

function namesOver(blocks: readonly Settings[]): Settings {
  const names = new Map<string, readonly [string, unknown]>();
  for (const block of blocks)
    for (const [name, value] of Object.entries(block)) {
      names.delete(name.toLowerCase());
      if (value !== null) names.set(name.toLowerCase(), [name, value]);
    }
  return Object.fromEntries(names.values());
}

/** True when the setting at this path comes from this layer. */
export function holdsOwn(layer: Settings, path: Path, overlaid: readonly string[]): boolean {
  const [first, second] = path;
  if (first === undefined) return true;
  if (!Object.hasOwn(layer, String(first))) return false;
  const block = layer[String(first)];
  return second === undefined || !overlaid.includes(String(first)) || !isRecord(block)
    ? true
    : Object.hasOwn(block, String(second));
}
