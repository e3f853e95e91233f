// The advice for each kind of alert.
import { alertAdvice, alertKinds } from '../../src/domain/alert-kinds.ts';

const commandOf = (kind: (typeof alertKinds)[number], destinationId = 'essai-crm', reason = ''): string =>
  alertAdvice({ kind, destinationId, clientId: 'essai', reason }).command ?? '';

test('the command of an alert names its client and destination, and reads the same in both languages', () => {
  expect(alertKinds.filter((kind) => /\bou\b|puis|CLIENT|NUMÉRO/.test(commandOf(kind)))).toEqual([]);
  expect(commandOf('anomalies_pile_up')).toBe('relais client anomalies essai');
  expect(commandOf('go_live_incomplete')).toBe('relais client check essai');
});

test('a withdrawal whose row was refused leads to the refused rows, one that waits at a destination to its tasks', () => {
  expect(commandOf('right_waits', '')).toBe('relais lead refusals --client essai');
  expect(commandOf('right_waits')).toBe('relais task list --destination essai-crm');
});

test('what Relais set aside is taken in again by its own command, a row or the planning', () => {
  expect(commandOf('intake_failed', '', 'SET_ASIDE')).toBe('relais lead refusals --client essai');
  expect(commandOf('intake_failed', '', 'PLANNING:SET_ASIDE')).toBe('relais lead replan --client essai');
});
