// Publishing while leads travel: none fails for it, and each is written, addressed, judged and logged by one version.
import { openApp, type App } from '../../../src/app.ts';
import { startWorker } from '../../../src/roles/worker.ts';
import type { Role } from '../../../src/roles/role-status.ts';
import { silentLog } from '../../../src/log.ts';
import { startHttpRecipient, type HttpRecipient } from '../../connectors/servers/http.ts';
import { leadRow, openGateway, patient, webhookFiles, type Gateway } from '../../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
/** A second worker process would have its own memory of versions: so has this one. */
let other: App;
let second: Role;

/** Every part of a version carries its name: first and last field, opt-in, header, address, and the answer it takes. */
const versionText = (name: string): string =>
  (patient(webhookFiles(crm.port))['essai/crm.yaml'] ?? '')
    .replace(`/leads' }`, `/${name}', headers: { X-Version: ${name} } }`)
    .replace('granted: OUI', `granted: OUI-${name}`)
    .replace('fields:\n', `fields:\n  - { to: first, value: ${name} }\n`)
    .replace('response:\n', `  - { to: last, value: ${name} }\nresponse:\n`)
    .replace('json: { success: true }', `json: { success: true, seen: ${name} }`);

async function publish(name: string): Promise<void> {
  gateway.file('essai/crm.yaml', versionText(name));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: name });
}

interface Sent {
  readonly first: string;
  readonly last: string;
  readonly OPTIN: string;
  readonly ref: string;
}

const sent = (): readonly { readonly body: Sent; readonly url: string; readonly header: string }[] =>
  crm.received.map((one) => ({
    body: JSON.parse(one.body.toString()) as Sent,
    url: one.url,
    header: String(one.headers['x-version']),
  }));

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (request, response) => {
    const { first, ref } = JSON.parse(request.body.toString()) as Sent;
    // Slow enough for a publication to come in between sending and answer.
    setTimeout(
      () => response.writeHead(200).end(JSON.stringify({ success: true, seen: first, id: ref })),
      15,
    );
  };
  gateway = await openGateway({ files: { ...webhookFiles(crm.port), 'essai/crm.yaml': versionText('v1') } });
  await publish('v1');
  await gateway.start('planner', 'worker');
  other = await openApp(gateway.config, { log: silentLog });
  second = await startWorker(other);
});
afterAll(async () => {
  await second.stop();
  await other.close();
  await gateway.close();
  await crm.close();
});

test('no delivery fails, none is sent with a mixture of two versions, the last one is in force at once', async () => {
  const rounds = 10;
  const perRound = 30;
  let count = 0;
  const some = (prefix: string): readonly ReturnType<typeof leadRow>[] =>
    Array.from({ length: perRound }, () => leadRow(`${prefix}-${(count += 1)}`));
  for (let round = 2; round <= rounds; round += 1) {
    await gateway.send(...some('P'));
    // The next version comes when some of these have left, and others are under way or still wait.
    await gateway.until('under way', () => crm.received.length > count - perRound);
    if (round % 4 === 0)
      await gateway.app.publishing.rollback({
        ...{ destinationId: 'essai-crm', version: 1, actor: 'tester', reason: 'back and forth' },
      });
    else await publish(`v${round}`);
  }
  await publish('final');
  await gateway.send(...some('AFTER'));
  await gateway.until(
    'all delivered',
    async () => (await gateway.states("d.state = 'delivered'")).length === count,
  );

  const states = await gateway.states();
  expect(states.filter((row) => row.state !== 'delivered' || row.attempt !== 1)).toEqual([]);
  const seen = sent();
  expect(seen).toHaveLength(count);
  const mixed = seen.filter(
    ({ body, url, header }) =>
      new Set([body.first, body.last, body.OPTIN.replace('OUI-', ''), url.slice(1), header]).size !== 1,
  );
  expect(mixed).toEqual([]);
  // More than one version travelled, or nothing was tried.
  expect(new Set(seen.map(({ body }) => body.first)).size).toBeGreaterThan(3);
  const after = seen.filter(({ body }) => body.ref.startsWith('AFTER'));
  expect(after).toHaveLength(perRound);
  expect(new Set(after.map(({ body }) => body.first))).toEqual(new Set(['final']));

  // The log names the very version that wrote what left.
  const logged = await gateway.owner.all<{ ref: string; note: string; consents: string }>(
    `SELECT l.reference AS ref, v.note, h.consents FROM handovers h
       JOIN leads l ON l.id = h.lead_id JOIN mapping_versions v ON v.id = h.mapping_version_id
      WHERE h.entry = 'departed'`,
  );
  const written = new Map(seen.map(({ body }) => [body.ref, body.first]));
  expect(logged).toHaveLength(count);
  for (const { ref, note, consents } of logged) {
    expect([ref, note]).toEqual([ref, written.get(ref)]);
    expect(consents).toContain(`"OUI-${note}"`);
  }
});
