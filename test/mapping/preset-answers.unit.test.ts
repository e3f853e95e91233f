// The answers recorded in a preset's folder, read by the preset: each means what its folder says.
import { answerOf } from '../../src/mapping/response/recorded-answers.ts';
import { presetNamesIn, readPreset } from '../../sandbox/trial/preset-folder.ts';
import { simulatorOf } from '../../sandbox/simulators/index.ts';
import { compiledExample } from './preset-support.ts';
import { mappingsRoot } from './support.ts';

const presets = presetNamesIn(mappingsRoot)
  .map((name) => readPreset(mappingsRoot, name))
  .filter(({ answers }) => answers.length > 0);

describe.each(presets)('$name', ({ name, answers }) => {
  const mapping = compiledExample(name);

  test.each(answers.map((answer) => ({ on: 'create' as const, ...answer })))(
    '$on: $answer.status $answer.body is $outcome',
    ({ on, call, answer, outcome, reason, reference }) => {
      const wanted = {
        kind: outcome,
        ...(reason === undefined ? {} : { reason }),
        ...(reference === undefined ? {} : { reference }),
      };
      const action = on === 'lookup' ? 'create' : on;
      const read = mapping.classify(
        answerOf({ response: answer }),
        on,
        ...(call === undefined ? [] : [{ action, name: call }]),
      );
      expect(read).toMatchObject(wanted);
    },
  );
});

test('a preset with a simulated CRM has answers for each action and for the look-up, as far as it has them', () => {
  for (const { name, proof, answers } of presets) {
    if (proof === 'documentation') continue;
    const { actions, hasLookup } = compiledExample(name);
    const asked =
      hasLookup || Object.values(actions).some((plan) => plan.calls?.some((call) => call.hasLookup));
    const wanted = [...Object.keys(actions), ...(asked ? ['lookup'] : [])].toSorted();
    const told = new Set(answers.map(({ on }) => on ?? 'create'));
    expect([name, [...told].toSorted()]).toEqual([name, wanted]);
  }
});

test('what a preset cannot tell by machine, its simulated CRM is told in writing, and nothing else', () => {
  const letters = { 'in writing': ['update', 'erase'], 'erasures in writing': ['erase'], none: [] };
  for (const { name, proof } of presets) {
    if (proof === 'documentation') continue;
    const { actions } = compiledExample(name);
    const missing = ['update', 'erase'].filter((action) => !Object.hasOwn(actions, action));
    expect([name, letters[simulatorOf(name)?.changes ?? 'none']]).toEqual([name, missing]);
  }
});
