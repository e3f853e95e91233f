// What every command owes its reader: examples, words for every state, masks, and reasons that name nobody.
import { PassThrough } from 'node:stream';
import { allOf, relaisProgram } from '../../src/cli/program.ts';
import { impersonal, instant } from '../../src/cli/arguments.ts';
import { namesSomebody } from '../../src/domain/names-in-text.ts';
import { maskForm, maskMail, maskName, maskPhone } from '../../src/support/masking.ts';
import { advice, adviceLine } from '../../src/support/advice.ts';
import { stateWords } from '../../src/support/words.ts';
import { table, confirmed, harmless } from '../../src/cli/terminal.ts';
import { deliveryStates, reasons } from '../../src/domain/delivery.ts';
import type { ListedDelivery } from '../../src/store/deliveries/delivery-lists.ts';

const leaves = allOf(relaisProgram()).filter((one) => one.commands.length === 0);
const fullName = (command: (typeof leaves)[number]): string =>
  command.parent === null || command.parent.name() === 'relais'
    ? command.name()
    : `${command.parent.name()} ${command.name()}`;

test.each(leaves.map((one) => [fullName(one), one] as const))(
  'relais %s has a description and examples of itself',
  (name, command) => {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    expect(command.description()).not.toBe('');
    expect(help).toMatch(/Examples?:\n {2}relais /);
    expect(help).toContain(`relais ${name}`);
    for (const option of command.options) expect([name, option.long, option.description]).not.toContain('');
  },
);

test('the help names no empty default', () => {
  for (const command of leaves)
    expect([fullName(command), command.helpInformation()]).toEqual([
      fullName(command),
      expect.not.stringContaining('default: []') as string,
    ]);
});

test('whatever lists or shows can be printed as data', () => {
  const printing = leaves.filter((one) =>
    /^(list|show|find|refusals|history|status|config|check|test)$/.test(one.name()),
  );
  const without = printing.filter((one) => !one.options.some(({ long }) => long === '--json'));
  // A proof is printed as it was signed: JSON.
  expect(without.map(fullName).toSorted()).toEqual(['destination test', 'proof show']);
  expect(printing.length).toBeGreaterThan(12);
});

describe('a reason names nobody', () => {
  test.each([
    'zoe@courriel.example',
    'zoe ＠ courriel.example',
    'call 0639980123',
    'call 06 39 98 01 23 again',
    'call 06.39.98.01.23',
    '06-39-98-01-23',
    '+33 6 39 98 01 23',
    '0033639980123',
    '+33 (0)6 39 98 01 23',
    '(06) 39 98 01 23',
    '０６３９９８０１２３',
    'le 25/11/2026: 0639980123',
    '33639980123',
    'tel0639980123',
    'Tél0639980123, le soir',
    'mobile+33639980123',
  ])('refused: %s', (text) => {
    expect(namesSomebody(text)).toBe(true);
    expect(() => impersonal(text, '--reason')).toThrow('--reason holds a mail address or a phone number');
  });
  test.each([
    'ticket 4711',
    'ticket 12345678901',
    'vu le 25/11/2026 10:15',
    'vu le 05-01-2026 10:15, revu le 06/01/2026',
    'since 2026-01-05T10:15',
    'contract 2026-12, amended 2026-01-15',
    'batch 0042, 17 rows',
    'C18 / SR-2026011500',
    'REF0123456789',
  ])('taken: %s', (text) => expect(impersonal(text, '--reason')).toBe(text));
  test('and has 200 characters at most', () =>
    expect(() => impersonal('x'.repeat(201), '--note')).toThrow('--note has 200 characters at most'));
});

describe('a date without zone is Paris time', () => {
  test.each([
    ['2026-11-25', '2026-11-24T23:00:00.000Z'],
    ['2026-07-14T14:00', '2026-07-14T12:00:00.000Z'],
    ['2026-03-29T01:59', '2026-03-29T00:59:00.000Z'],
    ['2026-03-29T03:00', '2026-03-29T01:00:00.000Z'],
    ['2026-10-25T00:30', '2026-10-24T22:30:00.000Z'],
    ['2026-10-25T03:00', '2026-10-25T02:00:00.000Z'],
    ['2026-11-25T14:00:00Z', '2026-11-25T14:00:00.000Z'],
    ['2026-11-25T14:00+02:00', '2026-11-25T12:00:00.000Z'],
  ])('%s', (text, utc) => expect(instant(text)(new Date(0)).toISOString()).toBe(utc));
  test.each(['25/11/2026', '2026-13-01', '2026', 'now', '7', '3 d', ''])('"%s" is none', (text) =>
    expect(() => instant(text)).toThrow('is not a date'),
  );
});

