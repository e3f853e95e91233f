// The source that is suggested for one that does not exist.
import { nearestSource } from '../../../src/mapping/fields/source.ts';

test('the name of a column leads to the source that has its value', () => {
  expect(
    ['reference', 'client_id', 'last_name', 'address_line1', 'collected_by', 'budget_max'].map((name) =>
      nearestSource(name),
    ),
  ).toEqual([
    ...['id', 'client.id', 'identity.lastName'],
    ...['identity.address.line1', 'origin.collectedBy', 'project.budgetMax'],
  ]);
});

test('a misspelt source leads to the one that was meant', () => {
  expect(nearestSource('project.bugdet')).toBe('project.budgetMax');
  expect(nearestSource('identity.name')).toBe('identity.lastName');
  expect(nearestSource('city')).toBe('identity.address.city');
});

test('another fact of the person, of the client or of the delivery is suggested for none', () => {
  for (const name of ['identity.tel', 'name', 'key', 'cp', 'zip', 'delivery.id', 'batch.date'])
    expect([name, nearestSource(name)]).toEqual([name, undefined]);
});
