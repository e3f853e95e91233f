// A screen that shows nothing, for what a test runs of the sandbox.
import type { Screen } from '../../sandbox/demo/screen.ts';

const asItIs = (text: string): string => text;
const nothing = (): void => undefined;

export const silentScreen: Screen = {
  ...{ line: nothing, heading: nothing, progress: nothing, endProgress: nothing },
  ...{ strong: asItIs, good: asItIs, bad: asItIs, faint: asItIs },
};
