// C04 to C07: what is collected is a closed list for each category, and what is not on it is refused by its name alone.
import { columnFacts } from '../../src/domain/lead-fields/columns.ts';
import { channels, type DataCategory } from '../../src/domain/lead-values.ts';
import { checkRow } from '../../src/intake/contract.ts';
import { lead, now } from './rows.ts';

const refusalsOf = (more: Readonly<Record<string, unknown>>): string => {
  const checked = checkRow({ ...lead('AB-1'), ...more }, now);
  return 'row' in checked ? '' : JSON.stringify(checked.refusals);
};
const columnsOf = (category: DataCategory): readonly string[] =>
  columnFacts.flatMap((facts) => (facts.category === category ? [facts.column] : []));

test('C04: a request comes by one of the four ways of the charter', () => {
  expect(channels).toEqual(['inbound_call', 'callback', 'requalification', 'web_form']);
  for (const channel of channels) expect(refusalsOf({ channel })).toBe('');
  expect(refusalsOf({ channel: 'bought_list' })).toContain('"channel"');
});

test('C05: of a person civility, names, addresses and phones are taken, and no more', () => {
  expect(columnsOf('identity').toSorted()).toEqual(
    [
      ...['civility', 'last_name', 'first_name', 'email', 'mobile', 'landline'],
      ...['address_line1', 'address_line2', 'postcode', 'city', 'country'],
    ].toSorted(),
  );
  const refused = refusalsOf({ religion: 'Exemple-Secret', mobile: '06 39 98 12 34' });
  expect(refused).toContain('religion');
  expect(refused).toContain('mobile');
  expect(refused).not.toMatch(/Exemple-Secret|39 98/);
});

test('C06: of the project the programme, the home, its purpose and the budget are taken', () => {
  expect(columnsOf('project').toSorted()).toEqual(
    [
      ...['programme', 'operation', 'housing_type', 'rooms', 'surface_min', 'surface_max', 'housing_use'],
      ...['budget_min', 'budget_max', 'location', 'comment'],
    ].toSorted(),
  );
});

test('C07: the advertisement, the place, the time and the length of a call are stored apart from the person', () => {
  const statistical = columnsOf('statistical');
  for (const column of [
    'origin_type',
    'origin_media',
    'origin_support',
    'recording',
    'commune',
    'departement',
  ])
    expect(statistical).toContain(column);
  for (const column of ['collected_at', 'talk_started_at', 'talk_duration'])
    expect(statistical).toContain(column);
  const tables = columnFacts.filter(({ category }) => category === 'statistical').map(({ table }) => table);
  expect(tables).not.toContain('prospects');
});
