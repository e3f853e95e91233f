// A lead whose row the client's file cannot hold, or whose departure breaks: it fails alone, and the file's others leave under
// their own opt-in.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDropGateway, type DropGateway } from './drop.ts';
import { strangerRow } from './gateway.ts';

let gateway: DropGateway;
beforeEach(async () => {
  gateway = await openDropGateway();
  const text = gateway
    .fileOf('essai/csv.yaml')
    .replace(
      /^csv: .*$/m,
      "csv: { delimiter: ';', quote: none, encoding: windows-1252, unmappable: error, eol: lf, header: false }",
    )
    .replace(
      /^fields: .*$/m,
      'fields: [{ to: NOM, from: identity.lastName }, { consent: rest }, { to: REF, from: id }]',
    );
  gateway.file('essai/csv.yaml', text);
  await gateway.app.publishing.publish({ destinationId: 'essai-csv', author: 'tester', note: 'unquoted' });
});
afterEach(() => gateway.close());

test('a delimiter, a letter lost before us and an undefined byte stop their own lead only', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(
    strangerRow('U-1', { last_name: 'Petit' }),
    strangerRow('U-2', { last_name: 'Du;rand' }),
    strangerRow('U-3', { last_name: 'L\uFFFDvy' }),
    strangerRow('U-4', { last_name: 'Œuvrard' }),
  );
  await gateway.collectable(4);
  await gateway.ask();
  await gateway.until('two left', async () => (await gateway.counts())['delivered:accepted'] === 2);
  expect(await gateway.counts()).toEqual({
    'delivered:accepted': 2,
    'failed:invalid:UNQUOTABLE': 1,
    'failed:invalid:UNMAPPABLE': 1,
  });
  const [name = ''] = gateway.drops();
  const rows = new TextDecoder('windows-1252')
    .decode(readFileSync(join(gateway.folder, name)))
    .trim()
    .split('\n');
  expect(rows.toSorted()).toEqual(['Petit;O;U-1', 'Œuvrard;O;U-4']);
});

test('one whose departure always breaks waits alone, with an alert; the others leave in one file', async () => {
  await gateway.start('planner', 'worker');
  const names = ['1', '2', '3', '4', '5'].map((n) => `D-${n}`);
  await gateway.send(...names.map((name) => strangerRow(name)));
  await gateway.collectable(5);
  await gateway.owner.text(
    `CREATE TRIGGER poison BEFORE INSERT ON handovers FOR EACH ROW
       IF NEW.entry = 'departed' AND (SELECT l.reference FROM leads l WHERE l.id = NEW.lead_id) = 'D-3'
       THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF`,
  );
  await gateway.ask();
  await gateway.until('four left', async () => (await gateway.counts())['delivered:accepted'] === 4);
  await gateway.until('one waits', async () => (await gateway.counts())['waiting:broken:SQL_1644'] === 1);
  const alerts = await gateway.owner.all("SELECT 1 FROM alerts WHERE kind = 'internal_error'");
  expect(alerts.length).toBeGreaterThan(0);
  expect(gateway.drops()).toHaveLength(1);
  const rows = gateway.drops().flatMap((name) => gateway.text(name).trim().split('\n'));
  expect(rows.map((row) => row.slice(row.lastIndexOf(';') + 1)).toSorted()).toEqual([
    'D-1',
    'D-2',
    'D-4',
    'D-5',
  ]);
  expect(await gateway.stranded()).toBe(0);
});
