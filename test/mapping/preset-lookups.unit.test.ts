// Whose record a look-up of a preset finds: where it asks by our reference, the record it takes for ours shows that reference, byte by byte.
import { parse } from 'yaml';
import { isRecord, listAt } from '../../src/mapping/document/yaml.ts';
import { answerOf } from '../../src/mapping/response/recorded-answers.ts';
import { presetNamesIn, readPreset, type RecordedAnswer } from '../../sandbox/trial/preset-folder.ts';
import { compiledExample } from './preset-support.ts';
import { mappingsRoot, presetTexts } from './support.ts';

const mappingOf = (name: string): string => presetTexts[`presets/${name}/mapping.yaml`] ?? '';

/** Calls whose look-up names our reference; '' where the create is one. */
function askedByReference(mapping: string): readonly string[] {
  const whole: unknown = parse(mapping);
  if (!isRecord(whole)) return [];
  return [whole, ...listAt(whole, 'calls').filter(isRecord)].flatMap((part) => {
    const lookup = isRecord(part['send']) ? JSON.stringify(part['send']['lookup'] ?? '') : '';
    const names = /\{leadReference\}|\{since\}|"from":"id"|\{\{id\}\}/.test(lookup);
    return names ? [part === whole ? '' : String(part['name'])] : [];
  });
}

/** The same answer with another text in the place of our reference. */
function withInstead({ answer }: RecordedAnswer, other: string): RecordedAnswer['answer'] {
  const { asked = '', body } = answer;
  const text = (typeof body === 'string' ? body : JSON.stringify(body)).replaceAll(asked, other);
  return { ...answer, body: text };
}

/** Why a look-up of this call may take another's record for ours; empty where it may not. */
function faultsOf(name: string, call: string, mapping = mappingOf(name)): readonly string[] {
  const compiled = compiledExample(name, mapping);
  const found = readPreset(mappingsRoot, name).answers.filter(
    (one) => one.on === 'lookup' && one.outcome === 'accepted' && (one.call ?? '') === call,
  );
  const shown = found.filter(({ answer }) => answer.asked !== undefined);
  if (shown.length === 0) return ['no recorded answer shows our reference'];
  const read = (answer: RecordedAnswer['answer']): string =>
    compiled.classify(
      answerOf({ response: answer }),
      'lookup',
      ...(call === '' ? [] : [{ action: 'create' as const, name: call }]),
    ).kind;
  return shown.flatMap((one) => {
    const asked = one.answer.asked ?? '';
    const others = [asked.toLowerCase(), `${asked}0`, `X${asked}`, asked.replace('M', 'Ḿ'), ''];
    return [
      ...(read(one.answer) === 'accepted' ? [] : ['ours is not taken']),
      ...others
        .filter((other) => read(withInstead(one, other)) === 'accepted')
        .map((other) => `« ${other} » is taken`),
    ];
  });
}

const asking = presetNamesIn(mappingsRoot).flatMap((name) =>
  askedByReference(mappingOf(name)).map((call) => ({ name, call })),
);

test('most presets are asked by our reference', () => {
  expect(new Set(asking.map(({ name }) => name)).size).toBeGreaterThan(13);
});

test.each(asking)(
  '$name: a look-up of $call takes the record that shows our reference, and no other',
  ({ name, call }) => {
    expect(faultsOf(name, call)).toEqual([]);
  },
);

test('a rule that does not look at the reference is found', () => {
  const planted = mappingOf('zoho').replace(", 'data[0].Relais_Reference': { asked: true }", '');
  expect(planted).not.toBe(mappingOf('zoho'));
  expect(faultsOf('zoho', '', planted)).toEqual(['«  » is taken']);
});
