// Every bug to plant in a rule that has a date or a person behind it, to see that the account of ten years notices.
import type { YearsPlant } from './plant.ts';
import { retentionPlants } from './plants-retention.ts';
import { rightsPlants } from './plants-rights.ts';

export const yearsPlants: readonly YearsPlant[] = [...retentionPlants, ...rightsPlants];
