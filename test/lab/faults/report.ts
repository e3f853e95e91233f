// What a storm ends with, for a person: what was done, what was counted, what must be 0.
import type { StormReport } from './storm.ts';

export function report(result: StormReport): string {
  const { faults, mischief, deaths, leftovers, lastWords, damaged, provesNothing, ...figures } = result;
  const red = Object.values(faults).some((found) => found.length > 0);
  const counted = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([name, count]) => `${name} × ${count}`)
      .join(', ');
  return [
    `done to it:  ${counted(mischief)}`,
    `killed at:   ${counted(deaths) || 'no step'}`,
    `proves nothing of: ${provesNothing.join(', ') || 'no act'}`,
    `left over:   ${counted(leftovers) || 'nothing'}`,
    '',
    ...Object.entries(figures).map(([name, value]) => `${name.padEnd(18)} ${String(value).padStart(7)}`),
    '',
    'must be 0:',
    ...Object.entries(faults).map(
      ([name, found]) =>
        `  ${String(found.length).padStart(5)}  ${name}${found.length === 0 ? '' : `: ${found.slice(0, 8).join('; ')}`}`,
    ),
    ...(damaged.length === 0
      ? []
      : [
          '',
          'MySQL’s own tables are damaged, so that this storm says nothing of the gateway:',
          ...damaged.map((line) => `  ${line}`),
        ]),
    ...(red ? ['', 'last words of the processes:', lastWords.split('\n').slice(-30).join('\n')] : []),
  ].join('\n');
}
