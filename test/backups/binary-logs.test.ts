// C44: erased persons are in the binary log until it expires; the server says when.
import { binaryLogSeconds } from '../../src/store/backups/binary-logs.ts';
import { openStoreHome } from '../store/home.ts';

const told = (values: Readonly<Record<string, string>>): Promise<number> =>
  binaryLogSeconds({
    all: <Row>() =>
      Promise.resolve(
        Object.entries(values).map(([Variable_name, Value]) => ({ Variable_name, Value })) as Row[],
      ),
  });

test('no log is none to expire; a log that nothing removes is kept for ever', async () => {
  const on = { log_bin: 'ON', binlog_expire_logs_seconds: '691200' };
  expect(await told({ ...on, log_bin: 'OFF' })).toBe(0);
  expect(await told(on)).toBe(691_200);
  expect(await told({ ...on, binlog_expire_logs_seconds: '0' })).toBe(Infinity);
  expect(await told({ ...on, binlog_expire_logs_auto_purge: 'OFF' })).toBe(Infinity);
});

test('the server answers the gateway’s own account', async () => {
  const home = await openStoreHome();
  const [set] = await home.owner.all<{ isOn: number; seconds: number }>(
    'SELECT @@log_bin AS isOn, @@binlog_expire_logs_seconds AS seconds',
  );
  expect(await binaryLogSeconds(home.gateway)).toBe(set?.isOn === 1 ? Number(set.seconds) : 0);
  await home.close();
});
