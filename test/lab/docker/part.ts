// docker-compose.yml as it is written: from nothing to healthy, through changes, every lead counted; --keep-images
// Invariant: what it starts it removes, the engine too where it started one; exit code 0 only where no lead is lost or doubled.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { projectRoot } from '../../../src/config.ts';
import { backUpAndRestore } from './backup.ts';
import {
  changeIntakeFrom,
  commands,
  downAndUp,
  killEach,
  limits,
  renew,
  restartEach,
  upgrade,
} from './changes.ts';
import { containerOf } from './containers.ts';
import { authorityOf, behindProxy, withoutSettings, withTls } from './doors.ts';
import { openEngine } from './engine.ts';
import { buildImages, images } from './images.ts';
import { differences, type Logged } from './ledger.ts';
import { startReceiver, type Receiver } from './receiver.ts';
import { must, type Scene } from './scene.ts';
import { attempt, until } from './shell.ts';
import { addClient, logToFiles, makeSite, type Site } from './site.ts';

const folder = join(projectRoot, '.relais', 'lab-docker');
/** Little enough for a small machine to keep up with. */
const perSecond = 4;
const started = Date.now();
const say = (line: string): void =>
  console.log(`${String(Math.round((Date.now() - started) / 1000)).padStart(5)} s  ${line}`);
const undo: (() => Promise<unknown>)[] = [];
const wrong: string[] = [];

async function undoAll(): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  undo.push(async () => rmSync(folder, { recursive: true, force: true }));
  const engine = await openEngine(join(folder, 'engine'));
  undo.push(engine.stop);
  const versions = await buildImages(folder, say);
  if (!process.argv.includes('--keep-images')) undo.push(removeImages);
  say(`${versions}; ${engine.versions}`);
  const site = await makeSite(join(folder, 'site'));
  undo.push(site.remove);
  const scene: Scene = { site, say, sent: new Set(), journal: engine.journal };
  const receiver = await prepare(scene);
  const sender = await startSender(scene);
  for (const change of [restartEach, killEach, changeIntakeFrom, commands, renew, upgrade, downAndUp]) {
    const before = scene.sent.size;
    await step(scene, change);
    say(`${scene.sent.size - before} leads meanwhile, ${scene.sent.size} in all`);
  }
  await sender.stop();
  await settled(scene);
  await report(scene, receiver);
  await step(scene, backUpAndRestore);
}

/** A step that fails hides none of those after it. */
async function step(scene: Scene, work: (scene: Scene) => Promise<void>): Promise<void> {
  try {
    await work(scene);
  } catch (error) {
    wrong.push(`${work.name}: ${error instanceof Error ? error.message : String(error)}`);
    say(wrong.at(-1) ?? '');
  }
}

/** From nothing to a gateway that has a client. */
async function prepare(scene: Scene): Promise<Receiver> {
  const { site } = scene;
  writeFileSync(join(site.folder, 'docker-compose.override.yml'), 'services: {}\n');
  if (!scene.journal) logToFiles(site);
  const from = Date.now();
  await site.compose('up', '--build', '--detach', '--wait', 'gateway', 'mailpit');
  say(`from nothing to healthy in ${Math.round((Date.now() - from) / 1000)} s, build included`);
  await step(scene, limits);
  if (scene.journal) await step(scene, withoutSettings);
  await step(scene, behindProxy);
  await step(scene, withTls);
  const receiver = await startReceiver(await certificate(site));
  undo.push(receiver.close);
  addClient(site, receiver.port);
  if (!scene.journal) logToFiles(site);
  await site.compose('up', '--detach', '--wait', 'gateway');
  const published = await site.relais(['mapping', 'publish', 'essai-crm', '--note', 'laboratory']);
  must(published.code === 0, `publish: ${published.out}${published.err}`);
  return receiver;
}

/** For the receiver, by the authority that the gateway trusts. */
const certificate = (site: Site): Promise<string> =>
  site.compose(
    ...['run', '--rm', '--no-deps', '-T', '--entrypoint', 'bash', 'certificates', '-euc'],
    `cd /tmp
     openssl req -newkey rsa:2048 -nodes -subj /CN=crm.essai.example -keyout key.pem -out request.pem 2> /dev/null
     openssl x509 -req -days 2 -in request.pem -CA /authority/ca.pem -CAkey /authority/ca-key.pem -CAcreateserial \\
       -CAserial serial -extfile <(echo subjectAltName=DNS:crm.essai.example) 2> /dev/null
     cat key.pem`,
  );

async function startSender(scene: Scene): Promise<{ readonly stop: () => Promise<void> }> {
  const { site, sent } = scene;
  const ca = join(site.folder, 'authority.pem');
  writeFileSync(ca, await authorityOf(site));
  const url = `mysql://relais_intake:${site.key('mysql_intake')}@localhost:${site.ports.INTAKE_PORT}/relais?tls=yes`;
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sender.ts'), url, String(perSecond)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: ca },
  });
  const ended = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  undo.push(async () => void child.kill('SIGKILL'));
  createInterface(child.stdout).on('line', (reference) => sent.add(reference));
  await until('leads are committed', 60, () => sent.size > 20);
  return { stop };
}

const deliveriesOf = async ({ site }: Scene): Promise<readonly Logged[]> =>
  (
    await site.sql(
      `SELECT l.reference, d.state, d.delivery_key FROM deliveries d
         JOIN leads l ON l.client_id = d.client_id AND l.id = d.lead_id WHERE d.action = 'create';`,
    )
  ).map((line) => {
    const [reference = '', state = '', key = ''] = line.split('\t');
    return { reference, state, key };
  });

/** An unknown outcome is looked at again after a lease and a pause of a minute. */
const settled = (scene: Scene): Promise<void> =>
  until('every delivery has an end', 600, async () => {
    const all = await deliveriesOf(scene);
    return all.length >= scene.sent.size && all.every(({ state }) => ['delivered', 'failed'].includes(state));
  });

async function report(scene: Scene, receiver: Receiver): Promise<void> {
  const { site, sent } = scene;
  const found = differences(sent, await deliveriesOf(scene), receiver.kept);
  const verified = await site.relais(['log', 'verify']);
  const { restarts } = await containerOf(site, 'gateway');
  console.log(
    [
      `${sent.size} leads committed, ${receiver.kept.length} records of the recipient, ${receiver.again()} requests it knew again`,
      `the log: ${verified.out.trim() || verified.err.trim()}`,
      `the last gateway was restarted ${restarts} times by Docker`,
      ...found.slice(0, 20),
      found.length === 0 ? 'none lost, none twice' : `${found.length} differences`,
    ].join('\n'),
  );
  must(found.length === 0 && verified.code === 0, 'the account does not agree');
}

const removeImages = (): Promise<unknown> =>
  attempt(['docker', 'image', 'rm', ...Object.values(images), 'relais-lab/debian:13']);

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    wrong.push(signal);
    void undoAll().then(() => process.exit(1));
  });
try {
  await main();
} catch (error) {
  wrong.push(error instanceof Error ? error.message : String(error));
}
await undoAll();
for (const sentence of wrong) console.error(`✘ ${sentence}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
