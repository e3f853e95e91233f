// How a storm ends: its account is told before anything is closed, and what cannot be closed hides nothing.
import { answered } from './outside.ts';
import { closeAll, onStage } from './stage.ts';

const broken = (what: string) => (): Promise<void> => Promise.reject(new Error(what));

test('the account is told before anything is closed, also where the closing fails', async () => {
  const told: string[] = [];
  const close = async (): Promise<void> => {
    told.push('closing');
    await broken('the book does not go')();
  };
  const work = (): Promise<string> => Promise.resolve('account');
  await expect(onStage({ close }, (account) => told.push(account), work)).rejects.toThrow('the book');
  expect(told).toEqual(['account', 'closing']);
});

test('why the storm failed is said, not what could not be closed after it', async () => {
  await expect(onStage({ close: broken('closing') }, undefined, broken('the storm'))).rejects.toThrow(
    'the storm',
  );
});

test('what is left is closed although one of them fails', async () => {
  const closed: string[] = [];
  const close = (name: string) => (): Promise<unknown> => Promise.resolve(closed.push(name));
  await expect(closeAll([close('fleet'), broken('book'), close('lines')])).rejects.toThrow('book');
  expect(closed).toEqual(['fleet', 'lines']);
});

test('a request that stays under way for ever has no answer; one that is refused has', async () => {
  const reply = (status: number, body: object) => () => Promise.resolve({ status, body } as never);
  expect(await answered(reply(409, {}), 0)).toBeUndefined();
  expect(await answered(reply(503, {}), 0)).toBeUndefined();
  expect(await answered(() => Promise.resolve(undefined), 0)).toBeUndefined();
  expect(await answered(reply(409, { code: 'REPLAY-001' }), 0)).toMatchObject({ status: 409 });
  expect(await answered(reply(200, {}), 0)).toMatchObject({ status: 200 });
});
