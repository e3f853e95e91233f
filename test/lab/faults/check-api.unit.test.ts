// The checker itself, fourth part: what was answered over HTTP, the feed of events, the console.
import { delivery, entry, handed, lead, outcome, plain, red } from './forged.ts';
import { zeros } from './zeros.ts';

test('a posted lead that was answered as accepted is there, under the number that was answered', () => {
  const posted = (reference: string, number: number) => ({
    posted: [{ reference, state: 'accepted', lead: number }],
  });
  expect(red(plain(posted('F-1', 1)))).toEqual([]);
  expect(red(plain(posted('F-1', 0)))).toEqual([]);
  expect(red(plain(posted('F-1', 2)))).toEqual([zeros.posted]);
  expect(red(plain(posted('F-2', 2)))).toEqual([zeros.posted]);
});

test('a lead that was posted to an operation that is over was refused for it later, which is no loss', () => {
  const row = { reference: 'O-1-5', rowReference: '', status: 'refused', refusal: '"OPERATION_ENDED"' };
  const posted = [{ reference: 'O-1-5', state: 'received', lead: 0 }];
  const both = { handedIn: [handed({}), handed({ reference: 'O-1-5' })], leads: [lead({})] };
  expect(red(plain({ ...both, posted, rows: [row] }))).toEqual([]);
  expect(red(plain({ ...both, posted }))).toEqual([zeros.lost]);
});

test('a posted lead that was answered as refused, since answers were lost, has been erased', () => {
  const posted = [{ reference: 'F-1', state: 'refused', lead: 0 }];
  expect(red(plain({ posted }))).toEqual([zeros.posted]);
  expect(red(plain({ posted, leads: [lead({ erased: true })] }))).not.toContain(zeros.posted);
});

test('another answer under one key, and an act that was done twice', () => {
  const act = (): object => entry({ entry: 'replayed', purpose: 'storm act 3', deliveryId: 0, leadId: 0 });
  const acts = (times: number) => [...plain().entries, ...Array.from({ length: times }, act)] as never;
  expect(red(plain({ entries: acts(1) }))).toEqual([]);
  expect(red(plain({ entries: acts(2) }))).toEqual([zeros.answers]);
  expect(red(plain({ wrongAnswers: ['/v1/leads: another answer under storm-1'] }))).toEqual([zeros.answers]);
});

test('a yes of who comes for its leads is in the log, and one of a run is an acceptance', () => {
  const acknowledged = [{ key: 'k1', lease: '1-1-7' }];
  expect(red(plain({ acknowledged }))).toEqual([]);
  expect(red(plain({ acknowledged: [{ key: 'k1', lease: '1-2-8' }] }))).toEqual([zeros.yes]);
  const again = entry({ attempt: 2 });
  const both = (second: string): readonly string[] =>
    red(
      plain({
        acknowledged: [...acknowledged, { key: 'k1', lease: '1-2-8' }],
        deliveries: [delivery({})],
        entries: [entry({}), outcome(), again, outcome({ attempt: 2, outcome: second })],
      }),
    );
  expect(both('duplicate')).toEqual([]);
  expect(both('accepted')).toEqual([zeros.yes]);
});

test('a lease is unknown only where its lead is gone', () => {
  const unknown = [{ key: 'k1', lease: '1-1-7' }];
  expect(red(plain({ unknown }))).toEqual([zeros.yes]);
  expect(red(plain({ unknown, leads: [lead({ erased: true, gone: true })] }))).not.toContain(zeros.yes);
});

test('the feed: an event missed, told twice, out of order, or none', () => {
  const feed = (...events: number[]): readonly string[] => red(plain({ events, eventsOwed: [1, 3, 2] }));
  expect(feed(1, 3, 2)).toEqual([]);
  for (const wrong of [
    [1, 3],
    [1, 3, 3, 2],
    [1, 2, 3],
    [1, 3, 2, 4],
  ])
    expect(feed(...wrong)).toEqual([zeros.feed]);
});

test('a page that a session does not open any more', () => {
  expect(red(plain({ shutOut: ['/tasks: 503'] }))).toEqual([zeros.shutOut]);
});
