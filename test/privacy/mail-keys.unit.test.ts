// The names of mails about a request: one for each recipient, however alike their names are, within what the table holds.
import { keyPart } from '../../src/privacy/requests/follow.ts';

test('recipients whose names differ at their ends alone have mails of their own', () => {
  const long = 'essai-residence-les-terrasses-du-parc-de-la-tete-dor';
  expect(keyPart(`${long}-crm`)).not.toBe(keyPart(`${long}-csv`));
  expect(keyPart('essai-crm')).toBe(keyPart('essai-crm'));
  const most = 4_294_967_295;
  expect(`request-${most}-${keyPart(`${long}-crm`)}-day-28-${most}`.length).toBeLessThanOrEqual(80);
});
