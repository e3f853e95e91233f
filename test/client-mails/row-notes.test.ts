// C48: what rows change in persons' data is a note of its day, once, of fields and never of values; what a request changes is not told twice.
import { createRowNotes, writeRowNotes } from '../../src/client-mails/notes.ts';
import { addDays, civilDate, frenchDate, startOfDay } from '../../src/domain/civil-date.ts';
import { listNotes } from '../../src/store/alerts/client-mails.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
beforeEach(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterEach(() => gateway.close());

const rowNotes = async () =>
  (await listNotes(gateway.app.database, 'essai', 100, 1_000)).filter(({ kind }) => kind === 'rows_changed');
const justNow = (): Date => new Date(Date.now() - 60_000);
const answer = (channel: string, state: string): string =>
  JSON.stringify([{ purpose: 'marketing', channel, state, recordedAt: justNow() }]);

/** A lead, and rows that change it: a correction, a withdrawal, a grant, an interaction; a request corrects it too. */
async function changes(): Promise<void> {
  const { app } = gateway;
  const row = (kind: string, name: string) => ({
    ...{ client_id: 'essai', kind, reference: 'N-1', row_reference: `N-1-${name}` },
  });
  await gateway.send(strangerRow('N-1', { last_name: 'Canarilefèvre' }));
  await app.intake.acceptBatch(10);
  await gateway.send(
    { ...row('correction', 'corrected'), last_name: 'Canarinouveau', mobile: '+33639984412' },
    { ...row('consent', 'taken-back'), consents: answer('email', 'withdrawn') },
    { ...row('consent', 'granted'), consents: answer('post', 'granted') },
    {
      ...row('interaction', 'call'),
      interactions: JSON.stringify([{ kind: 'inbound_call', at: justNow() }]),
    },
  );
  while ((await app.intake.acceptBatch(10)).taken > 0);
  const { id } = await app.requests.open({
    ...{ clientId: 'essai', kind: 'rectification', references: ['N-1'], identity: 'seen', actor: 'tester' },
  });
  await app.requests.apply(id, {
    ...{ selection: { leads: ['N-1'], rows: 'all' }, actor: 'tester' },
    corrections: { values: { first_name: 'Canariprénom' }, clear: [] },
  });
}

test('C48: corrections and withdrawals that come as rows are one note of the day, by field and entry of the log', async () => {
  const { database } = gateway.app;
  const day = civilDate(database.now());
  await changes();
  expect(await writeRowNotes(database, addDays(day, -1))).toBe(0);
  // Two planners at once, and one that comes later.
  const written = await Promise.all([writeRowNotes(database, day), writeRowNotes(database, day)]);
  expect(written.toSorted((a, b) => a - b)).toEqual([0, 1]);
  expect(await writeRowNotes(database, day)).toBe(0);
  const [note, ...more] = await rowNotes();
  expect(more).toEqual([]);
  expect(note).toMatchObject({
    title: `données de personnes modifiées par des lignes reçues le ${frenchDate(day)}`,
    askedBy: 'les outils de collecte du centre, par les lignes reçues',
  });
  expect(note?.changes).toEqual([
    expect.stringMatching(/^\d\d:\d\d, champs corrigés : .+, .+ \(écriture n° \d+ du journal\)$/) as string,
    expect.stringMatching(
      /^\d\d:\d\d, prospection par e-mail : refus ou retrait enregistré \(écriture/,
    ) as string,
  ]);
  expect(JSON.stringify(note)).not.toMatch(/canari|3363998/i);
  expect(
    await gateway.owner.all('SELECT addressee FROM client_mails WHERE mail_key = ? ORDER BY addressee', [
      `note-${note?.number}`,
    ]),
  ).toEqual([{ addressee: 'contact' }, { addressee: 'dpo' }]);
});

test('C48: a day is told when it is over and what began on it has committed', async () => {
  const { database } = gateway.app;
  const day = civilDate(database.now());
  await changes();
  const midnight = startOfDay(addDays(day, 1)).getTime();
  let at = new Date(midnight + 30 * 60_000);
  const due = createRowNotes({ ...database, now: () => at });
  expect(await due()).toBe(0);
  at = new Date(midnight + 90 * 60_000);
  expect(await due()).toBe(1);
  expect(await due()).toBe(0);
  expect(await rowNotes()).toHaveLength(1);
});
