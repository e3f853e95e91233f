// Runs one planted bug, or each of them, and says whether it was caught.
import { plantAndStorm } from './planting.ts';
import { plants } from './plants.ts';

const stormSeconds = 45;

export async function planting(
  name: string,
  options: { readonly root: string; readonly seed: number; readonly log: (line: string) => void },
): Promise<boolean> {
  const { log } = options;
  const chosen = plants.filter((plant) => name === 'all' || plant.name === name);
  if (chosen.length === 0) {
    log(`"${name}" is no bug to plant. There are: all, ${plants.map((plant) => plant.name).join(', ')}`);
    return false;
  }
  let missed = 0;
  for (const plant of chosen) {
    const { caught, findings, besides } = await plantAndStorm(plant, { ...options, seconds: stormSeconds });
    log(`${caught ? '✔ caught' : '✘ MISSED'}  ${plant.name}`);
    log(
      `    ${plant.red.join(', or ')} × ${findings.length}${caught ? `, such as ${findings.slice(0, 3).join('; ')}` : ''}`,
    );
    if (besides.length > 0) log(`    besides: ${besides.join('; ')}`);
    if (!caught) missed += 1;
  }
  return missed === 0;
}
