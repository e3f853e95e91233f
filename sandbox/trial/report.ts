// Prints the end of a trial: a line for each lead, and the faults.
// Invariant: only references, codes and invented persons; everything shown was read back from tables or from the CRM.
import type { Screen } from '../demo/screen.ts';
import { aligned, tally } from '../demo/report.ts';
import { isTask, shown, type LeadResult, type TrialResult } from './compare.ts';

export function printTrial(screen: Screen, { leads, faults }: TrialResult): void {
  const head = [
    'lead',
    'what it shows',
    'in the log',
    'sent',
    'on the way',
    'records',
    'e-mail',
    'phone',
    '',
  ];
  const lines = aligned([head, ...leads.map(rowOf)], 'left');
  for (const [index, line] of lines.entries()) {
    const isBad = index > 0 && (leads[index - 1]?.faults.length ?? 0) > 0;
    screen.line(`  ${isBad ? screen.bad(line) : line}`);
  }
  screen.line();
  if (faults.length === 0) {
    screen.line(
      screen.good(
        '  ✔ One record for each lead, the last answer in the CRM’s own place, the erased person gone.',
      ),
    );
    return;
  }
  screen.line(screen.bad(`  ✘ ${faults.length} ${faults.length === 1 ? 'thing is' : 'things are'} amiss:`));
  for (const fault of faults) screen.line(`    - ${fault}`);
}

function rowOf({ lead, deliveries, records, faults }: LeadResult): readonly string[] {
  const [record] = records;
  const setbacks = deliveries.flatMap(({ outcomes }) =>
    outcomes.filter((outcome) => !outcome.startsWith('accepted')),
  );
  return [
    lead.reference,
    lead.shows,
    deliveries.map((row) => `${row.action} ${isTask(row) ? 'in writing' : row.state}`).join(', '),
    String(deliveries.reduce((sum, { departures }) => sum + departures, 0)),
    tally(setbacks),
    String(records.length),
    record === undefined ? '-' : shown(record.mayContact.email),
    record === undefined ? '-' : shown(record.mayContact.phone),
    faults.length === 0 ? '✔' : '✘',
  ];
}
