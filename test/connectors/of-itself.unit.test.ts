// What depends on the kind of destination is the connector's own: its words, its draft and its stand-in fit together.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connector } from '../../connectors/contract.ts';
import { connectorOf, connectors } from '../../connectors/index.ts';
import { checkSources } from '../../src/mapping/check.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { makeSkeleton } from '../../src/mapping/skeleton/skeleton.ts';
import { serversIn } from '../../sandbox/recipients/stand-in.ts';
import { parcelOf } from './rigs.ts';

/** What an integrator gives after --to. */
const addresses: Readonly<Record<string, string>> = {
  webhook: 'https://crm.demo.example/leads',
  email: 'leads@demo.example',
  flow: 'sftp://up@sftp.demo.example/in',
  sms: 'sms+https://api.sms.example/v1/messages',
  pull: 'pull:crm.demo.example',
};
const every = Object.keys(connectors);
function known(type: string): Connector {
  const connector = connectorOf(type);
  if (connector === undefined) throw new Error(`no connector ${type}`);
  return connector;
}

/** The draft of a mapping for an address, checked and compiled. */
function drafted(type: string): CompiledMapping {
  const made = makeSkeleton(
    {
      clientId: 'demo',
      company: 'Démo',
      sampleName: 'sample',
      to: addresses[type] ?? '',
      sample: Buffer.from('{"text":"DUPONT","nom":"DUPONT","optin_mail":"OUI"}'),
    },
    Object.values(connectors),
  );
  if (typeof made === 'string') throw new Error(made);
  const main = Object.keys(made.files).find((name) => !name.endsWith('client.yaml')) ?? '';
  const result = checkSources(
    { clientId: 'demo', destinationId: made.destinationId, main, files: made.files },
    { connectors },
  );
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result.mapping;
}

test('every connector has an address that its draft is made from', () => {
  expect(Object.keys(addresses).toSorted()).toEqual(every.toSorted());
});

describe.each(every)('%s', (type) => {
  test('drafts a mapping that the check accepts, for its own kind of address and no other', () => {
    const mapping = drafted(type);
    expect(mapping.connector).toBe(type);
    expect(mapping.targets.length).toBeGreaterThan(0);
  });

  test('names in both languages how leads travel and what counts as delivered', () => {
    const { words, settingsSchema } = known(type);
    const { settings } = drafted(type).actions.create ?? {};
    const rows = words.transport(settings as object, []);
    expect(rows.length).toBeGreaterThan(2);
    for (const { point, agreed } of rows) for (const text of [...point, ...agreed]) expect(text).not.toBe('');
    expect(JSON.stringify(rows)).not.toMatch(/undefined|secret:/);
    const delivered =
      typeof words.delivered === 'function' ? words.delivered(settings as object) : words.delivered;
    for (const both of [delivered, words.addressOnly])
      if (both !== undefined) expect(new Set(both).size).toBe(2);
    // Who reads the answers says what counts: the rules of the file, or the connector's sentence.
    expect(words.delivered === undefined).toBe(known(type).answers === 'rules');
    expect(settingsSchema['properties']).toHaveProperty(known(type).addressKey);
  });

  test('is sent to what stands in for its recipient, and to nothing else', async () => {
    const mapping = drafted(type);
    const folder = mkdtempSync(join(tmpdir(), 'relais-stand-in-'));
    const connector = known(type);
    const standIn = await connector.standIn([mapping.actions.create?.settings], serversIn(folder));
    if (connector.fetched !== undefined) {
      expect(standIn).toMatch(/Nothing is sent/);
      return;
    }
    if (typeof standIn === 'string') throw new Error(standIn);
    try {
      const { server, hosts } = standIn;
      const port = server?.port ?? 0;
      const yes = '{"success":true,"id":"SANDBOX-1"}';
      server?.answerWith?.({ status: 200, headers: { 'content-type': 'application/json' }, body: yes });
      const settings = standIn.settingsOf(mapping.actions.create?.settings);
      const body = Buffer.from('{"recipient":"+33639980042","text":"DUPONT"}');
      const parcel = parcelOf({ body: { bytes: body, mediaType: 'application/json', extension: 'json' } });
      const outcome = await connector.send(parcel, settings, {
        classify: () => Promise.resolve({ kind: 'accepted' }),
        secret: standIn.secret,
        secrets: (name) => [standIn.secret(name) ?? ''],
        allowedTargets: standIn.allowedTargets,
        network: {
          allowedRanges: ['127.0.0.0/8'],
          allowPlaintext: false,
          connectTo: Object.fromEntries(hosts.map((host) => [host, { host: '127.0.0.1', port }])),
          ...(server?.authority === undefined ? {} : { extraCa: server.authority }),
        },
        timeouts: { connectMs: 5_000, responseMs: 5_000, totalMs: 10_000 },
        signal: new AbortController().signal,
        mayLeave: () => true,
        now: () => Date.parse('2026-11-20T12:00:00Z'),
      });
      expect(['accepted', 'unconfirmed']).toContain(outcome.kind);
      expect(server?.received().count).toBeGreaterThan(0);
    } finally {
      await connector.close?.();
      await standIn.server?.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
