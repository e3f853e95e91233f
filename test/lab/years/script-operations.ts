// The client's operations in the script: one-off ones that end, late or with delays of their own, and two that go on.
import type { Random } from '../faults/random.ts';
import type { ScriptOptions, Write } from './events.ts';
import { daysAfter, type Day } from './plain-rules.ts';

export interface OneOff {
  readonly code: string;
  readonly from: Day;
  readonly endsOn: Day;
}

/** One one-off operation every half year, with ends where months are short; and two recurring ones with delays of their own. */
export function writeOperations(
  { start, years }: ScriptOptions,
  random: Random,
  write: Write,
): readonly OneOff[] {
  write(start, { do: 'operation', code: 'REC-18', kind: 'recurring', delayMonths: 18 });
  write(start, { do: 'operation', code: 'REC-48', kind: 'recurring', delayMonths: 48 });
  const made: OneOff[] = [];
  for (let number = 0; number < years * 2 - 2; number += 1) {
    const from = daysAfter(start, 5 + number * 183);
    const endsOn = random.pick([
      daysAfter(from, 60 + random.between(0, 60)),
      `${from.slice(0, 4)}-12-31`,
      `${Number(from.slice(0, 4)) + 1}-02-28`,
    ]);
    const code = `OP-${number}`;
    const delay = random.pick([{}, {}, { delayDays: 15 }, { delayMonths: 6 }]);
    // Some ends are recorded when the operation is long over.
    const recorded = random.next() < 0.7 ? daysAfter(from, -3) : daysAfter(endsOn > from ? endsOn : from, 20);
    write(recorded, { do: 'operation', code, kind: 'one_off', endsOn, ...delay });
    if (random.next() < 0.2)
      write(daysAfter(recorded, 30), {
        do: 'operation',
        code,
        kind: 'one_off',
        endsOn: daysAfter(endsOn, 40),
        ...delay,
        isLater: true,
      });
    if (endsOn > from) made.push({ code, from, endsOn });
  }
  return made;
}
