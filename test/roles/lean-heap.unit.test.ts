// A process at rest gives back the memory that busy times took, and is not paused while it works.
import { collectingAtRest } from '../../src/roles/lean-heap.ts';

const megabyte = 1_000_000;

function heapOf(megabytes: number, live: number) {
  const heap = { busy: 0.01, megabytes, collections: 0, last: '' };
  const look = collectingAtRest({
    busy: () => heap.busy,
    bytes: () => heap.megabytes * megabyte,
    collect: (flavor) => {
      heap.collections += 1;
      heap.last = flavor;
      heap.megabytes = live;
    },
  });
  return { heap, look };
}

test('a process at rest collects what busy times left, and a process at work does not', () => {
  const { heap, look } = heapOf(140, 80);
  heap.busy = 0.2;
  look();
  expect(heap.collections).toBe(0);
  heap.busy = 0.02;
  look();
  expect(heap).toMatchObject({ collections: 1, megabytes: 80 });
});

test('a heap that has hardly grown since is left alone, and one that grows at rest is collected once in three looks', () => {
  const { heap, look } = heapOf(140, 80);
  look();
  heap.megabytes = 91;
  for (let times = 0; times < 2; times += 1) look();
  expect(heap.collections).toBe(1);
  const grown = (): number => {
    heap.megabytes = 110;
    look();
    return heap.collections;
  };
  expect([grown(), grown(), grown(), grown()]).toEqual([2, 2, 2, 3]);
});

test('once workers are closed a heap is collected that has hardly grown, once for each time at rest', () => {
  const { heap, look } = heapOf(85, 80);
  const after = (looks: number): number => {
    for (let times = 0; times < looks; times += 1) look();
    return heap.collections;
  };
  look();
  heap.megabytes = 85;
  expect([after(2), heap.last, after(1), heap.last, after(9)]).toEqual([1, 'regular', 2, 'last-resort', 2]);
  heap.busy = 0.2;
  look();
  heap.busy = 0.01;
  heap.megabytes = 85;
  expect([after(3), after(1), after(9)]).toEqual([2, 3, 3]);
});
