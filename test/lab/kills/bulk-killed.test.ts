// A command that is killed in the middle of a replay: a planner finishes it, and no delivery is replayed twice.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { environmentOf } from '../../cli/terminal.ts';
import { openBulkHome, type BulkHome } from '../../support-work/bulk-home.ts';
import { waitersTable } from '../../support/processes.ts';

const root = join(__dirname, '../../..');
let home: BulkHome;
beforeAll(async () => {
  home = await openBulkHome();
});
afterAll(() => home.gateway.close());

interface Run {
  readonly id: number;
  readonly state: string;
  readonly done: number;
}
const runs = (): Promise<readonly Run[]> =>
  home.gateway.owner.all<Run>('SELECT id, state, done FROM bulk_runs');

test('killed while its second step is open, the run is finished by a planner, each delivery once', async () => {
  const { gateway } = home;
  const ids = await home.failed(180, 'KILL');
  const command = spawn(
    process.execPath,
    [
      join(root, 'src/cli/index.ts'),
      ...['replay', '--destination', 'essai-crm', '--state', 'failed', '--reason', 'ticket 12', '--yes'],
    ],
    { env: { PATH: process.env['PATH'] ?? '', ...environmentOf(gateway) }, stdio: 'ignore' },
  );
  const ended = once(command, 'exit') as Promise<[number | null, string | null]>;
  // The second step stops in front of a lead that somebody else holds, with half of it done.
  await gateway.owner.transaction(async (tx) => {
    await tx.all('SELECT id FROM leads WHERE id = (SELECT lead_id FROM deliveries WHERE id = ?) FOR UPDATE', [
      ids.at(-1) ?? 0,
    ]);
    await gateway.until('its first step', async () => (await runs())[0]?.done === 100);
    await gateway.until(
      'its second step is open',
      async () =>
        (await gateway.owner.all(`SELECT 1 FROM ${await waitersTable(gateway.owner)} w`)).length > 0,
    );
    command.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
  });
  expect(await runs()).toMatchObject([{ state: 'running', done: 100 }]);
  await gateway.start('planner');
  await gateway.until('the run is done', async () => (await runs())[0]?.state === 'done');
  expect(await runs()).toMatchObject([{ done: 180 }]);
  const replays = await home.replays();
  expect(ids.filter((id) => replays.get(id) !== 1)).toEqual([]);
});
