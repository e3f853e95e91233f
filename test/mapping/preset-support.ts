// A preset as a client uses it: its mapping with the example of its folder.
import { join } from 'node:path';
import { connectors } from '../../connectors/index.ts';
import { checkSources } from '../../src/mapping/check.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { formatProblem } from '../../src/mapping/document/problems.ts';
import { readPresetFile } from '../../sandbox/trial/preset-folder.ts';
import { mappingsRoot, presetTexts } from './support.ts';

/** @param changed the mapping of the preset in place of the one in its folder @throws where it does not compile */
export function compiledExample(
  name: string,
  changed: string = presetTexts[`presets/${name}/mapping.yaml`] ?? '',
): CompiledMapping {
  const example = (file: string): string => readPresetFile(mappingsRoot, name, join('example', file));
  const files = {
    ...presetTexts,
    [`presets/${name}/mapping.yaml`]: changed,
    'client/client.yaml': example('client.yaml'),
    'client/crm.yaml': example('crm.yaml'),
  };
  const sources = { clientId: 'client', destinationId: 'client-crm', main: 'client/crm.yaml', files };
  const result = checkSources(sources, { connectors });
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.mapping;
}
