// What is typed, read strictly: numbers, reasons, dates across the changes of the clocks; and what a person's mask shows.
import { instant, known, listLength, reasonOf, wholeNumber } from '../../src/cli/arguments.ts';
import { personFacts } from '../../src/support/masking.ts';
import { age, parisShort, table } from '../../src/cli/terminal.ts';
import { paris } from '../../src/support/words.ts';
import type { Lead } from '../../src/domain/lead.ts';

const noon = new Date('2026-11-25T12:00:00Z');

describe('a reason', () => {
  test.each([undefined, '', '   ', 'ok', ' x '])(
    'is missing when it is %j, and the option is named',
    (given) => {
      expect(() => reasonOf(given)).toThrow(
        expect.objectContaining({
          code: 'USAGE-002',
          message: expect.stringContaining('--reason') as string,
        }) as Error,
      );
      expect(() => reasonOf(given, '--note')).toThrow('Say why with --note');
    },
  );
  test('is cut of the blanks around it', () => expect(reasonOf('  ticket 12 ')).toBe('ticket 12'));
  test('of 200 characters passes, of 201 does not', () => {
    expect(reasonOf('x'.repeat(200))).toHaveLength(200);
    expect(() => reasonOf('x'.repeat(201))).toThrow('200 characters at most');
  });
  test.each(['ask zoe.lefevre@courriel.example', 'ring 06 39 98 01 23'])(
    'is refused unquoted: %s',
    (given) => {
      expect(() => reasonOf(given)).toThrow(expect.objectContaining({ code: 'USAGE-001' }) as Error);
      expect(() => reasonOf(given)).not.toThrow(/courriel|39 98/);
    },
  );
});

describe('numbers and names', () => {
  test.each(['', '-1', '1.5', '1e3', '0x10', ' 7', '٣', '1234567890123456'])('"%s" is no number', (text) =>
    expect(() => wholeNumber(text)).toThrow('is not a whole number'),
  );
  test('a list has 1 to 1000 rows', () => {
    expect([listLength('1'), listLength('1000')]).toEqual([1, 1000]);
    for (const text of ['0', '1001']) expect(() => listLength(text)).toThrow('--limit takes 1 to 1000');
  });
  test('a name off the list is answered with the list', () => {
    expect(known('sms', ['email', 'sms'], 'channel')).toBe('sms');
    expect(() => known('SMS', ['email', 'sms'], 'channel')).toThrow('"SMS" is not a channel: email, sms.');
  });
});

describe('a moment', () => {
  test.each([
    // The day the clocks go forward has 23 hours, the day they go back has 25.
    ['2026-03-29', '2026-03-28T23:00:00.000Z'],
    ['2026-03-30', '2026-03-29T22:00:00.000Z'],
    ['2026-10-25', '2026-10-24T22:00:00.000Z'],
    ['2026-10-26', '2026-10-25T23:00:00.000Z'],
    ['2026-03-29T01:59:59', '2026-03-29T00:59:59.000Z'],
    ['2026-10-25T01:59', '2026-10-24T23:59:00.000Z'],
    // An hour the clocks leap over is read as the one after it.
    ['2026-03-29T02:30', '2026-03-29T01:30:00.000Z'],
    ['2024-02-29', '2024-02-28T23:00:00.000Z'],
    ['2026-11-25T14:00:09.5+01:00', '2026-11-25T13:00:09.500Z'],
  ])('%s is %s', (text, utc) => expect(instant(text)(noon).toISOString()).toBe(utc));

  test('in the hour that comes twice is one of the two', () => {
    expect(['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z']).toContain(
      instant('2026-10-25T02:30')(noon).toISOString(),
    );
  });

  test.each([
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['0m', 0],
  ])("%s ago, from the database's moment", (text, ms) =>
    expect(noon.getTime() - instant(text)(noon).getTime()).toBe(ms),
  );

  test('older than the store can name is the beginning of time', () =>
    expect(instant('999999d')(noon).getTime()).toBe(0));

  test.each([
    ...['2026-02-30', '2026-02-29', '2026-04-31', '2026-02-30T10:00:00Z', '2026-00-10', '2026-01-00'],
    ...['0001-01-01', '0000-01-01T00:00:00Z', '2026-11-25T25:00', '2026-11-25T14:60', '2026-11-25 14:00'],
    ...['2026-11-25T14:00+99:00', '-1d', '1w', '1.5h', '7D'],
  ])('%s does not exist', (text) =>
    expect(() => instant(text)).toThrow(expect.objectContaining({ code: 'USAGE-001' }) as Error),
  );
});

