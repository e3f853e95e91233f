// Files keep to the hours of their destination: a slot outside them is put off to the opening, but for what a prospect takes back.
import { openDropGateway, type DropGateway } from './drop.ts';
import { strangerRow } from './gateway.ts';
import { closed, open, opening } from './hours.ts';

let drop: DropGateway;
beforeEach(async () => {
  drop = await openDropGateway({ extra: `${open}\nupdate: {}` });
});
afterEach(() => drop.close());

test('a file whose slot falls outside the hours leaves at the opening; one with a withdrawal at its slot', async () => {
  await drop.start('planner', 'worker');
  await drop.send(strangerRow('F-1'), strangerRow('F-2'));
  await drop.collectable(2);
  await drop.ask();
  await drop.until('delivered', async () => (await drop.states("d.state = 'delivered'")).length === 2);
  await drop.publish({ extra: `${closed()}\nupdate: {}` });
  await drop.send(strangerRow('F-3'));
  await drop.collectable(1);
  await drop.app.rights.withdraw({
    clientId: 'essai',
    reference: 'F-1',
    actor: 'tester',
    reason: 'request 3',
    purpose: 'marketing',
    channels: ['email'],
  });
  await drop.collectable(2);
  await drop.ask();
  const slots = () =>
    drop.owner.all<{ slot_at: Date; state: string }>(
      "SELECT slot_at, state FROM slots WHERE asked_by = 'hours'",
    );
  await drop.until('put off', async () => (await slots()).length === 1);
  expect(await slots()).toEqual([{ slot_at: new Date(opening()), state: 'due' }]);
  await drop.until('the withdrawal', async () => drop.drops().length === 2);
  await drop.collectable(1);
  await drop.publish({ extra: `${open}\nupdate: {}` });
  await drop.until('delivered', async () => drop.drops().length === 3);
});
