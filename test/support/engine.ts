// Which database the private services of a run are: the word after `--engine`, which bin/engine.mjs has read.
import type { Engine } from '../../sandbox/binaries.ts';

/** For `startServices`; empty where nobody has named an engine. */
export function askedEngine(): { readonly engine?: Engine } {
  const engine = process.env['RELAIS_TEST_ENGINE'];
  if (engine !== 'mysql' && engine !== 'mariadb') return {};
  return { engine };
}
