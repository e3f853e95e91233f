// Who may receive (C17, C18): deny by default, and only a live authorisation that covers every target opens.
import fc from 'fast-check';
import {
  coveringAuthorisation,
  liveAuthorisations,
  type Authorisation,
} from '../../src/domain/destination.ts';

const day = 86_400_000;
const now = new Date('2026-11-02T09:00:00Z');
const at = (days: number): Date => new Date(now.getTime() + days * day);
const authorisation = (over: Partial<Authorisation> = {}): Authorisation => ({
  id: 1,
  clientId: 'horizon',
  destinationId: 'horizon-crm',
  recipient: 'Horizon, équipe commerciale',
  targets: ['crm.horizon.example', 'leads@horizon.example'],
  categories: ['identity'],
  documentRef: 'Contrat 2026-04',
  validFrom: at(-10),
  ...over,
});
const covers = (all: readonly Authorisation[], ...targets: string[]): boolean =>
  coveringAuthorisation(all, targets, ['identity'], now) !== undefined;

test('C17: without an authorisation nothing leaves', () => {
  expect(covers([], 'crm.horizon.example')).toBe(false);
  expect(covers([])).toBe(false);
});
test('C18: a live authorisation covers its own targets, whatever their letter case', () => {
  expect(covers([authorisation()], 'crm.horizon.example')).toBe(true);
  expect(covers([authorisation()], 'CRM.Horizon.example')).toBe(true);
});
test.each([
  'other.example',
  'horizon.example',
  'evil-crm.horizon.example',
  'crm.horizon.example.evil.example',
  'crm.horizon.example:8443',
  '',
])('C18: a target it does not name is not covered: "%s"', (target) => {
  expect(covers([authorisation()], target)).toBe(false);
});
test('C18: every target must be covered, and by one authorisation', () => {
  expect(covers([authorisation()], 'crm.horizon.example', 'other.example')).toBe(false);
  const half = [authorisation({ targets: ['a.example'] }), authorisation({ id: 2, targets: ['b.example'] })];
  expect(covers(half, 'a.example', 'b.example')).toBe(false);
});
test.each<[string, Partial<Authorisation>, boolean]>([
  ['revoked', { revokedAt: at(-1) }, false],
  ['revoked, even if a later instant is written', { revokedAt: at(1) }, false],
  ['expired', { validUntil: at(-1) }, false],
  ['ending at this very instant', { validUntil: now }, false],
  ['ending in a millisecond', { validUntil: new Date(now.getTime() + 1) }, true],
  ['not yet valid', { validFrom: new Date(now.getTime() + 1) }, false],
  ['valid from this very instant', { validFrom: now }, true],
])('C18: an authorisation %s', (_title, over, expected) => {
  expect(covers([authorisation(over)], 'crm.horizon.example')).toBe(expected);
});
test('C18: a dead authorisation beside a live one does not stand in its way', () => {
  const both = [authorisation({ revokedAt: at(-1) }), authorisation({ id: 2 })];
  expect(coveringAuthorisation(both, ['crm.horizon.example'], ['identity'], now)?.id).toBe(2);
});
test('C18: of two that cover the targets, the one that covers the data too comes first', () => {
  const both = [authorisation(), authorisation({ id: 2, categories: ['identity', 'financial'] })];
  const chosen = (...categories: ('identity' | 'financial' | 'project')[]): number | undefined =>
    coveringAuthorisation(both, ['crm.horizon.example'], categories, now)?.id;
  expect([chosen('identity'), chosen('identity', 'financial'), chosen('project')]).toEqual([1, 2, 1]);
});
test('C17, C18: whatever the authorisations, the one found is live and names every target', () => {
  const names = fc.constantFrom('a.example', 'b.example', 'c.example');
  const instant = fc.option(fc.integer({ min: -3, max: 3 }).map(at), { nil: undefined });
  const any = fc
    .record({
      targets: fc.uniqueArray(names),
      validFrom: fc.integer({ min: -3, max: 3 }).map(at),
      validUntil: instant,
      revokedAt: instant,
    })
    .map(({ targets, validFrom, validUntil, revokedAt }) =>
      authorisation({
        ...{ targets, validFrom },
        ...(validUntil === undefined ? {} : { validUntil }),
        ...(revokedAt === undefined ? {} : { revokedAt }),
      }),
    );
  fc.assert(
    fc.property(fc.array(any, { maxLength: 6 }), fc.uniqueArray(names, { minLength: 1 }), (all, targets) => {
      const live = all.filter(
        (candidate) =>
          !candidate.revokedAt &&
          candidate.validFrom <= now &&
          !(candidate.validUntil && candidate.validUntil <= now),
      );
      expect(liveAuthorisations(all, now)).toEqual(live);
      const able = live.filter((one) => targets.every((target) => one.targets.includes(target)));
      expect(coveringAuthorisation(all, targets, ['identity'], now)).toBe(able[0]);
    }),
    { numRuns: 500 },
  );
});
