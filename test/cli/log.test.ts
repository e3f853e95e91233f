// relais log verify after somebody with the owner's account was at the log: the first broken entry is named, exit code 1.
import { createSealer } from '../../src/privacy/seal.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { environmentOf, terminalOf, type Relais } from './terminal.ts';

let gateway: Gateway;
let relais: Relais;
const verify = (...more: readonly string[]) => relais('log', 'verify', ...more);
/** As the owner, with the triggers that keep the log append-only dropped. */
const tamper = (statement: string, ...values: readonly (number | string)[]): Promise<unknown> =>
  gateway.owner.run(statement, values);
const sealAll = async (): Promise<void> => {
  while ((await gateway.app.sealer.seal(2)) > 0);
};

beforeEach(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  relais = terminalOf(environmentOf(gateway));
});
afterEach(() => gateway.close());

/** Look-ups by support: five entries of the log, two under a seal. Returns their ids. */
async function fill(): Promise<readonly number[]> {
  await relais('mapping', 'publish', 'essai-crm', '--note', 'first');
  await gateway.send(leadRow('LG-1'));
  while ((await gateway.app.intake.acceptBatch(10)).taken > 0);
  for (const number of [1, 2, 3, 4])
    await relais('lead', 'find', '--reference', 'LG-1', '--reason', `ticket ${number}`);
  await sealAll();
  for (const trigger of ['handovers_no_update', 'handovers_no_delete', 'seals_no_update', 'seals_no_delete'])
    await gateway.owner.text(`DROP TRIGGER ${trigger}`);
  const rows = await gateway.owner.all<{ id: number }>('SELECT id FROM handovers ORDER BY id');
  return rows.map((row) => row.id);
}

test('an empty log verifies and has no anchor yet; what waits for a seal is counted', async () => {
  expect((await verify()).out).toMatch(/^The log verifies: 0 entries under 0 seals/);
  expect(await relais('log', 'anchor')).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/^FIND-001 Nothing is sealed yet\./) as string,
  });
  await relais('mapping', 'publish', 'essai-crm', '--note', 'first');
  const ran = await verify();
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.err).toMatch(/^\d+ entries wait for the next seal\.\n/);
});

test('each trace is told in words, with the entry, the seal and what to do, and nothing on standard output', async () => {
  const ids = await fill();
  const anchor = (await relais('log', 'anchor')).out.trim();
  expect(await verify('--anchor', anchor)).toMatchObject({ code: 0, err: '' });
  const id = (from: number): number => ids.at(from) ?? 0;
  const broken = async (words: string, where: string): Promise<void> => {
    const ran = await verify();
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain(`LOG-001 The log does not verify: ${words} (${where})`);
    expect(ran.err).toContain('\n→ Keep the database as it is');
    expect(ran.err).not.toMatch(/ticket|Lef/);
  };
  const seals = Math.ceil(ids.length / 2);

  await tamper("INSERT INTO handovers (at, entry, client_id) VALUES (UTC_TIMESTAMP(6), 'departed', 'essai')");
  const [stray] = await gateway.owner.all<{ id: number }>('SELECT MAX(id) AS id FROM handovers');
  await broken(
    'an entry came in past the gateway: it is in no seal and waits for none',
    `entry_unsealed, entry ${stray?.id ?? 0}`,
  );
  await tamper('DELETE FROM handovers WHERE id = ?', stray?.id ?? 0);

  await tamper('UPDATE handovers SET actor = ? WHERE id = ?', 'Anne', id(-1));
  await broken('an entry was changed after it was sealed', `entry_changed, entry ${id(-1)}, seal ${seals}`);
  await tamper('DELETE FROM handovers WHERE id = ?', id(1));
  await broken('a sealed entry is missing', `entry_missing, entry ${id(1)}, seal 1`);
  await tamper('UPDATE seals SET count = count + 1 WHERE sequence = 1');
  await broken('a seal was changed, or is not one that the gateway made', 'seal_changed, seal 1');
  await tamper('DELETE FROM seals WHERE sequence = 1');
  await broken('a seal is missing', 'seal_missing, seal 1');
});

test('a tail cut clean off is seen by the anchor alone; a log written anew differs from it', async () => {
  const ids = await fill();
  const anchor = (await relais('log', 'anchor')).out.trim();
  const last = Number(anchor.split(':')[0]);
  const sealed = await gateway.owner.all<{ entries: string }>(
    'SELECT entries FROM seals WHERE sequence = ?',
    [last],
  );
  const from = Number(/^\d+/.exec(sealed[0]?.entries ?? '')?.[0] ?? ids.at(-1));
  await tamper('DELETE FROM handovers WHERE id >= ?', from);
  await tamper('DELETE FROM seals WHERE sequence = ?', last);
  expect(await verify()).toMatchObject({ code: 0 });
  const cut = await verify('--anchor', anchor);
  expect(cut).toMatchObject({ code: 1, out: '' });
  expect(cut.err).toContain(
    `the end of the log was cut: the anchored seal is gone; to be expected where a backup from before the anchor was restored (anchor_missing, seal ${last})`,
  );

  await relais('lead', 'find', '--reference', 'LG-1', '--reason', 'ticket 9');
  // The planner that saw the seal refuses to go on, and says so; only one started since knows nothing of it.
  await expect(gateway.app.sealer.seal(100)).resolves.toBe(0);
  expect(await gateway.owner.all("SELECT reason FROM alerts WHERE kind = 'log_altered'")).toEqual([
    { reason: `seal_missing:${last}` },
  ]);
  const { database, keys, log } = gateway.app;
  await createSealer({ database, sealKeys: keys.seal, log }).seal(100);
  const differs = await verify('--anchor', anchor);
  expect(differs).toMatchObject({ code: 1, out: '' });
  expect(differs.err).toContain(
    `the log was rewritten: the anchored seal differs; to be expected where a backup from before the anchor was restored (anchor_differs, seal ${last})`,
  );
});

test('with another key nothing is verified: it is told as a wrong key, not as an altered log', async () => {
  await fill();
  const other = { RELAIS_SEAL_KEY: Buffer.alloc(32, 7).toString('base64') };
  const ran = await terminalOf(environmentOf(gateway, other))('log', 'verify');
  expect(ran).toMatchObject({ code: 78, out: '' });
  expect(ran.err).toMatch(/^KEY-002 /);
});
