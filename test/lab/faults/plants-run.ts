// Runs one planted bug, or each of them, and says whether it was caught.
import { plantAndStorm, type Caught } from './planting.ts';
import { plants, type Plant } from './plants.ts';

const stormSeconds = 45;
/** A rare crossing may not happen in so short a storm: other ones follow. */
const storms = 3;

interface Options {
  readonly root: string;
  readonly seed: number;
  /** How long each storm blows; a short one by default. */
  readonly seconds?: number;
  /** Mischief done more often, beside what the plant itself favours. */
  readonly favour?: readonly string[];
  readonly log: (line: string) => void;
}

/** @returns whether every one was caught */
export async function planting(name: string, options: Options): Promise<boolean> {
  const { log } = options;
  const chosen = plants.filter((plant) => name === 'all' || plant.name === name);
  if (chosen.length === 0) {
    log(`"${name}" is no bug to plant. There are: all, ${plants.map((plant) => plant.name).join(', ')}`);
    return false;
  }
  const missed: string[] = [];
  for (const [index, plant] of chosen.entries()) {
    log(`${index + 1} of ${chosen.length}: ${plant.name}`);
    if (!(await isCaught(plant, options))) missed.push(plant.name);
  }
  if (chosen.length > 1)
    log(
      missed.length === 0
        ? `all ${chosen.length} caught, seed ${options.seed}`
        : `${missed.length} of ${chosen.length} MISSED, seed ${options.seed}: ${missed.join(', ')}`,
    );
  return missed.length === 0;
}

async function isCaught(plant: Plant, options: Options): Promise<boolean> {
  const { log } = options;
  for (let storm = 0; ; storm += 1) {
    const seed = options.seed + storm;
    const { seconds = stormSeconds, favour = [] } = options;
    const favoured = { ...plant, favour: [...(plant.favour ?? []), ...favour] };
    const caught = await plantAndStorm(favoured, { ...options, seed, seconds });
    tell(plant, caught, { storm, seed }, log);
    if (caught.caught || storm + 1 === storms) return caught.caught;
  }
}

function tell(
  plant: Plant,
  { caught, findings, besides, counted }: Caught,
  { storm, seed }: { readonly storm: number; readonly seed: number },
  log: Options['log'],
): void {
  const word = caught ? '✔ caught' : storm + 1 === storms ? '✘ MISSED' : '… not yet';
  log(`${word}  ${plant.name}, seed ${seed}, storm ${storm + 1} of ${storms} at most`);
  log(
    `    ${plant.red.join(', or ')} × ${findings.length}${caught ? `, such as ${findings.slice(0, 3).join('; ')}` : ''}`,
  );
  if (besides.length > 0) log(`    besides: ${besides.join('; ')}`);
  if (!caught)
    log(
      `    the storm had: ${Object.entries(counted)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ')}`,
    );
}
