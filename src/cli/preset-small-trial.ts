// relais preset try of a preset without a simulated CRM (a file, a mail, a form): its example, one invented lead, and a recipient
// started on this machine. Invariant: as `relais mapping send --sandbox --local`: nothing is stored, no outside system is reached.
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RelaisError } from '../errors.ts';
import { sendToSandbox } from './mapping-send.ts';
import { say } from './terminal.ts';

/** @throws FIND-001 where it has no example */
export async function tryOneLead(preset: string): Promise<void> {
  const { preparePresets, projectMappings } = await import('../../sandbox/trial/mappings.ts');
  const example = join(projectMappings, 'presets', preset, 'example');
  if (!existsSync(example))
    throw new RelaisError('FIND-001', `The preset ${preset} has no example, so nothing of it can be tried.`);
  const folder = mkdtempSync(join(tmpdir(), 'relais-preset-'));
  try {
    preparePresets(folder);
    cpSync(example, join(folder, 'client'), { recursive: true });
    say(`One invented lead by the example of ${preset}: no CRM is simulated for it.`);
    await sendToSandbox('client-crm', { sandbox: true, local: true, dir: folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
