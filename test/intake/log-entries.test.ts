// Each row that changes a lead leaves an entry of the hand-over log, without a value of the person.
import { openIntakeHome, type IntakeHome } from './intake-support.ts';
import { about, lead } from './rows.ts';

let home: IntakeHome;
beforeAll(async () => {
  home = await openIntakeHome();
});
afterAll(() => home.close());
beforeEach(() => home.empty());

const entries = (): Promise<readonly object[]> =>
  home.database.all(
    'SELECT entry, actor, lead_revision AS revision, fields, consents FROM handovers ORDER BY id',
  );

test('C23: a correction, a consent and an interaction that come as rows can be cited: names, source and wording, no value', async () => {
  await home.send(lead('LOG-1'));
  await home.intake().acceptBatch(200);
  const before = (await entries()).length;
  await home.send(
    about('LOG-1', 'k-1', { kind: 'correction', last_name: 'Neuve', clear_fields: 'city' }),
    about('LOG-1', 'k-2', {
      kind: 'consent',
      consents: JSON.stringify([
        {
          ...{ purpose: 'marketing', channel: 'sms', state: 'granted' },
          ...{ recordedAt: '2026-11-20T10:00:00Z', wordingVersion: 'w7', source: 'agent-4' },
        },
      ]),
    }),
    about('LOG-1', 'k-3', {
      kind: 'interaction',
      interactions: JSON.stringify([
        { kind: 'outbound_call', at: '2026-11-20T10:00:00Z', content: 'Madame Neuve rappelle' },
      ]),
    }),
  );
  await home.intake().acceptBatch(200);
  expect(await home.refusals()).toEqual([]);
  const written = (await entries()).slice(before);
  expect(written).toEqual([
    { entry: 'corrected', actor: 'intake', revision: 2, fields: 'last_name city', consents: null },
    {
      ...{ entry: 'consent_recorded', actor: 'intake', revision: 3, fields: null },
      consents: JSON.stringify([
        { purpose: 'marketing', channel: 'sms', state: 'granted', field: 'agent-4', value: 'w7' },
      ]),
    },
    { entry: 'interaction_recorded', actor: 'intake', revision: 4, fields: 'outbound_call', consents: null },
  ]);
  expect(JSON.stringify(written)).not.toContain('Neuve');
});

test('a row that is refused, or known already, leaves none', async () => {
  await home.send(lead('LOG-2'), about('LOG-2', 'k-1', { kind: 'correction', last_name: 'Une' }));
  await home.intake().acceptBatch(200);
  const before = (await entries()).length;
  await home.send(
    about('LOG-2', 'k-1', { kind: 'correction', last_name: 'Une' }),
    about('LOG-2', 'k-1', { kind: 'correction', last_name: 'Autre' }),
    about('NONE', 'k-9', { kind: 'correction', last_name: 'Autre' }),
  );
  await home.intake().acceptBatch(200);
  expect((await entries()).length).toBe(before);
});
