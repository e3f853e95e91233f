// Describes in French how the data travel and which leads are sent.
// Invariant: the connector describes everything that depends on the kind of destination.
import type { CompiledMapping } from '../contract.ts';
import { blockAt } from '../document/yaml.ts';
import { asText } from '../fields/values.ts';
import { frenchLabel } from '../fields/french.ts';
import { acceptNames } from '../fields/conditions.ts';
import { formatRows } from './french-formats.ts';
import { sourceLabel } from './french-sources.ts';

type Raw = Readonly<Record<string, unknown>>;

export function transportRows(whole: Raw, compiled: CompiledMapping): readonly (readonly string[])[] {
  return [...settingRows(whole, compiled), ...formatRows(whole)];
}

/** The connector's own rows for the settings; each of several calls may override some. */
function settingRows(whole: Raw, mapping: CompiledMapping): readonly (readonly string[])[] {
  const { settingsKey, words } = mapping.connectorFacts;
  const calls = (mapping.actions.create?.calls ?? []).map(({ name, settings }) => ({ name, settings }));
  return words
    .transport(blockAt(whole, settingsKey), calls)
    .map(({ point, agreed }) => [point[0], agreed[0]]);
}

/** The filter of the leads that are sent. */
export function acceptsItems(whole: Raw): readonly string[] {
  const accepts = blockAt(whole, 'accepts');
  const items = Object.entries(accepts).map(([key, value]) => {
    const path = acceptNames[key] ?? key;
    const list = (Array.isArray(value) ? (value as unknown[]) : [value]).map((item) =>
      asText(frenchLabel(path, item)),
    );
    return `${sourceLabel(path)} : ${list.join(', ')}`;
  });
  return items.length === 0 ? ['Tous les leads recueillis pour vous.'] : items;
}

/** How the recipient reports a later decision. */
export function callbackWords(whole: Raw, { callback, destinationId }: CompiledMapping): readonly string[] {
  if (callback === undefined) return [];
  const key = asText(blockAt(whole, 'callback')['key']);
  return [
    `Décision ultérieure : vous pouvez nous la communiquer vous-même, par POST /callbacks/${destinationId} à notre adresse, signé selon Standard Webhooks avec le secret convenu. La clé du lead (webhook-id) y est lue dans ${key} ; votre décision est lue comme une réponse à notre question. La première compte ; nous continuons de vous interroger.`,
  ];
}
