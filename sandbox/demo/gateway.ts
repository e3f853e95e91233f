// Connects the demo with the gateway's own program, in this one place.
// Invariant: nothing here decides; planner and worker run in processes of their own.
import { migrateDatabase, openApp } from '../../src/app.ts';
import {
  closeDeliveries,
  openDatabase,
  requestFile,
  resolve,
  setDestinationStatus,
} from '../../src/app/for-sandbox.ts';
import { loadConfig } from '../../src/config.ts';
import { isRelaisError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { demoClients } from '../people/clients.ts';
import { demoPeople, type DemoPerson } from './people.ts';
import type { Accounts, DemoConnection } from './sql.ts';

export interface Gateway {
  /** The gateway's account. */
  readonly connection: DemoConnection;
  readonly publish: (destinationId: string) => Promise<void>;
  /** Makes a file now, instead of at the next hour of the schedule. */
  readonly requestFile: (destinationId: string) => Promise<void>;
  /** Support resumes the destination; DEST-001, nothing to resume, is ignored. */
  readonly resume: (destinationId: string) => Promise<void>;
  /** Support records the client's finding on a delivery: the number of its record, or undefined for none. */
  readonly resolve: (delivery: number, record: string | undefined) => Promise<void>;
  /** Support closes a task that the client did by hand. */
  readonly closeTask: (delivery: number) => Promise<void>;
  /** An account for each role, with its second factor where it needs one. */
  readonly people: () => Promise<readonly DemoPerson[]>;
  /** A prospect asks for erasure. */
  readonly erase: (clientId: string, reference: string) => Promise<void>;
  /** The data protection officer notes an erasure request that the centre received at `receivedAt`. Returns its number. */
  readonly openErasure: (demand: {
    readonly clientId: string;
    readonly reference: string;
    readonly receivedAt: Date;
  }) => Promise<number>;
  /** Seals what is not sealed, then checks every entry. */
  readonly verifyLog: () => Promise<{ readonly ok: boolean; readonly words: string }>;
  readonly close: () => Promise<void>;
}

/** Variables of src/config.ts. */
export type Env = Readonly<Record<string, string>>;

export interface GatewayTools {
  readonly connect: (url: string) => DemoConnection;
  /** Tables and rights, with the owner's account. */
  readonly migrate: (env: Env, accounts: Accounts) => Promise<void>;
  readonly open: (env: Env) => Promise<Gateway>;
}

export const gatewayTools: GatewayTools = {
  connect: (url) => openDatabase({ url, connections: 2 }),
  migrate: async (env, { gateway, intake, host }) => {
    await migrateDatabase(loadConfig(env), {
      gateway: { user: gateway.user, host },
      intake: [{ user: intake.user, host }],
    });
  },
  open: async (env) => {
    const app = await openApp(loadConfig(env), { log: silentLog });
    return {
      connection: app.database,
      publish: async (destinationId) => {
        await app.publishing.publish({ destinationId, author: 'demo', note: 'demo client' });
      },
      requestFile: async (destinationId) => {
        const clientId = demoClients.find((client) => client.destination === destinationId)?.id ?? '';
        await requestFile(
          app.database,
          { id: destinationId, clientId },
          'demo',
          'the demo does not wait for the hour',
        );
      },
      resume: (destinationId) =>
        setDestinationStatus(app.database, destinationId, 'active', {
          actor: 'demo',
          reason: 'the client gave the key back',
        }).catch((error: unknown) => {
          if (!isRelaisError(error) || error.code !== 'DEST-001') throw error;
        }),
      resolve: async (delivery, record) => {
        const finding = { actor: 'demo', evidence: 'list of the client', received: record !== undefined };
        await resolve(app, delivery, record === undefined ? finding : { ...finding, reference: record });
      },
      closeTask: async (delivery) => {
        const closing = { actor: 'demo', reason: 'done by hand', evidence: 'mail of the client' };
        await closeDeliveries(app.database, [delivery], closing);
      },
      erase: async (clientId, reference) => {
        await app.rights.erase({ clientId, reference, reason: 'demo', actor: 'demo' });
      },
      openErasure: async ({ clientId, reference, receivedAt }) => {
        const asked = { clientId, references: [reference], receivedAt, kind: 'erasure' as const };
        const identity = 'rappel au numéro du dossier';
        return (await app.requests.open({ ...asked, identity, actor: 'demo' })).id;
      },
      people: () => demoPeople(app.access),
      verifyLog: async () => {
        // The planner seals beside us: entries it is sealing are verified by a later look.
        let verified = await app.sealer.verify();
        for (let looks = 0; verified.ok && verified.unsealed > 0 && looks < 20; looks += 1) {
          await app.sealer.seal(5_000);
          verified = await app.sealer.verify();
        }
        const { ok, entries, seals, unsealed, problem } = verified;
        const where = problem?.entry === undefined ? '' : ` at entry ${problem.entry}`;
        return {
          ok: ok && unsealed === 0,
          words: ok
            ? `${entries} entries under ${seals} seals, none changed, none missing${unsealed === 0 ? '' : `; ${unsealed} not sealed`}`
            : `${(problem?.kind ?? 'broken').replaceAll('_', ' ')}${where}`,
        };
      },
      close: app.close,
    };
  },
};