describe('times as support reads them', () => {
  test('are Paris time, the year left out while it is this one', () => {
    expect(paris(new Date('2026-07-14T12:00:09Z'))).toBe('14/07/2026 14:00:09');
    expect([paris(undefined), paris(null), parisShort(undefined, noon)]).toEqual(['-', '-', '-']);
    expect(parisShort(new Date('2001-07-14T12:00:09Z'), noon)).toBe('14/07/2001 14:00:09');
    expect(parisShort(new Date('2026-07-14T12:00:09Z'), noon)).toBe('14/07 14:00:09');
  });
  test.each([
    [5, '5 s'],
    [119, '119 s'],
    [120, '2 min'],
    [7_199, '119 min'],
    [7_200, '2 h'],
    [172_800, '2 d'],
    [-60, '0 s'],
  ])('%i seconds ago: %s', (seconds, text) =>
    expect(age(new Date(noon.getTime() - seconds * 1000), noon)).toBe(text),
  );
});

describe('a person', () => {
  const identity = {
    ...{ lastName: 'Lefèvre', firstName: 'Zoé', email: 'zoe.lefevre@courriel.example' },
    ...{ mobile: '+33639980123', address: { line1: '12 rue X', postcode: '69003', city: 'Lyon' } },
  };
  const lead = { identity } as unknown as Lead;

  test('masked shows initials and two digits; what is missing is a dash', () => {
    expect(personFacts(lead, false).map(({ value }) => value)).toEqual(
      ['L***', 'Z***', 'z***@c***.example', '+33******23', '-', 'L***'], // prettier-ignore
    );
  });
  test('revealed is whole; erased, neither shows anything', () => {
    expect(personFacts(lead, true).map(({ value }) => value)).toEqual(
      ['Lefèvre', 'Zoé', 'zoe.lefevre@courriel.example', '+33639980123', '-', 'Lyon'], // prettier-ignore
    );
    const erased = { identity, erasedAt: new Date() } as unknown as Lead;
    for (const reveal of [true, false]) expect(personFacts(erased, reveal)).toEqual([]);
  });
  test('of one letter, or with a sign outside the first plane, gives away no half of it', () => {
    const [name] = personFacts({ identity: { lastName: '𠮷野' } } as unknown as Lead, false);
    expect(name).toEqual({ name: 'lastName', value: '𠮷***' });
  });
});

describe('a table on a terminal', () => {
  const shown = (
    columns: number,
    head: readonly string[],
    rows: readonly (readonly string[])[],
  ): readonly string[] => {
    let text = '';
    const before = { isTTY: process.stdout.isTTY, columns: process.stdout.columns };
    const colours = Object.getOwnPropertyDescriptor(process.stdout, 'hasColors');
    const spy = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    });
    Object.assign(process.stdout, { isTTY: true, columns, hasColors: () => false });
    try {
      table(head, rows);
    } finally {
      spy.mockRestore();
      Object.assign(process.stdout, before);
      if (colours === undefined) Reflect.deleteProperty(process.stdout, 'hasColors');
    }
    return text.split('\n').slice(0, -1);
  };

  test.each([24, 30, 40, 60, 80, 120])('of %i columns holds every line', (columns) => {
    const lines = shown(
      columns,
      ['a', 'text', 'note'],
      [['1', 'x'.repeat(70), 'y'.repeat(35)], ['22', 'short', 'z']], // prettier-ignore
    );
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  });

  test('too narrow for anything is still printed, a row a line', () => {
    expect(shown(5, ['text', 'note'], [['x'.repeat(40), 'y'.repeat(40)]])).toEqual([
      'text      note',
      'xxxxxxx…  yyyyyyy…',
    ]);
  });

  test('without rows shows its head', () => expect(shown(80, ['id', 'text'], [])).toEqual(['id  text']));
});
