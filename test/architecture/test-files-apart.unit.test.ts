// Test files share a context and the modules of the product: nothing that one of them does may reach the next.
import environmentOf, { CommonContext } from '../support/plain-environment.ts';

type Given = Parameters<typeof environmentOf>;
const begin = (docblockPragmas: Readonly<Record<string, string>> = {}, collectCoverage = false) =>
  new (environmentOf as unknown as new (...given: Given) => InstanceType<typeof CommonContext>)(
    {
      globalConfig: { collectCoverage },
      projectConfig: { globals: {}, testEnvironmentOptions: {}, fakeTimers: {} },
    } as unknown as Given[0],
    { docblockPragmas, testPath: __filename, console },
  );

test('the next file finds globals, the process and its variables as the first one found them', async () => {
  const first = begin();
  const { Date: date, process, fetch } = first.global;
  const { argv } = process;
  const words = argv.join(' ');
  const path = process.env['PATH'];
  Object.assign(first.global, { Date: class {}, fetch: undefined, leftover: 1 });
  Reflect.deleteProperty(first.global, 'queueMicrotask');
  Object.assign(process.env, { PATH: 'nowhere', LEFTOVER: '1' });
  Object.assign(process, { argv: [] });
  process.on('SIGTERM', () => undefined);
  await first.teardown();

  const second = begin();
  expect(second.global).toBe(first.global);
  expect(second.global.Date).toBe(date);
  expect(second.global.fetch).toBe(fetch);
  expect(second.global.process).toBe(process);
  expect('leftover' in second.global).toBe(false);
  expect(typeof second.global.queueMicrotask).toBe('function');
  expect([process.env['PATH'], process.env['LEFTOVER']]).toEqual([path, undefined]);
  expect(process.argv.join(' ')).toBe(words);
  expect(process.listenerCount('SIGTERM')).toBe(0);
  await second.teardown();
});

test('a global that a shared module defined as it was evaluated remains', async () => {
  const first = begin();
  Object.assign(first.global, { ofTheFile: 1 });
  first.keepingGlobals(() => Object.assign(first.global, { ofTheModule: 2 }));
  await first.teardown();
  const { global } = begin();
  expect('ofTheFile' in global).toBe(false);
  expect(Reflect.get(global, 'ofTheModule')).toBe(2);
});

test('a file that asks for it has a context of its own, and so has each while coverage is counted', () => {
  const shared = begin();
  expect(shared).toBeInstanceOf(CommonContext);
  for (const own of [begin({ 'own-context': 'replaces modules' }), begin({}, true)]) {
    expect(own).not.toBeInstanceOf(CommonContext);
    expect(own.global).not.toBe(shared.global);
  }
});

test('what would change shared modules is refused', () => {
  const refused = /begin this file with \/\*\* @own-context REASON \*\//;
  expect(() => jest.setMock('../support/patience.ts', {})).toThrow(refused);
  expect(() => jest.isolateModules(() => undefined)).toThrow(refused);
  expect(() => jest.resetModules()).toThrow(refused);
  expect(() => jest.useFakeTimers()).toThrow(refused);
  expect(() => jest.useFakeTimers({ legacyFakeTimers: true })).toThrow(refused);
  expect(() => jest.requireActual<object>(['no', 'ck'].join(''))).toThrow(refused);
});
