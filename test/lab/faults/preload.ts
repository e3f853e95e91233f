// Loaded before the gateway in a process of the storm: kills it at a numbered step, shifts its clock when told,
// and says when one thing kept it busy for seconds.
// Invariant: the gateway's own code is not touched; only the driver, the file system and the clock it stands on.
import { writeSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { createRequire, enableCompileCache, flushCompileCache, syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { points, type KillPlan } from './points.ts';

// A process that is killed every few seconds would spend most of its life compiling.
enableCompileCache(join(import.meta.dirname, '../../..', '.relais', 'compiled'));
setTimeout(flushCompileCache, 1_500).unref();

let plan = JSON.parse(process.env['FAULTS_KILL'] ?? 'null') as KillPlan | null;
let seen = 0;

/** Ends the process here, as a power cut would. The last words are for the storm's count. */
function dieAt(point: string, when: KillPlan['when']): void {
  if (plan?.point !== point || plan.when !== when) return;
  seen += 1;
  if (seen < plan.nth) return;
  writeSync(2, `storm: died at ${point} ${when}\n`);
  process.kill(process.pid, 'SIGKILL');
  // The signal comes when the kernel likes; nothing may run until then.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5_000);
}

if (plan !== null) {
  watchCommits();
  watchFiles();
}
listen();
watchTurns();

interface Driver {
  execute: (sql: unknown, ...rest: unknown[]) => unknown;
  query: (sql: unknown, ...rest: unknown[]) => unknown;
}

/** Every transaction ends in `COMMIT` through the driver's connection; what it ran before names the step. */
function watchCommits(): void {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('mysql2/package.json'));
  const { prototype } = require(join(folder, 'lib', 'base', 'connection.js')) as { prototype: Driver };
  const { execute, query } = prototype;
  const running = new WeakMap<Driver, Set<string>>();
  const note = (connection: Driver, sql: unknown): void => {
    const text = typeof sql === 'string' ? sql : ((sql as { sql?: string } | undefined)?.sql ?? '');
    const steps = running.get(connection) ?? new Set<string>();
    for (const point of points) if (text.includes(point.sql)) steps.add(point.name);
    running.set(connection, steps);
  };
  prototype.execute = function (this: Driver, sql, ...rest) {
    note(this, sql);
    return execute.call(this, sql, ...rest);
  };
  prototype.query = function (this: Driver, sql, ...rest) {
    note(this, sql);
    if (sql === 'SET autocommit = 0' || sql === 'ROLLBACK') running.delete(this);
    if (sql !== 'COMMIT') return query.call(this, sql, ...rest);
    const steps = [...(running.get(this) ?? [])];
    running.delete(this);
    for (const step of steps) dieAt(step, 'before');
    const done = rest.at(-1);
    if (typeof done !== 'function') return query.call(this, sql, ...rest);
    return query.call(this, sql, ...rest.slice(0, -1), (...answer: unknown[]) => {
      for (const step of steps) dieAt(step, 'after');
      (done as (...values: unknown[]) => void)(...answer);
    });
  };
}

/** A file on its way: before and after its bytes stand under the temporary name, and under the final one. */
function watchFiles(): void {
  const { link, open } = fsPromises;
  fsPromises.open = async (...args) => {
    const writing = args[1] === 'w';
    if (writing) dieAt('5d file written', 'before');
    const file = await open(...args);
    if (!writing) return file;
    const sync = file.sync.bind(file);
    file.sync = async () => {
      await sync();
      dieAt('5d file written', 'after');
    };
    return file;
  };
  fsPromises.link = async (...args) => {
    dieAt('5d file renamed', 'before');
    await link(...args);
    dieAt('5d file renamed', 'after');
  };
  syncBuiltinESMExports();
}

/** `Date` of this process is moved by what the storm says (timers go on as they are); so is the plan to die forgotten. */
function listen(): void {
  const Real = Date;
  let offset = Number(process.env['FAULTS_CLOCK'] ?? 0);
  const Shifted = class extends Real {
    constructor(...values: unknown[]) {
      if (values.length === 0) super(Real.now() + offset);
      else super(...(values as [number]));
    }
    static override now(): number {
      return Real.now() + offset;
    }
  };
  globalThis.Date = Shifted as DateConstructor;
  process.on('message', (message: unknown) => {
    const { clock, spared } = message as { clock?: number; spared?: boolean };
    if (clock !== undefined) offset = clock;
    if (spared === true) plan = null;
  });
  // The line to the storm must not keep a process that is done.
  process.channel?.unref();
  // The gateway listens to SIGTERM once it is up.
  process.on('newListener', (event) => {
    if (event === 'SIGTERM') process.send?.('up');
  });
}

/** One turn of the event loop that computes for longer than this keeps everybody waiting, ms. */
const longestTurn = 3_000;

/** By the processor's time of this thread: a process that is stopped, or waits for a busy machine, does not stand still. */
function watchTurns(): void {
  const used = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let before = used();
  setInterval(() => {
    const now = used();
    if (now - before > longestTurn) writeSync(2, `storm: stood still for ${Math.round(now - before)} ms\n`);
    before = now;
  }, 100).unref();
}
