// relais keys status | rotate: shows the two keys of the installation, and rotates them beside the traffic.
// Invariant: a key is named by its id and never shown; a key in use is never retired.
import { setTimeout as pause } from 'node:timers/promises';
import type { Command, Given } from './command.ts';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import {
  bringIn,
  keyStates,
  retireEarlierMaster,
  rewriteAll,
  type KeyState,
} from '../privacy/key-rotation.ts';
import { keysLookedAtMs, keyVariable, type KeysPlace } from '../privacy/keys.ts';
import { paris } from '../support/words.ts';
import { tableOf, out, progress, say, withApp, config, hostNow, outJson, strong, table } from './terminal.ts';

export function keyCommands(program: Command): void {
  const keys = program
    .command('keys')
    .description('the sealing key and the master key: what they hold, changing them');

  keys
    .command('status')
    .description('the keys this database knows, and what still needs each of them')
    .option('--json', 'print as JSON')
    .examples('', 'relais keys status')
    .gateway(async (app, options: Given<'json'>) => {
      const states = await keyStates(placeOf(app));
      if (options.json === true) out(JSON.stringify(states, undefined, 2));
      else showStates(states);
    });

  keys
    .command('rotate <key>')
    .description('bring in the new key: master or seal; run again, it continues where it stopped')
    .option('--wait <seconds>', 'until every process writes with the new key', '20')
    .examples(
      'First give every process the new key in RELAIS_MASTER_KEY (or RELAIS_SEAL_KEY), the old one in\n..._PREVIOUS, and restart them one by one: until this command they go on writing with the old one.',
      'relais keys rotate master',
      'relais keys rotate seal',
    )
    .action((key: string, options: Given<'wait!'>) => {
      const wait = Number(options.wait);
      if (!Number.isInteger(wait) || wait < 0 || wait > 3_600)
        throw new RelaisError('USAGE-001', '--wait is a number of seconds, e.g. 20.');
      switch (key) {
        case 'master':
          return withApp((app) => rotateMaster(app, wait));
        case 'seal':
          return withApp(rotateSeal);
        default:
          throw new RelaisError('USAGE-001', `"${key}" is neither master nor seal.`);
      }
    });
}

const placeOf = ({ database, config, keys }: App): KeysPlace => ({
  database,
  keysSchema: config.keysSchema,
  keys,
});

async function rotateMaster(app: App, waitSeconds: number): Promise<void> {
  const place = placeOf(app);
  const isNew = await bringIn(place, 'master', app.config.actor);
  if (isNew) out(`The master key ${app.keys.master.current().id} is in force.`);
  const earlier = (await keyStates(place)).some(
    (key) => key.purpose === 'master' && !key.writes && key.retired === null,
  );
  if (!earlier) return out('The master key in force is the only one in use; nothing to do.');
  const line = progress();
  const first = await rewriteAll(place, (count) => line.at(`${count} written anew`));
  line.end();
  // A process that has not looked at the registry yet may still have written under the old key.
  say(
    `Waiting ${waitSeconds} s until every process writes with the new key; one that was not given it stops sending and says KEY-002 on /ready, until it is restarted with it.`,
  );
  await pause(waitSeconds * 1_000);
  const second = await rewriteAll(place);
  out(
    `${first.secrets + second.secrets} secrets of leads and ${first.files + second.files} files written anew, and ${first.credentials + second.credentials} tokens of recipients.`,
  );
  if (second.unreadable > 0)
    throw new RelaisError(
      'KEY-001',
      `${second.unreadable} of them open with none of the configured keys: \`relais keys status\`. The earlier key stays in use.`,
    );
  if (!(await retireEarlierMaster(place)))
    throw new RelaisError('KEY-003', 'Something was written under the earlier key meanwhile. Run it again.');
  out(`Nothing needs the earlier master key any more: take it out of ${keyVariable.master}_PREVIOUS.`);
}

async function rotateSeal(app: App): Promise<void> {
  const place = placeOf(app);
  if (!(await bringIn(place, 'seal', app.config.actor)))
    return out('The configured sealing key is in force already; nothing to do.');
  out(
    `The sealing key ${app.keys.seal.current().id} is in force; every process signs and seals with it within ${keysLookedAtMs / 1_000} s. One that was not given it stops sending and says KEY-002 on /ready, until it is restarted with it.`,
  );
  out(
    `Keep the earlier one in ${keyVariable.seal}_PREVIOUS: what it sealed is verified with it for as long as the log is kept.`,
  );
}

function showStates(states: readonly KeyState[]): void {
  tableOf(states, {
    key: (key) => key.purpose,
    id: (key) => key.keyId,
    since: (key) => paris(key.since),
    state: (key) => (key.writes ? 'in force' : key.retired === null ? 'earlier' : 'retired'),
    configured: (key) => (key.configured ? 'yes' : 'no'),
    'needed by': (key) => (key.neededBy.length === 0 ? 'nothing' : key.neededBy.join(', ')),
  });
}

// relais security check: judges accounts, rights, TLS, logs, keys, files and certificates of this installation (C40).
// Invariant: changes nothing; exit code 1 where a rule is broken.

export function securityCommands(program: Command): void {
  const security = program.command('security').description('rules that an installation must keep');
  security
    .command('check')
    .description('accounts, rights, TLS, logs of MySQL, Redis, keys, files, certificates, licences')
    .json()
    .examples(
      'Exit code 0: no rule is broken; 1: at least one is. With RELAIS_MYSQL_OWNER_URL the owner and every host of each account\nare looked at too. Run it daily from your monitoring.',
      'relais security check',
      'relais security check --json',
    )
    .action(check);
}

async function check(options: Given<'json'>): Promise<void> {
  const { judged } = await import('../operator/security-check.ts');
  const { securityFacts } = await import('../operator/security-facts.ts');
  const results = judged(await securityFacts(config(), hostNow()));
  const broken = results.filter(({ state }) => state === 'broken');
  if (broken.length > 0) process.exitCode = 1;
  if (options.json === true) return outJson(results);
  table(
    ['check', 'state', 'rule'],
    results.map(({ name, state, says }) => [name, state, says]),
  );
  for (const { name, faults, notes, unseen, remedy } of results) {
    if (faults.length + notes.length + unseen.length === 0) continue;
    out(`\n${strong(name)}`);
    for (const fault of faults) out(`  ${fault}`);
    for (const note of notes) out(`  found: ${note}`);
    for (const part of unseen) out(`  not seen: ${part}`);
    if (faults.length + notes.length > 0) out(`  → ${remedy}`);
  }
  say(broken.length === 0 ? 'No rule is broken.' : `${broken.length} of ${results.length} rules are broken.`);
}