test('masks show an initial, never a length', () => {
  expect([maskName('Lefèvre'), maskName('Li'), maskName(undefined)]).toEqual(['L***', 'L***', '-']);
  expect(maskMail('zoe.lefevre@courriel.example')).toBe('z***@c***.example');
  expect(maskMail('broken')).not.toContain('broken');
  expect(maskPhone('+33639980123')).toBe('+33******23');
});

test.each([
  ['DURAND', 'X…'],
  ['Li', 'Xx…'],
  ['Noël de La Tour', 'Xx… x… Xx… Xx…'],
  ['zoe.lefevre@courriel.example', 'x….x…@x….x…'],
  ['06 39 98 00 01', '99 99 99 99 99'],
  ['+33639980001', '+99999999999'],
  ['285 000,50', '999 999,99'],
])('the form of %s is %s: comparable, and no word of it left', (text, form) =>
  expect(maskForm(text)).toBe(form),
);

test('every state and every reason has words and something to do, in both languages', () => {
  for (const state of deliveryStates)
    for (const reason of Object.keys(reasons)) {
      const row = { id: 7, state, reason, action: 'create', leadErased: false } as unknown as ListedDelivery;
      expect(stateWords[state].every((text) => text !== '')).toBe(true);
      expect(advice(row).length).toBeGreaterThan(0);
      for (const line of advice(row)) {
        expect([...line.words, ...adviceLine(line)]).not.toContain('');
        // What a button does is not told as a command.
        expect([...line.words, ...(line.next ?? [])].join(' ')).not.toMatch(/\brelais |--\w/);
      }
    }
});

describe('printing', () => {
  const printed = (columns: number | undefined, work: () => void): string => {
    let text = '';
    const tty = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY');
    const width = Object.getOwnPropertyDescriptor(process.stdout, 'columns');
    const spy = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    });
    Object.defineProperty(process.stdout, 'isTTY', { value: columns !== undefined, configurable: true });
    Object.defineProperty(process.stdout, 'columns', { value: columns, configurable: true });
    Object.defineProperty(process.stdout, 'hasColors', { value: () => false, configurable: true });
    try {
      work();
    } finally {
      spy.mockRestore();
      Reflect.deleteProperty(process.stdout, 'hasColors');
      for (const [name, own] of [
        ['isTTY', tty],
        ['columns', width],
      ] as const) {
        if (own === undefined) Reflect.deleteProperty(process.stdout, name);
        else Object.defineProperty(process.stdout, name, own);
      }
    }
    return text;
  };
  const rows = [['1', 'x'.repeat(60)]];

  test('a table is aligned, fits a terminal and is whole in a pipe', () => {
    expect(printed(undefined, () => table(['id', 'text'], rows))).toBe(`id  text\n1   ${'x'.repeat(60)}\n`);
    const narrow = printed(40, () => table(['id', 'text'], rows));
    expect(Math.max(...narrow.split('\n').map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(narrow).toContain('…');
  });

  test('what is typed into the next command is cut last', () => {
    const narrow = printed(50, () =>
      table(['destination', 'reason', 'lead'], [['hexagone-commercialisation', 'y'.repeat(60), 'HZ-000001']]),
    );
    expect(narrow).toContain('hexagone-commercialisation');
    expect(narrow).toContain('HZ-000001');
    expect(narrow).toContain('yyy…');
  });

  test('stored text cannot steer the terminal', () => {
    const hostile = 'a\u001b]0;title\u0007b\u001b[2Jc\u009bd\re';
    expect(harmless(hostile)).toBe('a\uFFFD]0;title\uFFFDb\uFFFD[2Jc\uFFFDd\uFFFDe');
    expect(harmless('a;b\r\nc;d')).toBe('a;b\r\nc;d');
    expect(printed(undefined, () => table(['name'], [['x\ny\u001b[1m']]))).toBe('name\nx y[1m\n');
  });
});

describe('what cannot be undone is confirmed', () => {
  const answered = async (typed: string | undefined): Promise<boolean> => {
    const keyboard = Object.assign(new PassThrough(), { isTTY: true });
    const own = Object.getOwnPropertyDescriptor(process, 'stdin');
    const spy = jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
    Object.defineProperty(process, 'stdin', { value: keyboard, configurable: true });
    try {
      const answer = confirmed('3 deliveries will be replayed.', '3', false);
      if (typed === undefined) keyboard.end();
      else keyboard.write(`${typed}\n`);
      return await answer;
    } finally {
      spy.mockRestore();
      if (own !== undefined) Object.defineProperty(process, 'stdin', own);
    }
  };

  test.each([
    ['3', true],
    ['4', false],
    ['y', false],
    ['', false],
    [undefined, false],
  ])('typing %j at a terminal: %s', async (typed, sure) => expect(await answered(typed)).toBe(sure));

  test('--yes asks nothing', async () => expect(await confirmed('x', '3', true)).toBe(true));
});
