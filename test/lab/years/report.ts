// What people read when the years are over.
import type { YearsReport } from './years.ts';

const shown = 8;

export function yearsText({ counts, faults }: YearsReport): string {
  const line = (what: string, figure: number): string => `  ${String(figure).padStart(7)}  ${what}`;
  return [
    'lived',
    ...Object.entries(counts).map(([what, figure]) => line(what, figure)),
    'must be 0',
    ...Object.entries(faults).flatMap(([what, found]) => [
      line(what, found.length),
      ...found.slice(0, shown).map((one) => `             ${one}`),
    ]),
  ].join('\n');
}
