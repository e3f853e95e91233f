// A database with its log, two ways in: as the gateway, and as an attacker who holds the owner's account and knows the tables.
import { randomBytes } from 'node:crypto';
import { createKeyRing } from '../../src/domain/key-ring.ts';
import { createSealer, type Sealer } from '../../src/privacy/seal.ts';
import type { Verification } from '../../src/privacy/verification.ts';
import { silentLog } from '../../src/log.ts';
import { appendHandovers, type Handover } from '../../src/store/log/handovers.ts';
import { entryText, createSign } from '../../src/privacy/macs.ts';
import { readEntries } from '../../src/store/log/seals.ts';
import type { Database } from '../../src/store/database.ts';
import { openStoreHome, sealKey, sealKeys, type StoreHome } from '../store/home.ts';

export { sealKey, sealKeys };

export interface LogHome extends StoreHome {
  readonly sealer: Sealer;
  /** The same log under another key or on connections of its own. */
  readonly sealerWith: (over: { readonly key?: Buffer; readonly database?: Database }) => Sealer;
  /** Appends so many entries; returns their ids. */
  readonly append: (count: number) => Promise<readonly number[]>;
  /** Runs as the attacker, past triggers and rights. */
  readonly tamper: (sql: string, values?: readonly (string | number | Buffer)[]) => Promise<void>;
  readonly verdict: (anchor?: string) => Promise<Verification['problem'] | 'sound'>;
  readonly empty: () => Promise<void>;
  /** Puts an entry into the queue as the gateway would, signed. */
  readonly queue: (id: number) => Promise<void>;
}

let serial = 0;
export const entry = (over: Partial<Handover> = {}): Handover => ({
  ...{
    entry: 'departed',
    clientId: 'essai',
    destinationId: 'essai-crm',
    deliveryId: (serial += 1),
    leadId: serial,
  },
  ...{
    run: 1,
    attempt: 1,
    action: 'create',
    actor: 'worker',
    connector: 'webhook',
    recipient: 'Essai, équipe €',
  },
  ...{
    fields: ['ref', 'nom'],
    digest: randomBytes(32),
    bytes: 312,
    target: 'https://crm.essai.example/leads',
  },
  consents: [{ field: 'OPTIN', value: 'OUI', purpose: 'marketing', channel: 'email', state: 'granted' }],
  ...over,
});

export async function openLogHome(): Promise<LogHome> {
  const home = await openStoreHome();
  for (const table of ['handovers', 'seals'])
    for (const what of ['update', 'delete']) await home.owner.text(`DROP TRIGGER ${table}_no_${what}`);
  const sealerWith: LogHome['sealerWith'] = ({ key = sealKey, database = home.gateway }) =>
    createSealer({ database, sealKeys: createKeyRing([key]), log: silentLog });
  let inner = sealerWith({});
  const sealer: Sealer = {
    seal: (limit) => inner.seal(limit),
    verify: (...given) => inner.verify(...given),
    anchor: () => inner.anchor(),
  };
  return {
    ...home,
    ...{ sealer, sealerWith },
    append: async (count) => {
      const before = await lastId(home.owner);
      await home.gateway.transaction((tx) =>
        appendHandovers(
          tx,
          Array.from({ length: count }, () => entry()),
        ),
      );
      return (
        await home.owner.all<{ id: number }>('SELECT id FROM handovers WHERE id > ? ORDER BY id', [before])
      ).map((row) => row.id);
    },
    tamper: async (sql, values) => {
      const { affected } = await home.owner.run(sql, values);
      if (affected === 0) throw new Error(`the attack changed nothing: ${sql}`);
    },
    verdict: async (anchor) => {
      const [sequence = '', mac = ''] = anchor?.split(':') ?? [];
      const found = await sealer.verify(
        anchor === undefined ? undefined : { sequence: Number(sequence), mac },
      );
      return found.problem ?? 'sound';
    },
    empty: async () => {
      for (const table of ['handovers', 'seals', 'handovers_unsealed'])
        await home.owner.run(`DELETE FROM ${table}`);
      await home.owner.run('DELETE FROM alerts');
      // A sealer remembers the newest seal it has met.
      inner = sealerWith({});
    },
    queue: async (id) => {
      const [row] = await readEntries(home.owner, [id]);
      if (row === undefined) throw new Error(`no entry ${id}`);
      const { keyId, mac } = createSign(sealKeys)(entryText(row));
      await home.owner.run('INSERT INTO handovers_unsealed (handover_id, key_id, mac) VALUES (?, ?, ?)', [
        ...[id, keyId, mac],
      ]);
    },
  };
}

async function lastId(owner: Database): Promise<number> {
  return (await owner.all<{ id: number | null }>('SELECT MAX(id) AS id FROM handovers'))[0]?.id ?? 0;
}
