// Runs one planted bug, or each of them, and says whether it was caught.
import { plantAndStorm } from './planting.ts';
import { plants } from './plants.ts';

const stormSeconds = 45;
/** A rare crossing may not happen in so short a storm: other ones follow. */
const storms = 3;

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
    const at = (storm: number): ReturnType<typeof plantAndStorm> =>
      plantAndStorm(plant, { ...options, seed: options.seed + storm, seconds: stormSeconds });
    let storm = 0;
    let last = await at(storm);
    while (!last.caught && storm + 1 < storms) {
      storm += 1;
      last = await at(storm);
    }
    const { caught, findings, besides } = last;
    log(
      `${caught ? '✔ caught' : '✘ MISSED'}  ${plant.name}${storm === 0 ? '' : `, in storm ${storm + 1} of ${storms}`}`,
    );
    log(
      `    ${plant.red.join(', or ')} × ${findings.length}${caught ? `, such as ${findings.slice(0, 3).join('; ')}` : ''}`,
    );
    if (besides.length > 0) log(`    besides: ${besides.join('; ')}`);
    if (!caught) missed += 1;
  }
  return missed === 0;
}
