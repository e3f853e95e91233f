// the protocol of claim, lease, departure, sending, outcome and look-up: every interleaving of two workers, a person and support
import { explore } from './explore.ts';
import type { Rules } from './state.ts';

const cases: readonly (Omit<Rules, 'onUnknown'> & {
  readonly named: string;
  readonly shouldBreak: boolean;
})[] = [
  {
    named: 'the lease compared before a wait',
    compares: 'before a wait',
    tellsAgain: true,
    shouldBreak: true,
  },
  {
    named: 'a late arrival left alone',
    compares: 'with the first byte',
    tellsAgain: false,
    shouldBreak: true,
  },
  { named: 'the protocol as it is', compares: 'with the first byte', tellsAgain: true, shouldBreak: false },
];

let isWrong = false;
for (const onUnknown of ['resend', 'lookup'] as const)
  for (const { named, shouldBreak, ...rules } of cases) {
    const { states, broken } = explore({ ...rules, onUnknown });
    const found = broken === undefined ? 'none is broken' : `broken after ${broken.length - 1} steps:`;
    console.log(`onUnknown: ${onUnknown}, ${named}: ${states.toLocaleString('en')} states, ${found}`);
    for (const step of broken ?? []) console.log(`  ${step}`);
    if ((broken !== undefined) === shouldBreak) continue;
    isWrong = true;
    console.error(`model: this should ${shouldBreak ? '' : 'not '}be broken`);
  }
process.exitCode = isWrong ? 1 : 0;
