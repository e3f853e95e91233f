// relais redis ...: shows the owner of the configured Redis, and takes it over.
// Invariant: taking over needs a reason, kept with the new life of the database; no queue is read or emptied.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { adoptRedis, foreignText, ownIdentity } from '../app/for-terminal.ts';
import { belongingOf, parseIdentity } from '../domain/installation.ts';
import { RelaisError } from '../errors.ts';
import { openRedis } from '../queue/connect.ts';
import { createIdentityKey, type IdentityKey } from '../queue/identity.ts';
import { reasonOf, withExamples } from './arguments.ts';
import { outJson, withJson, type JsonOption } from './json.ts';
import { out, withApp } from './terminal.ts';

export function redisCommands(program: Command): void {
  const redis = program.command('redis').description('the Redis this database uses: show whose it is, adopt');

  withExamples(
    withJson(redis.command('show').description('whose the Redis is that the configuration names')),
    '',
    'relais redis show',
  ).action((options: JsonOption) =>
    withApp((app) => withRedis(app, (key) => show(app, key, options.json === true))),
  );

  withExamples(
    redis
      .command('adopt')
      .description('begin a new life of this database and take the Redis over, whoever had it')
      .option('--reason <text>', 'why (ticket number); mandatory, kept with the new life'),
    'After a restore, or when the installation that had it is gone for good. Nothing is lost: what is due goes out from MySQL.\nWhoever else still uses this Redis and prefix stands aside from now on.',
    'relais redis adopt --reason "restored from the dump of 25/11, ticket 16"',
  ).action((options: { readonly reason?: string }) => {
    const reason = reasonOf(options.reason);
    return withApp((app) =>
      withRedis(app, async (key) => {
        await adoptRedis(app.database, key, { actor: app.config.actor, reason });
        out('This Redis is ours. Processes that stood aside go on within seconds; others can be started.');
      }),
    );
  });
}

async function withRedis(app: App, work: (key: IdentityKey) => Promise<void>): Promise<void> {
  const { place, prefix } = app.config.redis;
  const redis = openRedis(place, 'commands', app.config.silenceMs);
  try {
    const key = createIdentityKey({ redis, prefix });
    await key.read().catch(() => {
      throw new RelaisError('REDIS-002', 'The Redis of RELAIS_REDIS_URL does not answer, or refuses us.');
    });
    await work(key);
  } finally {
    redis.disconnect();
  }
}

async function show({ database, config }: App, key: IdentityKey, json: boolean): Promise<void> {
  const found = await key.read();
  const theirs = found === undefined ? undefined : parseIdentity(found);
  const own = await ownIdentity(database, theirs?.entry ?? 0);
  const belonging = belongingOf(found, own);
  const { prefix } = config.redis;
  const { installation, life, entry } = own;
  if (json) return outJson([{ belonging, prefix, here: { installation, life, entry }, redis: theirs }]);
  if (belonging === 'unclaimed')
    out(`Redis under the prefix "${prefix}" is nobody's: the next start takes it.`);
  else if (belonging === 'ours') out(`Redis under the prefix "${prefix}" is ours.`);
  else out(foreignText(belonging, prefix));
  out(`here   installation ${installation}, life ${life}, log up to entry ${entry}`);
  if (theirs !== undefined)
    out(`Redis  installation ${theirs.installation}, life ${theirs.life}, log up to entry ${theirs.entry}`);
}
