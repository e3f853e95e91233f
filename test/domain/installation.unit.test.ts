// Whose a Redis is, told from the identity it bears and from what the database remembers.
import {
  belongingOf,
  identityText,
  parseIdentity,
  type Belonging,
  type OwnIdentity,
} from '../../src/domain/installation.ts';

const own: OwnIdentity = {
  installation: 'house-1',
  life: 'life-1',
  entry: 90,
  entryAt: '20261125T100000.000001',
  seenAt: '20261125T095959.000001',
  seenArchived: false,
};
const seen = { ...own, entry: 80, entryAt: '20261125T095959.000001' };

test.each<[string, string | undefined, Partial<OwnIdentity>, Belonging]>([
  ['new or flushed', undefined, {}, 'unclaimed'],
  ['followed up to an entry we have', identityText(seen), {}, 'ours'],
  ['claimed before anything was logged', identityText({ ...own, entry: 0, entryAt: '' }), {}, 'ours'],
  [
    'followed up to an entry that stands in an archive',
    identityText(seen),
    { seenAt: undefined, seenArchived: true },
    'ours',
  ],
  ['of another database', identityText({ ...seen, installation: 'house-2' }), {}, 'another_installation'],
  ['bearing anything else under that name', 'x', {}, 'another_installation'],
  ['of another life of ours', identityText({ ...seen, life: 'life-0' }), {}, 'another_life'],
  [
    'ahead of a database restored from a dump',
    identityText(seen),
    { entry: 70, seenAt: undefined },
    'database_behind',
  ],
  [
    'ahead, though the restored database has given the number anew',
    identityText(seen),
    { seenAt: '20261125T113000.000001' },
    'database_behind',
  ],
])('a Redis %s', (_what, found, over, belonging) => {
  expect(belongingOf(found, { ...own, ...over })).toBe(belonging);
});

test('what is written is read back', () => {
  for (const identity of [seen, { ...seen, entry: 0, entryAt: '' }]) {
    const { installation, life, entry, entryAt } = identity;
    expect(parseIdentity(identityText(identity))).toEqual({ installation, life, entry, entryAt });
  }
});
