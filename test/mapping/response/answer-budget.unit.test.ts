// What a recipient sends never holds the worker: pages, XML and JSON made to be slow are read in bounded time, or not at all.
import type { Answer } from '../../../connectors/contract.ts';
import { compileCss, readCss, readHtml } from '../../../src/mapping/response/css.ts';
import { compileXPath } from '../../../src/mapping/response/xpath.ts';
import { compiled, webhook } from '../support.ts';

const page = (text: string, mediaType = 'text/html'): Answer => ({
  status: 200,
  headers: {},
  mediaType,
  text,
  truncated: false,
});
const withRules = (...rules: readonly string[]) =>
  compiled(
    webhook('- {to: a, value: 1}').replace(
      /^response: .*$/m,
      `response:\n${rules.map((rule) => `  - ${rule}\n`).join('')}`,
    ),
  );

/** Turns of the event loop while the work goes on. */
async function turnsDuring<T>(work: Promise<T>): Promise<readonly [T, number]> {
  let turns = 0;
  let over = false;
  const count = (): void => {
    turns += 1;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  const result = await work.finally(() => (over = true));
  return [result, turns];
}

describe('a selector', () => {
  // 55 seconds of backtracking over 1 KB, before parts were joined on the way down.
  test('of many descendants reads nested divs in one pass', () => {
    const nested = `<form>${'<div>'.repeat(180)}${'</div>'.repeat(180)}</form>`;
    const { classify } = withRules('{accepted: {css: {form div div div div .ref: {exists: true}}}}');
    expect(classify(page(nested), 'create').kind).toBe('unknown');
    const found = nested.replace('</div>', '<b class="ref">H-1</b></div>');
    expect(classify(page(found), 'create').kind).toBe('accepted');
  });

  test('finds the first in the order of the page, whatever joins its parts', () => {
    const document = readHtml(
      '<ul><li class="a">1<li>2<li class="b">3</ul><div><p><i id="x">4</i></p></div><p>5</p><i>6</i>',
    );
    const text = (selector: string): string | undefined => {
      const place = compileCss(selector);
      if ('fault' in place) throw new Error(place.fault?.[1]);
      return readCss(document, place);
    };
    expect(text('.b, .a')).toBe('1');
    expect(text('ul > li + li')).toBe('2');
    expect(text('.a ~ .b')).toBe('3');
    expect(text('.a + .b')).toBeUndefined();
    expect(text('div > i')).toBeUndefined();
    expect(text('div i')).toBe('4');
    expect(text('div ~ i')).toBe('6');
    expect(text('div p > i')).toBe('4');
    expect(text('li:not(.a):not(.b)')).toBe('2');
    expect(text('li:nth-child(3)')).toBe('3');
    expect(text('body div')).toBeUndefined();
  });

  test.each(['a:has(b)', 'p:not(a b)', 'li:nth-child(2 of .a)', `a ${'b '.repeat(30)}`])(
    '%s is refused: no bound can be given',
    (selector) => {
      expect(compileCss(selector)).toHaveProperty('fault');
    },
  );
});

test('an XPath that searches the whole answer in conditions of conditions is refused', () => {
  expect(compileXPath('//a[//b[//c]]')).toHaveProperty('fault.1', expect.stringContaining('bounded time'));
  expect(compileXPath(`//a[. = "${'x'.repeat(2_000)}"]`)).toHaveProperty('fault');
  expect(compileXPath('//a[//b="KO"]/@id')).toHaveProperty('gives', 'nodes');
});

describe('an answer beyond the budget', () => {
  const deep = (tag: string): string => `${`<${tag}>`.repeat(9_000)}${`</${tag}>`.repeat(9_000)}`;
  test.each([
    ['a page, by CSS', 'css: {"#no": {exists: false}}', deep('div'), 'text/html'],
    ['XML, by a dot path', 'xml: {a.b: {exists: false}}', deep('a'), 'application/xml'],
    ['XML, by XPath', 'xpath: {//z: {exists: false}}', deep('a'), 'application/xml'],
  ])('is unknown with a code, never accepted: %s', async (_what, condition, text, mediaType) => {
    const rules = withRules(`{refused: {${condition}}, reason: closed}`, '{accepted: {status: 2xx}}');
    const { classify, classifyBeside } = rules;
    const expected = { kind: 'unknown', reason: 'ANSWER_TOO_COMPLEX' };
    expect(classify(page(text, mediaType), 'create')).toMatchObject(expected);
    expect(await classifyBeside(page(text, mediaType), 'create')).toMatchObject(expected);
    expect(classify({ ...page(text, mediaType), status: 503 }, 'create').kind).toBe('unavailable');
    expect(classify(page('<a/>', mediaType), 'create').kind).toBe('refused');
  });

  test('deep JSON is read or not, without an error', () => {
    const { classify } = withRules('{accepted: {json: {a: {exists: true}}}}');
    const json = (text: string) => classify(page(text, 'application/json'), 'create').kind;
    expect(json(`${'['.repeat(32_000)}${']'.repeat(32_000)}`)).toBe('unknown');
    expect(json(`{"a":${'['.repeat(32_000)}${']'.repeat(32_000)}}`)).toBe('accepted');
  });
});

test('an XPath that takes long stops with its thread: the loop goes on meanwhile, and the next answer is read', async () => {
  const slow = withRules(`{accepted: {xpath: {"count(//a[count(//a)>0])": 1}}}`);
  const many = `<r>${'<a/>'.repeat(40_000)}</r>`;
  const [outcome, turns] = await turnsDuring(slow.classifyBeside(page(many, 'application/xml'), 'create'));
  expect(outcome).toMatchObject({ kind: 'unknown', reason: 'ANSWER_TOO_COMPLEX' });
  expect(turns).toBeGreaterThan(50);
  const quick = withRules('{accepted: {xpath: {//ok: "1"}}, reference: "xpath://id"}');
  const answers = await Promise.all(
    ['A1', 'B2', 'C3'].map((id) =>
      quick.classifyBeside(page(`<r><ok>1</ok><id>${id}</id></r>`, 'application/xml'), 'create'),
    ),
  );
  expect(answers.map((answer) => (answer.kind === 'accepted' ? answer.reference : answer.kind))).toEqual([
    'A1',
    'B2',
    'C3',
  ]);
});
